"""The interface's description of itself, as OpenAPI."""

import re
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from fastapi import FastAPI, Request, Response

from frontend_config.licence import licence_payload
from frontend_config.representations import OPEN_TO_ALL, PARQUET, ZIP, Representation
from frontend_config.v1.looking_back import AS_OF, is_dated
from frontend_config.v1.samples import ABOUT_PARAMETERS, EXAMPLES, RECEIPT, TAGS
from frontend_config.words import notice

JSON = "application/json"
KINDS = {
    ".parquet": PARQUET,
    ".csv": "text/csv",
    ".yaml": "application/yaml",
    ".bib": "application/x-bibtex",
    ".svg": "image/svg+xml",
    ".atom": "application/atom+xml",
    ".zip": ZIP,
}
REFUSAL: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "One sentence that says what to do."}},
}
PLACEHOLDER = re.compile(r"\{\w+\}")
BY_DATE = {"name": AS_OF, "in": "query", "required": False, "schema": {"type": "string"}}
REFUSED_POSTS = {
    "401": "Nobody is signed in.",
    "403": "Submitting is closed, or this is not the page's own origin.",
    "409": "The person has as many submissions waiting or running as one may have.",
    "429": "More in a week than one person may submit, or too many requests in a minute: Retry-After says when.",
    "413": "The body is larger than any submission.",
    "415": "The body is not said to be JSON.",
    "422": "The body does not fit, or the model may not enter.",
    "503": "The queue cannot be written just now.",
}
HELD = {"description": "Nothing has changed since the ETag that was sent in If-None-Match."}


def describe(api: FastAPI) -> None:
    """/openapi.json tells of every route that the application has when it is first asked."""

    @cache
    def description() -> Representation:
        return Representation.of_json(openapi(api))

    @api.get("/openapi.json", tags=["Service"])
    def openapi_file(request: Request) -> Response:
        """This interface, described for programs."""
        return description().respond(request, headers=OPEN_TO_ALL)


def openapi(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI record of the application: each answer with its kind, an example, 304 and the refusals."""
    told = api.openapi()
    paths = {path: _path(path, operations) for path, operations in told["paths"].items()}
    licence = {"name": "CC BY 4.0 for what is measured here", "url": licence_payload()["measured"]["link"]}
    return {
        "openapi": told["openapi"],
        "info": {**told["info"], "description": notice("interface"), "license": licence},
        "servers": [{"url": "/v1"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {"schemas": {**_enumerations(told), "Refusal": REFUSAL}},
    }


def _path(path: str, operations: dict[str, Any]) -> dict[str, Any]:
    made = {"get": _operation, "post": _posting}
    return {method: made[method](path, told) for method, told in operations.items() if method in made}


def _posting(path: str, told: dict[str, Any]) -> dict[str, Any]:
    """An operation that takes a submission: the receipt, or why there is none."""
    receipt = {JSON: {"schema": {"type": "object"}, "example": RECEIPT}}
    responses = {
        "201": {"description": "The receipt of what is stored now.", "content": receipt},
        "200": {"description": "The receipt of what was stored before for the same commit.", "content": receipt},
        **{status: _refusal(text) for status, text in REFUSED_POSTS.items()},
    }
    described = {name: told[name] for name in ("summary", "description", "operationId", "requestBody")}
    return {**described, "tags": told["tags"], "parameters": [], "responses": responses}


def _operation(path: str, told: dict[str, Any]) -> dict[str, Any]:
    parameters = [_parameter(each) for each in told.get("parameters", [])]
    if is_dated(PLACEHOLDER.sub("x", path)):
        parameters.append(_parameter(BY_DATE))
    responses: dict[str, Any] = {"200": _answer(path), "304": HELD}
    if "{" in path or any(each["required"] for each in parameters):
        responses["404"] = _refusal("There is nothing of this name.")
    if parameters:
        responses["422"] = _refusal("A parameter does not fit.")
    if path == "/health":
        responses["503"] = {**_answer(path), "description": "Something needs its operator; `reason` says what."}
    described: dict[str, Any] = {name: told[name] for name in ("summary", "description", "operationId") if name in told}
    return {**described, "tags": told.get("tags", ["Service"]), "parameters": parameters, "responses": responses}


def _parameter(told: dict[str, Any]) -> dict[str, Any]:
    about = ABOUT_PARAMETERS.get(told["name"])
    return {**told, **({"description": about} if about and "description" not in told else {})}


def _answer(path: str) -> dict[str, Any]:
    kind = KINDS.get(PurePosixPath(path).suffix, JSON)
    content: dict[str, Any] = {"schema": {"type": "object"} if kind == JSON else {"type": "string"}}
    if path in EXAMPLES:
        content["example"] = EXAMPLES[path]
    headers = {"ETag": {"schema": {"type": "string"}, "description": "Send it back in If-None-Match."}}
    return {"description": "The answer.", "headers": headers, "content": {kind: content}}


def _refusal(text: str) -> dict[str, Any]:
    return {"description": text, "content": {JSON: {"schema": {"$ref": "#/components/schemas/Refusal"}}}}


def _enumerations(told: dict[str, Any]) -> dict[str, Any]:
    found = told.get("components", {}).get("schemas", {})
    return {name: schema for name, schema in found.items() if "ValidationError" not in name}
