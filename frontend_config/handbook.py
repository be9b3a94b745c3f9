"""The page that tells people how to use /v1, made from the interface's own description."""

import json
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI

from frontend_config.frame import Frame, Place
from frontend_config.own_pages import own_page
from frontend_config.v1.description import JSON, openapi
from frontend_config.words import notice

PLACE = Place("/v1/", "Data and interface", listed=False)


def handbook_router(api: FastAPI, frame: Frame) -> APIRouter:
    """Serves the page at /v1/ for every route that the application has when it is first asked."""
    return own_page(frame, PLACE, lambda: handbook(openapi(api)))


def handbook(told: dict[str, Any]) -> str:
    """The description as HTML: each group of addresses with its parameters, an answer and a line for the terminal."""
    listed = [(way, path, each) for path, ways in told["paths"].items() for way, each in ways.items()]
    groups = [(tag, [each for each in listed if tag["name"] in each[2]["tags"]]) for tag in told["tags"]]
    shown = "".join(_group(tag, operations) for tag, operations in groups if operations)
    return (
        '<div class="clue-heading"><h1>Data and interface</h1>'
        f"<p>{escape(notice('interface'))}</p></div>"
        '<p class="clue-lead">For programs: <a href="/v1/openapi.json">openapi.json</a>. '
        'Terms of use: <a href="/v1/licence">licence</a>.</p>'
        f"<p>{escape(notice('agents'))} Its address is <code>/gradio_api/mcp/</code> on this site.</p>" + shown
    )


def _group(tag: dict[str, str], operations: list[tuple[str, str, dict[str, Any]]]) -> str:
    listed = "".join(_address(*each) for each in operations)
    return f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>{listed}"


def _address(way: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(about)}</dd>" for name, about in _parameters(operation)
    )
    return (
        f'<section class="clue-address"><h3><code>{way.upper()} /v1{escape(path)}</code></h3>'
        f"<p>{escape(operation.get('description', ''))}</p>"
        + (f"<dl>{parameters}</dl>" if parameters else "")
        + f"{_terminal(path, operation)}{_example(operation)}</section>"
    )


def _parameters(operation: dict[str, Any]) -> list[tuple[str, str]]:
    """Each parameter, and each member of the body, with what it means."""
    members = _body(operation).get("schema", {}).get("properties", {})
    told = [(each["name"], each.get("description", "")) for each in operation["parameters"]]
    return told + [(name, each["description"]) for name, each in members.items()]


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    return found


def _terminal(path: str, operation: dict[str, Any]) -> str:
    needed = [each["name"] for each in operation["parameters"] if each["in"] == "query" and each["required"]]
    query = "?" + "&".join(f"{name}={name.upper()}" for name in needed) if needed else ""
    sent = _body(operation).get("example")
    options = f"-H 'Content-Type: {JSON}' -d '{json.dumps(sent)}'" if sent else "--compressed"
    shown = escape(f'curl {options} "$SITE/v1{path}{query}"')
    return f'<pre tabindex="0" aria-label="For the terminal">{shown}</pre>'


def _example(operation: dict[str, Any]) -> str:
    (content,) = (operation["responses"].get("201") or operation["responses"]["200"])["content"].values()
    if "example" not in content:
        return ""
    example = content["example"]
    text = example if isinstance(example, str) else json.dumps(example, indent=1, ensure_ascii=False)
    return f"<details><summary>An invented answer</summary><pre tabindex=0>{escape(text)}</pre></details>"
