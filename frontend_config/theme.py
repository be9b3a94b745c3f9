"""The colours and fonts of the site as Gradio wants them; the values are the tokens of static/site.css."""

import gradio as gr

SYSTEM_FONTS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

TOKENS = {
    "body_background_fill": "var(--clue-page)",
    "body_text_color": "var(--clue-text)",
    "body_text_color_subdued": "var(--clue-muted)",
    "background_fill_primary": "var(--clue-surface)",
    "background_fill_secondary": "var(--clue-page)",
    "border_color_primary": "var(--clue-line)",
    "border_color_accent": "var(--clue-accent)",
    "color_accent_soft": "var(--clue-tint)",
    "link_text_color": "var(--clue-accent)",
    "link_text_color_hover": "var(--clue-accent-strong)",
    "link_text_color_active": "var(--clue-accent-strong)",
    "link_text_color_visited": "var(--clue-accent)",
    "block_background_fill": "var(--clue-surface)",
    "block_border_color": "var(--clue-line)",
    "block_label_text_color": "var(--clue-text)",
    "block_title_text_color": "var(--clue-text)",
    "block_info_text_color": "var(--clue-muted)",
    "block_shadow": "none",
    "panel_background_fill": "var(--clue-surface)",
    "panel_border_color": "var(--clue-line)",
    "input_background_fill": "var(--clue-field)",
    "input_background_fill_focus": "var(--clue-field)",
    "input_border_color": "var(--clue-edge)",
    "input_border_color_focus": "var(--clue-accent)",
    "input_placeholder_color": "var(--clue-muted)",
    "input_shadow": "none",
    "input_shadow_focus": "0 0 0 3px var(--clue-halo)",
    "button_primary_background_fill": "var(--clue-accent)",
    "button_primary_background_fill_hover": "var(--clue-accent-strong)",
    "button_primary_border_color": "var(--clue-accent)",
    "button_primary_text_color": "var(--clue-on-accent)",
    "button_secondary_background_fill": "var(--clue-surface)",
    "button_secondary_background_fill_hover": "var(--clue-tint)",
    "button_secondary_border_color": "var(--clue-edge)",
    "button_secondary_text_color": "var(--clue-text)",
    "checkbox_background_color": "var(--clue-field)",
    "checkbox_background_color_selected": "var(--clue-accent)",
    "checkbox_border_color": "var(--clue-edge)",
    "checkbox_border_color_focus": "var(--clue-accent)",
    "checkbox_border_color_selected": "var(--clue-accent)",
    "checkbox_label_background_fill": "var(--clue-field)",
    "checkbox_label_background_fill_hover": "var(--clue-tint)",
    "checkbox_label_background_fill_selected": "var(--clue-tint)",
    "checkbox_label_border_color": "var(--clue-edge)",
    "checkbox_label_border_color_selected": "var(--clue-accent)",
    "checkbox_label_text_color": "var(--clue-text)",
    "checkbox_label_text_color_selected": "var(--clue-text)",
}
SINGLE = {
    "block_border_width": "0px",
    "block_radius": "10px",
    "block_padding": "0px",
    "block_title_text_weight": "600",
    "block_info_text_size": "0.875rem",
    "input_border_width": "1px",
    "checkbox_label_border_width": "1px",
    "checkbox_label_padding": "10px 14px",
    "button_large_radius": "8px",
    "button_large_text_weight": "600",
    "input_radius": "8px",
    "layout_gap": "20px",
}


def clinical_theme() -> gr.themes.Base:
    """A quiet theme whose light and dark values are the same tokens: one switch changes the page and Gradio alike."""
    theme = gr.themes.Base(
        primary_hue="teal", secondary_hue="teal", neutral_hue="slate", font=SYSTEM_FONTS, font_mono=MONO_FONTS
    )
    dark = {f"{name}_dark": value for name, value in TOKENS.items()}
    return theme.set(**TOKENS, **dark, **SINGLE)
