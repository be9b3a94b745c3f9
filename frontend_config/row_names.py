"""What the rows of a view are called in addresses, and which row such a name means."""

from collections import Counter
from collections.abc import Sequence

from backend.domain import Standing

SHORT = 12


def row_names(standings: Sequence[Standing]) -> list[str]:
    """A name for each row of a view, none twice.

    It is the row's label where that stands once; a model's newest row keeps it, and older ones add their commit, then
    their engine, then their line in the ledger.
    """
    newest: dict[str, int] = {}
    for place, row in enumerate(standings):
        best = newest.setdefault(row.label.lower(), place)
        if row.number > standings[best].number:
            newest[row.label.lower()] = place
    names = [
        row.label if newest[row.label.lower()] == place else _with_commit(row) for place, row in enumerate(standings)
    ]
    for more in ([row.engine for row in standings], [row.number for row in standings]):
        taken = Counter(name.lower() for name in names)
        names = [f"{name}@{each}" if taken[name.lower()] > 1 else name for name, each in zip(names, more, strict=True)]
    return names


def row_places(standings: Sequence[Standing], names: Sequence[str]) -> dict[str, int]:
    """Which row is meant by a name, in lower case; a Hub id also means a published row that goes by another label."""
    places = {name.lower(): place for place, name in enumerate(names)}
    for place, row in enumerate(standings):
        if row.model:
            places.setdefault(row.model.hub_id.lower(), place)
    return places


def _with_commit(row: Standing) -> str:
    return f"{row.label}@{row.model.revision[:SHORT]}" if row.model else row.label
