"""One row of the board as its own page shows it: about the model, its scores among all others, and how it was asked."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any
from urllib.parse import quote, urlencode

from backend.comparison import Hindrance
from backend.domain import Access, Edition, Model, Standing, Task
from backend.errors import CredentialedText
from frontend_config.bases import goes_by
from frontend_config.columns import HUB_ID, Column, ColumnKind, board_columns, hub_link, row_link, task_titles
from frontend_config.comparison_payload import cell_record
from frontend_config.desk import Desk, Ranges
from frontend_config.history_payload import history_payload
from frontend_config.manifest_payload import manifest_payload, run_payload
from frontend_config.proposing.rules import offered
from frontend_config.reproduction import reproduction
from frontend_config.row_names import SHORT
from frontend_config.views import View, ViewName, Views
from frontend_config.words import notice

MOST_DRAWN = 101
MOST_OTHERS = 20
OF_OTHERS = ("name", "label", "page", "engine", "short", "published_at")
NO_MODEL: dict[str, Any] = dict.fromkeys(field.name for field in fields(Model))


def row_payload(desk: Desk, views: Views, view: View, place: int, *, asked_for: bool = True) -> dict[str, Any]:
    """Everything the page of a row shows, except comparisons and examples.

    `asked_for` is False when no view was named and this one was the first that has the row.
    """
    row = view.rows[place]
    publication = desk.publication(row.number) if row.number else None
    return {
        "view": view.name,
        "decimals": view.name.decimals,
        "notice": notice(view.name),
        "instead": None if asked_for or view.name is ViewName.MEASURED else notice(f"model only {view.name}"),
        "absent": notice(f"{view.name} absent"),
        **about_row(view, place),
        "base": base_of(view, row),
        "others": others_of(views, view, place),
        "cells": cells_of(desk, view, place),
        "diagnostics": diagnostics_of(row, desk.tasks),
        "history": history_payload(desk.publications(row.model.hub_id)) if row.model and row.number else [],
        "manifest": manifest_payload(publication.result) if publication else None,
        "runs": [run_payload(run, task_titles(desk.tasks).get(run.task, run.task)) for run in publication.result.runs]
        if publication
        else [],
        "reproduce": reproduction(publication.result) if publication else None,
        "ledger": {"number": publication.number, "hash": publication.hash} if publication else None,
        "exports": exports_of(desk, view, place),
        "examples": examples_of(desk.tasks, row) if publication else [],
    }


def about_row(view: View, place: int) -> dict[str, Any]:
    """Who a row is: its name, its places on the web, and what is known of the model and of how it was asked."""
    row = view.rows[place]
    model = row.model
    revision = (model.revision or None) if model and row.number else None
    return {
        **(asdict(model) if model else NO_MODEL),
        "name": view.names[place],
        "label": row.label,
        "link": row_link(row),
        "page": page_of(view, place),
        "domain": row.domain,
        "params": row.params,
        "base_model": row.base_model,
        "revision": revision,
        "short": revision and revision[:SHORT],
        "engine": row.engine,
        "dtype": row.dtype,
        "edition": row.edition,
        "protocol": row.protocol,
        "weights_sha256": row.weights_sha256,
        "published_at": row.published_at.isoformat() if row.published_at else None,
        "submission_id": row.submission_id,
    }


def page_of(view: View, place: int) -> str:
    """The address of a row's page on this site."""
    return f"/model?{urlencode({'id': view.names[place], 'view': view.name}, quote_via=quote)}"


def base_of(view: View, row: Standing) -> dict[str, Any] | None:
    """The stated base model: its page when it is on the same view, `name` then, and where it lies on the Hub.

    None for a model that names none, or itself.
    """
    if row.base_model is None or goes_by(row, row.base_model):
        return None
    place = view.find(row.base_model)
    on_board = {} if place is None else {"name": view.names[place], "page": page_of(view, place)}
    return {"id": row.base_model, "link": hub_link(row.base_model), "name": None, "page": None, **on_board}


def others_of(views: Views, view: View, place: int) -> list[dict[str, Any]]:
    """Other rows that are this model: under its id in any view, or with the same weights under another name.

    At most MOST_OTHERS of them, those of the same id first.
    """
    row = view.rows[place]
    found = views.of_model(row.model.hub_id) if row.model else []
    same = [(view, at) for at, other in enumerate(view.rows) if other.weights_sha256 == row.weights_sha256]
    told = {(view.name, place)}
    others: list[dict[str, Any]] = []
    for kind, rows in (("same id", found), ("same weights", same if row.weights_sha256 else [])):
        for each, at in rows:
            if (each.name, at) not in told and len(others) < MOST_OTHERS:
                told.add((each.name, at))
                about = about_row(each, at)
                others.append({"kind": kind, "view": each.name} | {name: about[name] for name in OF_OTHERS})
    return others


def cells_of(desk: Desk, view: View, place: int) -> list[dict[str, Any]]:
    """Each score of a row, its rank among the view's rows, and how those are spread (`spread`: at most 101 of them)."""
    keys = {key for row in view.rows for key in row.cells}
    columns = board_columns(() if view.name is ViewName.PUBLISHED else desk.tasks, keys)
    ranges = {} if view.name is ViewName.PUBLISHED else desk.ranges(view.name.asked[1])
    return [_cell(column, view, place, ranges) for column in columns if column.kind is ColumnKind.SCORE]


def diagnostics_of(row: Standing, tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """How the asking went, task by task, in examples; tokens of a mean answer, and seconds in all."""
    titles = task_titles(tasks)
    order = [name for name in titles if name in row.diagnostics]
    return [{"task": name, "title": titles[name], **asdict(row.diagnostics[name])} for name in order]


def exports_of(desk: Desk, view: View, place: int) -> dict[str, str | None]:
    """The addresses of what can be taken away, None for what there is none of."""
    row = view.rows[place]
    exported = bool(row.number) and row.edition is Edition.FULL
    run = f"/v1/runs/{row.number}"
    hub_id = row.model.hub_id if row.model and HUB_ID.fullmatch(row.model.hub_id) else None
    return {
        "bibtex": f"{run}/cite.bib" if row.number else "/v1/cite.bib",
        "csv": f"/v1/row.csv?{urlencode({'id': view.names[place], 'view': view.name}, quote_via=quote)}",
        "every_eval_ever": f"{run}/eee.json" if exported else None,
        "eval_results": f"{run}/eval_results.yaml" if exported and desk.settings.benchmark_dataset else None,
        "no_eval_results": notice("no benchmark dataset") if exported and not desk.settings.benchmark_dataset else None,
        "propose": f"/propose?line={row.number}" if exported and hub_id and offered(desk.settings) else None,
        "badge": f"/v1/models/{quote(hub_id)}/badge.svg" if exported and hub_id else None,
        "site": desk.settings.public_url,
    }


def examples_of(tasks: Sequence[Task], row: Standing) -> list[dict[str, Any]]:
    """For each task, whether the texts of its examples may be shown, else why not, and whose they are."""
    invented = row.edition is Edition.REHEARSAL
    return [
        {
            "task": task.name,
            "title": task.title,
            "open": invented or task.access is Access.OPEN,
            "policy": None if invented or task.access is Access.OPEN else str(CredentialedText()),
            "measured": (cell := row.cells.get(task.name)) is not None and task.name in row.diagnostics,
            "missing": cell.missing if cell else None,
            "licence": task.licence,
            "source": task.source,
        }
        for task in tasks
    ]


def _cell(column: Column, view: View, place: int, ranges: Ranges) -> dict[str, Any]:
    cell = view.rows[place].cells.get(column.name)
    found = view.values.get(column.name, ())
    value = cell.value if cell else None
    ranged = ranges.get(column.name, {}).get(view.rows[place].number)
    return {
        **cell_record(column),
        "value": value,
        "low": cell.low if cell else None,
        "high": cell.high if cell else None,
        "n": cell.n if cell else 0,
        "missing": cell.missing if cell else None,
        "rank": None if value is None else 1 + len(found) - bisect_right(found, value),
        "of": len(found),
        "range": None if isinstance(ranged, Hindrance) else ranged,
        "spread": _thinned(found) if column.part_of is None else [],
    }


def _thinned(values: Sequence[float]) -> list[float]:
    """At most 101 of the sorted values, evenly spaced, first and last among them."""
    if len(values) > MOST_DRAWN:
        last = len(values) - 1
        values = [values[round(last * step / (MOST_DRAWN - 1))] for step in range(MOST_DRAWN)]
    return [round(value, 2) for value in values]
