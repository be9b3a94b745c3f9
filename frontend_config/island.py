"""A part of a page that lives in the browser: an own module in a shadow root, which no other styles reach."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from frontend_config.bundle import MODULE

SCORES = 'All scores are in <a href="/v1/leaderboard.csv">one file</a>.'
SCRIPTLESS = (
    f"<noscript><p>This page is filled by JavaScript, which is off. {SCORES} "
    'What they mean stands under <a href="/about">About</a>.</p></noscript>'
)
FAILED = f"This page could not be filled. Load it again. {SCORES}"
WAITING = '<div class="clue-island" aria-busy="true"><p class="clue-wait">Loading…</p></div>'


def heading(title: str, lead: str) -> str:
    """The page's first heading with a line under it, as HTML; both are our own words, as HTML."""
    return f'<div class="clue-heading"><h1>{title}</h1><p>{lead}</p></div>'


def island(name: str) -> str:
    """Where static/`name`/`name`.js fills a page of ours, as HTML: its `mount(host)` is called once."""
    return f'<div class="clue-part" id="{_id_of(name)}">{WAITING}{SCRIPTLESS}</div>'


def part_of_gradio(html: str) -> gr.HTML:
    """Places this HTML of ours among Gradio's components."""
    return gr.HTML(html, apply_default_css=False, elem_classes="clue-part", js_on_load=None)


def island_in_gradio(name: str, static: str, functions: Sequence[Callable[..., Any]]) -> gr.HTML:
    """Places static/`name`/`name`.js among Gradio's components; its `mount(host, server)` is called once.

    `server` has the functions as methods: each takes one value, gets Gradio's request by its annotation,
    and is only ever called by POST.
    """
    return gr.HTML(
        html_template=WAITING,
        js_on_load=mounting(f"{static}/{name}/{MODULE}", 'element.querySelector(".clue-island")', "server"),
        server_functions=list(functions),
        apply_default_css=False,
        elem_id=_id_of(name),
        elem_classes="clue-part",
    )


def mounting(module: str, host: str, *further: str) -> str:
    """JavaScript that calls `mount` of the module at this address; a sentence stands before `host` where that fails.

    `host` and the arguments behind it are JavaScript too. The failure itself goes on to the console.
    """
    said = f'Object.assign(document.createElement("p"), {{ role: "alert", innerHTML: {json.dumps(FAILED)} }})'
    instead = f'host.removeAttribute("aria-busy"); host.replaceChildren(); host.before({said});'
    filled = f"module.mount({', '.join(('host', *further))})"
    caught = f"(error) => {{ {instead} throw error; }}"
    return f"const host = {host}; import({json.dumps(module)}).then((module) => {filled}).catch({caught})"


def _id_of(name: str) -> str:
    return f"island-{name}"
