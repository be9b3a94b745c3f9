// What a model was trained for.

/** The domains that can be stated of a model, with their titles. */
export const DOMAINS = { biomedical: "Biomedical", general: "General" };
