"""What /v1 answers at this moment, as files, and the index by which a browser finds the one that it needs."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from fastapi import FastAPI

from backend.domain import Provenance
from frontend_config.comparison_payload import NAMED, WORDS
from frontend_config.desk import Desk
from frontend_config.v1 import build_api
from frontend_config.views import View, ViewName, Views
from frontend_config.words import notice

PLAIN = {"licence": "licence.json", "tasks": "tasks.json", "models": "models.json", "moment": "moment.json"}
OF_A_VIEW = {
    "leaderboard.json": "{view}.json",
    "leaderboard.json?part=first": "{view}-first.json",
    "leaderboard.json?part=later": "{view}-later.json",
    "leaderboard.csv": "{view}.csv",
    "leaderboard.parquet": "{view}.parquet",
}
PARTS = ("-first.json", "-later.json", "index.json")
OF_A_ROW = ("every_eval_ever", "eval_results", "badge", "bibtex")
SENTENCES = ("higher", "lower", "equal", "not compared", "missing")


class Source:
    """The interface over a desk, asked without any network."""

    def __init__(self, api: FastAPI) -> None:
        self._way = httpx.ASGITransport(api)

    async def get(self, path: str) -> bytes:
        """The bytes that are answered; ValueError for anything but a success."""
        request = httpx.Request("GET", f"http://files.invalid{path}", headers={"Accept-Encoding": "identity"})
        answer = await self._way.handle_async_request(request)
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"/v1{path} answered {answer.status_code}")
        return await answer.aread()


async def answer_files(desk: Desk) -> dict[str, bytes]:
    """The files below `data`, by name. What single answers were, and pairs but those of a model and its base, are not
    among them.
    """
    source, views = Source(build_api(desk)), Views(desk)
    files = {name: await source.get(f"/{path}") for path, name in PLAIN.items()}
    files |= {name: await source.get(f"/{name}") for name in ("cite.bib", "board.bib")}
    pairs: dict[str, dict[str, int]] = {}
    for view in map(views.get, ViewName):
        rows = await _view_files(source, desk, view, files)
        pairs[view.name] = await _pair_files(source, view, rows, files)
    files["index.json"] = _bytes(_index(views, pairs))
    return files


async def _view_files(source: Source, desk: Desk, view: View, files: dict[str, bytes]) -> list[dict[str, Any]]:
    """Adds all that is told of a view and its rows; returns the rows."""
    asked = _query(view)
    for path, name in OF_A_VIEW.items():
        files[name.format(view=view.name)] = await source.get(f"/{path}{'&' if '?' in path else '?'}{asked}")
    delta = json.loads(await source.get(f"/delta?{asked}"))
    for pair in delta["pairs"]:
        pair["bases"] = [base for base in pair["bases"] if base["name"] == pair["base"]["name"]]
    files[f"{view.name}-delta.json"] = _bytes(delta)
    return [await _row_files(source, desk, view, place, files) for place in range(len(view.rows))]


async def _row_files(source: Source, desk: Desk, view: View, place: int, files: dict[str, bytes]) -> dict[str, Any]:
    """Adds a row, and every file that its page offers; returns the row as its page reads it."""
    asked = urlencode({"id": view.names[place], "view": view.name})
    row: dict[str, Any] = json.loads(await source.get(f"/row?{asked}"))
    exports, name = row["exports"], f"{view.name}/row-{place}"
    files[f"{name}.csv"] = await source.get(f"/row.csv?{asked}")
    exports["csv"] = f"/v1/{name}.csv"
    exports["propose"] = None  # nobody can be signed in there
    if desk.settings.public_url is None:
        exports["badge"] = None  # nobody could reach the picture
    for path in filter(None, (exports[each] for each in OF_A_ROW)):
        await _add(source, path, files)
    for line in row["history"]:
        await _add(source, f"/v1/runs/{line['number']}", files)
    files[f"{name}.json"] = _bytes({**row, "examples": []})
    return row


async def _add(source: Source, path: str, files: dict[str, bytes]) -> None:
    """The file for this address: its path, with .json where that has no ending."""
    bare = urlsplit(path).path.removeprefix("/v1/")
    name = bare if "." in bare.rpartition("/")[2] else f"{bare}.json"
    if name not in files:
        files[name] = await source.get(f"/{bare}")


async def _pair_files(
    source: Source, view: View, rows: list[dict[str, Any]], files: dict[str, bytes]
) -> dict[str, int]:
    """Adds what is judged of each model and its base, either way round; returns their numbers by both names."""
    if view.name is ViewName.PUBLISHED:
        return {}
    delta = json.loads(files[f"{view.name}-delta.json"])
    paired = [(pair["model"]["name"], pair["base"]["name"]) for pair in delta["pairs"]]
    stated = [(row["name"], row["base"]["name"]) for row in rows if row["base"] and row["base"]["name"]]
    both = dict.fromkeys(chain.from_iterable((pair, pair[::-1]) for pair in (*paired, *stated)))
    for number, pair in enumerate(both):
        chosen = urlencode([("m", name) for name in pair])
        files[f"{view.name}/pair-{number}.json"] = await source.get(f"/compare?{_query(view)}&{chosen}")
    return {_bytes(pair).decode(): number for number, pair in enumerate(both)}


def _index(views: Views, pairs: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    return {
        "rows": {name: dict(views.get(name).by_name) for name in ViewName},
        "pairs": pairs,
        "only": {name: notice(f"model only {name}") for name in ViewName if name is not ViewName.MEASURED},
        "words": {name: _words(name) for name in ViewName}
        | {"sentences": {name: notice(name, WORDS) for name in SENTENCES} | {"cells": NAMED}},
    }


def _words(name: ViewName) -> dict[str, str]:
    published = name.asked[0] is Provenance.PUBLISHED
    return {
        "notice": notice("compare published" if published else "compare files", WORDS),
        "reason": notice("published" if published else "files", WORDS),
    }


def _query(view: View) -> str:
    provenance, edition = view.name.asked
    return urlencode({"provenance": provenance.value, "edition": edition.value})


def _bytes(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def all_names(files: Mapping[str, bytes]) -> Iterator[str]:
    """The files that people may want to take along, in order."""
    return (name for name in sorted(files) if "/" not in name and not name.endswith(PARTS))
