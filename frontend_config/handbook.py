"""The page that tells people how to use /v1, made from the interface's own description."""

import json
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI

from frontend_config.frame import Frame, Place
from frontend_config.own_pages import own_page
from frontend_config.v1.description import openapi
from frontend_config.words import notice

PLACE = Place("/v1/", "Data and interface", listed=False)


def handbook_router(api: FastAPI, frame: Frame) -> APIRouter:
    """Serves the page at /v1/ for every route that the application has when it is first asked."""
    return own_page(frame, PLACE, lambda: handbook(openapi(api)))


def handbook(told: dict[str, Any]) -> str:
    """The description as HTML: each group of addresses with its parameters, an answer and a line for the terminal."""
    groups = [
        (tag, [(path, each["get"]) for path, each in told["paths"].items() if tag["name"] in each["get"]["tags"]])
        for tag in told["tags"]
    ]
    listed = "".join(_group(tag, operations) for tag, operations in groups if operations)
    return (
        '<div class="clue-heading"><h1>Data and interface</h1>'
        f"<p>{escape(notice('interface'))}</p></div>"
        '<p class="clue-lead">For programs: <a href="/v1/openapi.json">openapi.json</a>. '
        'Terms of use: <a href="/v1/licence">licence</a>.</p>' + listed
    )


def _group(tag: dict[str, str], operations: list[tuple[str, dict[str, Any]]]) -> str:
    listed = "".join(_address(path, operation) for path, operation in operations)
    return f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>{listed}"


def _address(path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<dt><code>{escape(each['name'])}</code></dt><dd>{escape(each.get('description', ''))}</dd>"
        for each in operation["parameters"]
    )
    return (
        f'<section class="clue-address"><h3><code>GET /v1{escape(path)}</code></h3>'
        f"<p>{escape(operation.get('description', ''))}</p>"
        + (f"<dl>{parameters}</dl>" if parameters else "")
        + f"{_terminal(path, operation)}{_example(operation)}</section>"
    )


def _terminal(path: str, operation: dict[str, Any]) -> str:
    needed = [each["name"] for each in operation["parameters"] if each["in"] == "query" and each["required"]]
    query = "?" + "&".join(f"{name}={name.upper()}" for name in needed) if needed else ""
    shown = escape(f'curl --compressed "$SITE/v1{path}{query}"')
    return f'<pre tabindex="0" aria-label="For the terminal">{shown}</pre>'


def _example(operation: dict[str, Any]) -> str:
    (content,) = operation["responses"]["200"]["content"].values()
    if "example" not in content:
        return ""
    example = content["example"]
    text = example if isinstance(example, str) else json.dumps(example, indent=1, ensure_ascii=False)
    return f"<details><summary>An invented answer</summary><pre tabindex=0>{escape(text)}</pre></details>"
