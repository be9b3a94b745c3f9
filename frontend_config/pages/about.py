"""What is measured and how: the benchmark, its rules, its data, and each task with an invented specimen."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr

from backend.domain import Task
from frontend_config.desk import Desk
from frontend_config.island import heading
from frontend_config.task_payload import task_payload
from frontend_config.words import prose

ACCESS = {"open": "Open data", "credentialed": "Credentialed data"}
LEVELS = {1: "Level 1, short inputs", 2: "Level 2, long inputs"}


def build(desk: Desk, static: str) -> None:
    """Fills the about page."""
    with gr.Column(elem_classes="clue-narrow"):
        heading("About", "What the scores mean, how they are made, and what they cannot tell.")
        _words("benchmark")
        _html("<h2>The tasks measured here</h2>" + "".join(task_html(task) for task in desk.tasks))
        for name in ("protocol", "numbers", "data", "reproduce"):
            _words(name)


def task_html(task: Task) -> str:
    """One task as HTML: facts, metrics and its specimen; everything a task says is escaped."""
    facts = task_payload(task)
    rows = (
        ("Level", LEVELS[facts["level"]]),
        ("Data", ACCESS[facts["access"]]),
        ("Licence", facts["licence"]),
        ("Source", facts["source"]),
        ("Version", str(facts["version"])),
    )
    listed = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return (
        f'<section class="clue-task" id="task-{escape(task.name)}"><h3>{escape(task.title)}</h3>'
        f"<p>{escape(task.summary)}</p><dl class=clue-facts>{listed}</dl>"
        f"{_metrics(facts['metrics'])}{_specimen(facts['specimen'])}</section>"
    )


def _metrics(metrics: Sequence[Mapping[str, str]]) -> str:
    listed = "".join(f"<dt>{escape(each['title'])}</dt><dd>{escape(each['meaning'])}</dd>" for each in metrics)
    return f"<h4>Metrics</h4><dl class=clue-metrics>{listed}</dl>"


def _specimen(specimen: Mapping[str, Any]) -> str:
    fields = "".join(
        f"<dt>{escape(name.replace('_', ' ').capitalize())}</dt><dd>{escape(text)}</dd>"
        for name, text in specimen["fields"].items()
    )
    turns = "".join(
        f"<div class=clue-turn><span>{escape(turn['role'])}</span><pre tabindex=0>{escape(turn['content'])}</pre></div>"
        for turn in specimen["prompt"]
    )
    return (
        "<details class=clue-specimen><summary>An invented example, and how a model is asked</summary>"
        f"<h4>Fields</h4><dl>{fields}</dl>"
        f"<h4>Prompt</h4>{turns}"
        f"<h4>Reference answer</h4><pre tabindex=0>{escape(specimen['reference'])}</pre>"
        f"<p class=clue-small>At most {specimen['max_new_tokens']} new tokens.</p></details>"
    )


def _words(name: str) -> None:
    gr.Markdown(prose(name), elem_classes="clue-prose")


def _html(html: str) -> None:
    gr.HTML(html, apply_default_css=False, elem_classes="clue-part", js_on_load=None)
