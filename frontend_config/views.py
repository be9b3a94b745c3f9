"""The three views of the board, each read once for every state of it, and the rows in them by name."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.domain import Edition, Provenance, Standing
from frontend_config.desk import Desk
from frontend_config.payload import decimals_of, view_name
from frontend_config.row_names import row_names, row_places


class ViewName(StrEnum):
    """The word for a view in addresses."""

    MEASURED = "measured"
    PUBLISHED = "published"
    REHEARSAL = "rehearsal"

    @property
    def asked(self) -> tuple[Provenance, Edition]:
        """What the desk is asked for."""
        provenance = Provenance.PUBLISHED if self is ViewName.PUBLISHED else Provenance.MEASURED
        return provenance, Edition.REHEARSAL if self is ViewName.REHEARSAL else Edition.FULL

    @property
    def decimals(self) -> int:
        """How many digits of a score are shown behind the point."""
        return decimals_of(self.asked[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The rows of a view, what each is called, and which row a name means; the keys of `by_name` are in lower case.

    `values` are the scores in each cell, of all rows that have one, lowest first.
    """

    name: ViewName
    rows: Sequence[Standing]
    names: Sequence[str]
    by_name: Mapping[str, int]
    values: Mapping[str, Sequence[float]]

    def find(self, name: str) -> int | None:
        """The place of the row that is called this, by its name or its model's id, whatever the case."""
        return self.by_name.get(name.strip().lower())

    def named(self) -> dict[str, Standing]:
        """The rows by what they are called, in the board's order."""
        return dict(zip(self.names, self.rows, strict=True))


class Views:
    """The views as they are now."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._version: str | None = None
        self._views: dict[tuple[Provenance, Edition], View] = {}
        self._lock = threading.Lock()

    def get(self, name: ViewName) -> View:
        """The view, read anew if the board has changed."""
        return self.of(*name.asked)

    def of(self, provenance: Provenance, edition: Edition) -> View:
        """As `get`, also of the published rehearsal that nobody has: a view without rows."""
        version, asked = self._desk.version(), (provenance, edition)
        with self._lock:
            if version != self._version:
                self._version, self._views = version, {}
            if asked not in self._views:
                name = ViewName(view_name(provenance, edition))
                self._views[asked] = _view(name, self._desk.standings(provenance, edition))
            return self._views[asked]

    def find(self, name: str, wanted: ViewName | None = None) -> tuple[View, int] | None:
        """The row of this name in the view that is wanted, else in the first that has it."""
        views = (self.get(each) for each in ([wanted] if wanted else ViewName))
        return next(((view, place) for view in views if (place := view.find(name)) is not None), None)

    def of_model(self, hub_id: str) -> list[tuple[View, int]]:
        """Every row of a model in every view, the newest of a view first."""
        wanted = hub_id.lower()
        found = []
        for view in map(self.get, ViewName):
            places = [at for at, row in enumerate(view.rows) if _id_of(row) == wanted]
            found += [(view, place) for place in sorted(places, key=lambda at: -view.rows[at].number)]
        return found


def _view(name: ViewName, rows: Sequence[Standing]) -> View:
    names = row_names(rows)
    values: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for key, cell in row.cells.items():
            if cell.value is not None:
                values[key].append(cell.value)
    ordered = {key: sorted(found) for key, found in values.items()}
    return View(name=name, rows=rows, names=names, by_name=row_places(rows, names), values=ordered)


def _id_of(row: Standing) -> str | None:
    return row.model.hub_id.lower() if row.model else None
