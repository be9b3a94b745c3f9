"""What is measured and how: the benchmark, its rules, its data, and each task with an invented specimen."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from backend.domain import Task
from backend.settings import Settings
from frontend_config.markdown import html_of
from frontend_config.task_payload import task_payload
from frontend_config.words import prose

ACCESS = {"open": "Open data", "credentialed": "Credentialed data"}
LEVELS = {1: "Level 1, short inputs", 2: "Level 2, long inputs"}
LEAD = "What the scores mean, how they are made, and what they cannot tell."
TASKS = "tasks"
SECTIONS = {
    "question": "benchmark",
    TASKS: TASKS,
    "numbers": "numbers",
    "protocol": "protocol",
    "provenance": "provenance",
    "licence": "licence",
    "governance": "governance",
    "rules": "rules",
    "limits": "limits",
    "reproduce": "reproduce",
    "cite": "cite",
    "changes": "benchmark_changes",
    "contact": "contact",
}


def about_html(tasks: Sequence[Task], settings: Settings) -> str:
    """The whole page as HTML: a table of contents and the sections, each under its anchor in SECTIONS."""
    texts = {anchor: _text(name, settings) for anchor, name in SECTIONS.items()}
    titles = {anchor: text.partition("\n")[0].removeprefix("## ") for anchor, text in texts.items()}
    added = {TASKS: "".join(task_html(task) for task in tasks)}
    sections = "".join(
        _section(anchor, titles[anchor], text.partition("\n")[2], added.get(anchor, ""))
        for anchor, text in texts.items()
    )
    listed = "".join(f'<li><a href="#{anchor}">{escape(title)}</a></li>' for anchor, title in titles.items())
    return (
        f'<div class="clue-heading"><h1>About</h1><p>{LEAD}</p></div><div class="clue-reading">'
        f'<nav class="clue-contents" aria-label="On this page"><details><summary>On this page</summary><ol>{listed}'
        f'</ol></details></nav><div class="clue-prose">{sections}</div></div>'
        '<p class="clue-said" role="status"></p>'
    )


def _text(name: str, settings: Settings) -> str:
    text = prose(name).replace("{retention_days}", str(settings.retention_days))
    if name == "contact":
        text += f"\n{_whom(settings)}\n"
    return text


def _whom(settings: Settings) -> str:
    if settings.contact is None:
        return "The operator of this leaderboard has not stated where to write to."
    return f"Write to the operator of this leaderboard at <{settings.contact}>."


def _section(anchor: str, title: str, text: str, added: str) -> str:
    link = f'<a class="clue-anchor" href="#{anchor}" aria-label="Link to: {escape(title)}">#</a>'
    return f'<section id="{anchor}"><h2>{escape(title)} {link}</h2>{html_of(text)}{added}</section>'


def task_html(task: Task) -> str:
    """One task as HTML: facts, metrics and its specimen; everything a task says is escaped."""
    facts = task_payload(task)
    rows = (
        ("Level", LEVELS[facts["level"]]),
        ("Data", ACCESS[facts["access"]]),
        ("Licence", facts["licence"]),
        ("Source", facts["source"]),
        ("Longest answer", f"{facts['specimen']['max_new_tokens']} tokens"),
        ("Version", str(facts["version"])),
    )
    listed = "".join(f"<div><dt>{name}</dt><dd>{_linked(value)}</dd></div>" for name, value in rows)
    return (
        f'<section class="clue-task" id="task-{escape(task.name)}"><h3>{escape(task.title)}</h3>'
        f"<p>{escape(task.summary)}</p><dl class=clue-facts>{listed}</dl>"
        f"{_metrics(facts['metrics'])}{_specimen(facts['specimen'])}</section>"
    )


def _linked(value: str) -> str:
    text = escape(value)
    return f'<a href="{text}" rel="noopener">{text}</a>' if value.startswith("https://") else text


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
        "</details>"
    )
