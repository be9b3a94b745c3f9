"""A part of a page that lives in the browser: an own module in a shadow root, which Gradio's styles do not reach."""

import json

import gradio as gr

TEMPLATE = '<div class="clue-island" aria-busy="true"><p class="clue-wait">Loading…</p></div>'


def island(name: str, static: str) -> gr.HTML:
    """Places static/`name`.js here; its `mount(host)` is called once with the element it may fill."""
    address = json.dumps(f"{static}/{name}.js")
    start = f'import({address}).then((module) => module.mount(element.querySelector(".clue-island")))'
    return gr.HTML(
        html_template=TEMPLATE,
        js_on_load=start,
        apply_default_css=False,
        elem_id=f"island-{name}",
        elem_classes="clue-part",
    )


def heading(title: str, lead: str) -> gr.HTML:
    """The page's first heading with a line under it; both are our own words, as HTML."""
    return gr.HTML(
        f'<div class="clue-heading"><h1>{title}</h1><p>{lead}</p></div>',
        apply_default_css=False,
        elem_classes="clue-part",
        js_on_load=None,
    )
