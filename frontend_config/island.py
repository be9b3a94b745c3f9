"""A part of a page that lives in the browser: an own module in a shadow root, which Gradio's styles do not reach."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

TEMPLATE = '<div class="clue-island" aria-busy="true"><p class="clue-wait">Loading…</p></div>'


def island(name: str, static: str, functions: Sequence[Callable[..., Any]] = ()) -> gr.HTML:
    """Places static/`name`/`name`.js here; its `mount(host, server)` is called once with the element it may fill.

    `server` has the functions as methods: each takes one value, gets Gradio's request and the signed-in profile by its
    annotations, and is only ever called by POST.
    """
    address = json.dumps(f"{static}/{name}/{name}.js")
    server = "server" if functions else "null"
    start = f'import({address}).then((module) => module.mount(element.querySelector(".clue-island"), {server}))'
    return gr.HTML(
        html_template=TEMPLATE,
        js_on_load=start,
        server_functions=list(functions),
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
