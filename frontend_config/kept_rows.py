"""The rows of each view by their names, asked for once in each state of the board."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from backend.domain import Edition, Provenance, Standing
from frontend_config.row_names import find_row, row_names

VIEWS = len(Provenance) * len(Edition)


class KeptRows:
    """Holds what `standings` says for as long as `version` stays the same."""

    def __init__(
        self, version: Callable[[], str], standings: Callable[[Provenance, Edition], Sequence[Standing]]
    ) -> None:
        self._version = version

        @lru_cache(maxsize=VIEWS)
        def read(version: str, provenance: Provenance, edition: Edition) -> Mapping[str, Standing]:
            rows = standings(provenance, edition)
            return dict(zip(row_names(rows), rows, strict=True))

        self._read = read

    def of(self, provenance: Provenance, edition: Edition) -> Mapping[str, Standing]:
        """The rows of a view by name, in the board's order."""
        return self._read(self._version(), provenance, edition)

    def named(self, provenance: Provenance, edition: Edition, wanted: str) -> tuple[str, Standing] | None:
        """The row that `wanted` means and its name, as `find_row` finds it."""
        rows = self.of(provenance, edition)
        found = find_row(list(rows.values()), wanted)
        return next(((name, row) for name, row in rows.items() if row is found), None)
