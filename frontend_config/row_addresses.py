"""The way from a submission to its row of the board."""

from urllib.parse import quote

from backend.domain import Edition, Provenance
from frontend_config.desk import Desk
from frontend_config.row_names import row_names

Rows = dict[str, str]


class RowAddresses:
    """Where the rows of published submissions are shown, read again whenever the board may have changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: tuple[str, dict[Edition, Rows]] = ("", {})

    def of(self, submission_id: str | None, edition: Edition) -> str | None:
        """The address of the page of its row; None when the result stands on the board no more, or not yet."""
        version = self._desk.version()
        if self._kept[0] != version:
            self._kept = (version, {})
        rows = self._kept[1]
        if edition not in rows:
            rows[edition] = self._rows(edition)
        return rows[edition].get(submission_id or "")

    def _rows(self, edition: Edition) -> Rows:
        standings = self._desk.standings(Provenance.MEASURED, edition)
        view = "&view=rehearsal" if edition is Edition.REHEARSAL else ""
        named = zip(standings, row_names(standings), strict=True)
        return {row.submission_id: f"/model?id={quote(name)}{view}" for row, name in named if row.submission_id}
