"""A part of a page that lives in the browser: an own module in a shadow root, which no other styles reach."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from frontend_config.bundle import MODULE

WAITING = '<div class="clue-island" aria-busy="true"><p class="clue-wait">Loading…</p></div>'


def heading(title: str, lead: str) -> str:
    """The page's first heading with a line under it, as HTML; both are our own words, as HTML."""
    return f'<div class="clue-heading"><h1>{title}</h1><p>{lead}</p></div>'


def island(name: str) -> str:
    """Where static/`name`/`name`.js fills a page of ours, as HTML: its `mount(host)` is called once."""
    return f'<div class="clue-part" id="{_id_of(name)}">{WAITING}</div>'


def part_of_gradio(html: str) -> gr.HTML:
    """Places this HTML of ours among Gradio's components."""
    return gr.HTML(html, apply_default_css=False, elem_classes="clue-part", js_on_load=None)


def island_in_gradio(name: str, static: str, functions: Sequence[Callable[..., Any]]) -> gr.HTML:
    """Places static/`name`/`name`.js among Gradio's components; its `mount(host, server)` is called once.

    `server` has the functions as methods: each takes one value, gets Gradio's request and the signed-in profile by its
    annotations, and is only ever called by POST.
    """
    address = json.dumps(f"{static}/{name}/{MODULE}")
    return gr.HTML(
        html_template=WAITING,
        js_on_load=f'import({address}).then((module) => module.mount(element.querySelector(".clue-island"), server))',
        server_functions=list(functions),
        apply_default_css=False,
        elem_id=_id_of(name),
        elem_classes="clue-part",
    )


def _id_of(name: str) -> str:
    return f"island-{name}"
