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


def find_row(standings: Sequence[Standing], name: str) -> Standing | None:
    """The row of this name, whatever its case; a Hub id also means a published row that goes by another label."""
    wanted = name.strip().lower()
    named = zip(row_names(standings), standings, strict=True)
    found = next((row for each, row in named if each.lower() == wanted), None)
    return found or next((row for row in standings if row.model and row.model.hub_id.lower() == wanted), None)


def _with_commit(row: Standing) -> str:
    return f"{row.label}@{row.model.revision[:SHORT]}" if row.model else row.label
