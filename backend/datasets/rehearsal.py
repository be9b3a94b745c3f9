"""Invented data in the benchmark's own formats: to rehearse with, never to rank by.

Nothing here is taken from or modelled on a real record. Odd cases are deliberate: braces, ampersands, angle brackets,
de-identification marks, edge blanks and one very long premise.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

MARKER = "SYNTHETIC"
SOURCE = "invented rehearsal data, bundled"

# premise · what follows · what may be · what cannot be
_NLI = (
    (
        "Patient is a 67 year old man admitted on [**2151-3-4**] with crushing chest pain and ST elevations in V2-V4.",
        "The patient has signs of a heart attack",
        "The patient has smoked for many years",
        "The patient's ECG was normal",
    ),
    (
        "She takes metformin 1000 mg twice daily {dose unchanged since [**2160**]} and her last HbA1c was 9.2 %.",
        "Her blood sugar is poorly controlled",
        "She follows a diet with little sugar",
        "Her diabetes is well controlled",
    ),
    (
        "On arrival temp 39.4, WBC 18.2, & a productive cough with rusty sputum; chest film shows a right lower lobe opacity.",
        "The patient probably has pneumonia",
        "The patient was recently in a nursing home",
        "The patient has no fever",
    ),
    (
        "Creatinine rose from 1.0 to 3.4 within two days and urine output was < 200 cc per day.",
        "The patient has acute kidney injury",
        "The patient received contrast dye",
        "Kidney function is unchanged",
    ),
    (
        "The wound on the left heel is dry, edges are pink, and no drainage was seen at the visit on [**2171-10-2**].",
        "The wound is healing",
        "The patient walks without help",
        "The wound is infected",
    ),
    (
        "He denies alcohol, but his wife reports a bottle of vodka daily; he was tremulous and saw insects on the wall.",
        "The patient may be in alcohol withdrawal",
        "The patient has liver cirrhosis",
        "The patient has never drunk alcohol",
    ),
    (
        "Head CT without contrast: no bleed, no mass, no shift; the left arm regained full strength after 40 minutes.",
        "The weakness was transient",
        "The patient takes aspirin",
        "There was intracranial bleeding",
    ),
    (
        "Hemoglobin 6.1 on admission with black stools for three days; two units of red cells were given.",
        "The patient was anemic",
        "The patient uses ibuprofen for knee pain",
        "The patient did not need a transfusion",
    ),
    (
        "Known asthma since childhood; wheezing in all fields, speaking in single words, peak flow 35 % of her best.",
        "The patient has a severe asthma attack",
        "The patient lives with two cats",
        "The lungs are clear",
    ),
    (
        "This is an 81 year old woman from an assisted living home who was found on the floor beside her bed by the morning "
        "staff, awake but confused about the day, with pain in the right hip, the leg shortened and turned outward; she could "
        "not say how long she had lain there; past history per the referral sheet lists high blood pressure, an old stroke "
        "with a mild weakness of the left side, osteoporosis treated for years with a weekly tablet, and cataract surgery on "
        "both eyes; on examination she was thin, her tongue was dry, the pulse was regular at 104, the blood pressure 96 over "
        "54, there were bruises of different age over both shins, no head wound was seen, the abdomen was soft, the foot "
        "pulses were present on both sides, sensation was kept, a plain film of the pelvis showed a displaced fracture of the "
        "right femoral neck, laboratory values were remarkable for a creatine kinase of 4,200 and a sodium of 151, and she "
        "was given fluids, pain relief & a bed on the orthopedic ward",
        "The patient has a hip fracture",
        "The patient tripped over a rug",
        "The patient was found walking in the garden",
    ),
)

# topic · body part or setting · treatment · lay worry
_INQUIRIES = (
    ("gout", "my big toe", "allopurinol", "the swelling keeps me awake"),
    ("shingles", "the left side of my chest", "valacyclovir", "the burning has not stopped for six weeks"),
    ("kidney stones", "my right flank", "tamsulosin", "I pass blood now and then"),
    ("psoriasis", "both elbows", "methotrexate", "nothing from the pharmacy helps"),
    ("migraine", "behind one eye", "sumatriptan", "I lose two days of work each month"),
    ("sleep apnea", "at night", "a CPAP mask", "the mask leaks & dries my nose"),
    ("atrial fibrillation", "my heart", "apixaban", "my pulse jumps to 140 {even at rest}"),
    ("celiac disease", "my stomach", "a gluten free diet", "I still have cramps after a year"),
    ("carpal tunnel syndrome", "my right hand", "a wrist splint", "three fingers go numb < 5 minutes after typing"),
    ("glaucoma", "my left eye", "latanoprost drops", "my mother lost her sight to it"),
)

_ASKED = (
    (
        "SUBJECT: {topic}\nMESSAGE: Hello, I have had {topic} in {part} for some time and {worry}. "
        "My doctor mentioned {cure} but had no time to explain. What should I know before I begin? Thank you, [NAME]",
        "What are the benefits and risks of {cure} for {topic}?",
    ),
    (
        "My aunt in [LOCATION] was told she has {topic} ({part}). She is 74 and takes many tablets. {worry}, she says. "
        "Can it be cured, or will she need {cure} for good?",
        "Is there a cure for {topic}? ",
    ),
    (
        "SUBJECT: question about {topic}\nMESSAGE: I read on a page that {topic} runs in families. It began with {part} "
        "and {worry}. Should my two sons be tested, and where?",
        "Is {topic} inherited, and how is it tested for?",
    ),
)


def is_synthetic(folder: Path) -> bool:
    """Whether the folder is marked as invented data."""
    return (folder / MARKER).is_file()


def rehearsal_folder(home: Path) -> Path:
    """Written elsewhere."""
    raise NotImplementedError


def mednli_rows() -> list[dict[str, str]]:
    """Thirty rows in MedNLI's keys: ten premises, each with one hypothesis per label."""
    labels = ("entailment", "neutral", "contradiction")
    return [
        {
            "pairID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"rehearsal-{number}-{label}")),
            "sentence1": premise,
            "sentence2": hypothesis,
            "gold_label": label,
        }
        for number, (premise, *hypotheses) in enumerate(_NLI)
        for label, hypothesis in zip(labels, hypotheses, strict=True)
    ]


def meqsum_rows() -> list[dict[str, str]]:
    """Thirty rows in MeQSum's columns: ten topics, each asked about in three ways."""
    rows = []
    for number, (topic, part, cure, worry) in enumerate(_INQUIRIES):
        for kind, (inquiry, summary) in enumerate(_ASKED):
            name = f"9000{number}{kind}.txt"
            # str.format reads braces in the pattern only, so a brace in a value stays what it is.
            filled = inquiry.format(topic=topic, part=part, cure=cure, worry=worry)
            rows.append({"File": name, "CHQ": filled, "Summary": summary.format(topic=topic, cure=cure)})
    return rows


def rows_digest(rows: Sequence[Mapping[str, str]]) -> str:
    """SHA-256 of the rows as canonical JSON, in hex."""
    text = json.dumps(list(rows), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
