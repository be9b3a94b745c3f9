"""Models and single rows of the board under /v1."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NoReturn

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from backend.domain import LEVEL_TASKS, Standing
from frontend_config.columns import hub_link
from frontend_config.desk import Desk
from frontend_config.exports.badge import badge_svg, badge_words
from frontend_config.exports.row_csv import row_csv
from frontend_config.history_payload import history_payload
from frontend_config.model_payload import about_row, cells_of, row_payload
from frontend_config.representations import OPEN_TO_ALL, KeptRepresentations, Representation
from frontend_config.views import View, ViewName, Views
from frontend_config.words import notice

CSV = "text/csv; charset=utf-8"
SVG = "image/svg+xml"
BADGE_KEPT = "public, max-age=3600"  # a README is read often, and a score changes seldom
COLUMNS = ("name", "title", "value", "low", "high", "n", "missing")


def router(desk: Desk) -> APIRouter:
    """Answers that are made once for each state of the board, the last few hundred of them."""
    routes = APIRouter(tags=["Models"])
    views = Views(desk)
    kept = KeptRepresentations(desk.version, most_bytes=desk.most_kept)

    @routes.get("/models")
    def models(request: Request) -> Response:
        """Every model on the board with its Hub id, newest commit, and how many rows it has in each view."""
        return kept.get("models", lambda: Representation.of_json(_models(views))).respond(request, headers=OPEN_TO_ALL)

    _add_rows(routes, desk, views, kept)
    _add_single_models(routes, desk, views, kept)
    _add_badge(routes, views, kept)
    return routes


def _add_rows(routes: APIRouter, desk: Desk, views: Views, kept: KeptRepresentations) -> None:
    @routes.get("/row")
    def row(
        request: Request, id: str, view: ViewName | None = None, absent: Literal["404", "null"] = "404"
    ) -> Response:
        """One row of the board by its name, with everything that its page shows.

        With `absent=null` a name that nobody has is answered by null, which no browser logs as an error.
        """
        if absent == "null" and views.find(id, view) is None:
            return Representation.of_json(None).respond(request, headers=OPEN_TO_ALL)
        found, place = views.find(id, view) or _nothing()

        def make() -> Representation:
            return Representation.of_json(row_payload(desk, views, found, place, asked_for=view is not None))

        return kept.get(("row", found.name, place, view), make).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/row.csv")
    def row_as_csv(request: Request, id: str, view: ViewName | None = None) -> Response:
        """The scores of one row, a line for each."""
        found, place = views.find(id, view) or _nothing()

        def make() -> Representation:
            text = row_csv(about_row(found, place), found.name, cells_of(desk, found, place))
            return Representation(text.encode(), CSV)

        name = {"Content-Disposition": 'attachment; filename="clue-row.csv"'}
        return kept.get(("csv", found.name, place), make).respond(request, headers=OPEN_TO_ALL | name)


def _add_single_models(routes: APIRouter, desk: Desk, views: Views, kept: KeptRepresentations) -> None:
    @routes.get("/models/{org}/{name}")
    def model(request: Request, org: str, name: str) -> Response:
        """A model's rows in every view, and everything that was ever published of it here."""
        found = views.of_model(f"{org}/{name}") or _nothing()

        def make() -> Representation:
            rows = [_row(view, place) for view, place in found]
            history = history_payload(desk.publications(f"{org}/{name}"))
            return Representation.of_json({**_who(found), "rows": rows, "history": history})

        return kept.get(("model", _who(found)["name"]), make).respond(request, headers=OPEN_TO_ALL)

    @routes.get("/models/{org}/{name}/scores")
    def scores(request: Request, org: str, name: str) -> Response:
        """A model's scores in every view, with intervals where there are any."""
        found = views.of_model(f"{org}/{name}") or _nothing()

        def make() -> Representation:
            return Representation.of_json(
                {**_who(found), "rows": [_scores(desk, view, place) for view, place in found]}
            )

        return kept.get(("scores", _who(found)["name"]), make).respond(request, headers=OPEN_TO_ALL)


def _add_badge(routes: APIRouter, views: Views, kept: KeptRepresentations) -> None:
    @routes.get("/models/{org}/{name}/badge.svg")
    def badge(request: Request, org: str, name: str) -> Response:
        """A picture for a README: the overall score measured here, or how many tasks were.

        In Markdown: `[![CLUE](SITE/v1/models/ORG/NAME/badge.svg)](SITE/m/ORG/NAME)`. It may be kept for an hour.
        """
        hub_id = f"{org}/{name}"
        newest = _newest(views, hub_id)

        def make() -> Representation:
            words = badge_words(newest, sum(map(len, LEVEL_TASKS.values())))
            return Representation(badge_svg(words, f"CLUE Leaderboard, {hub_id}: {words}"), SVG)

        # A file of this kind can hold a script; this one has none, and none would be run.
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
        answer = kept.get(("badge", hub_id.lower()), make) if newest else make()
        return answer.respond(request, headers=OPEN_TO_ALL | policy | {"Cache-Control": BADGE_KEPT})


def _nothing() -> NoReturn:
    raise HTTPException(404, notice("no such model"))


def _newest(views: Views, hub_id: str) -> Standing | None:
    """The newest row of the model that was measured in full."""
    measured = (view.rows[place] for view, place in views.of_model(hub_id) if view.name is ViewName.MEASURED)
    return next(measured, None)


def _who(found: Sequence[tuple[View, int]]) -> dict[str, Any]:
    view, place = found[0]
    about = about_row(view, place)
    return {"name": about["hub_id"], "link": about["link"]}


def _row(view: View, place: int) -> dict[str, Any]:
    return {"view": view.name, "number": view.rows[place].number or None, **about_row(view, place)}


def _scores(desk: Desk, view: View, place: int) -> dict[str, Any]:
    cells = [{name: cell[name] for name in COLUMNS} for cell in cells_of(desk, view, place)]
    about = about_row(view, place)
    kept = ("name", "label", "revision", "engine", "protocol", "edition")
    return {"view": view.name, **{name: about[name] for name in kept}, "scores": cells}


def _models(views: Views) -> dict[str, Any]:
    counts: dict[str, Counter[str]] = {}
    newest: dict[str, Standing] = {}
    for view in map(views.get, ViewName):
        for row in view.rows:
            if row.model is None:
                continue
            key = row.model.hub_id.lower()
            counts.setdefault(key, Counter())[view.name] += 1
            if key not in newest or row.number > newest[key].number:
                newest[key] = row
    return {"models": [_model(row, counts[key]) for key, row in newest.items()]}


def _model(row: Standing, counts: Counter[str]) -> dict[str, Any]:
    assert row.model is not None
    return {
        "name": row.model.hub_id,
        "link": hub_link(row.model.hub_id),
        "latest_commit": row.model.revision if row.number else None,
        "results": counts.total(),
        "views": dict(counts),
    }
