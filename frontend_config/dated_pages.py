"""What stands around the pages that can show an earlier board: which one it is, how to cite it, and what they ask."""

from urllib.parse import urlencode

from starlette.requests import Request

from backend.errors import UsageError
from frontend_config.boards import Boards
from frontend_config.citation import Around, cite_line, past_line, refused_line
from frontend_config.desk import Desk
from frontend_config.early import early_question
from frontend_config.frame import Place
from frontend_config.v1.looking_back import AS_OF
from storage.moments import LONGEST, Moment

CITED = "/"


class DatedPages:
    """The surroundings of each visit; those of the board as it is now are worked out once for each state of it."""

    def __init__(self, desk: Desk, boards: Boards) -> None:
        self._desk, self._boards = desk, boards
        self._now: tuple[str, Moment] | None = None

    def around(self, place: Place, request: Request) -> Around:
        """What this visit's address asks for; what makes no sense is answered by a sentence above today's board."""
        asked = request.query_params.get(AS_OF, "").strip() if place.dated else ""
        if not asked:
            return self._today(place)
        try:
            moment = self._desk.chronicle.moment(asked)
        except UsageError as nonsense:
            return self._today(place, refused_line(str(nonsense)))
        others = [(name, value) for name, value in request.query_params.multi_items() if name != AS_OF]
        today = f"{place.path}?{urlencode(others)}" if others else place.path
        after = cite_line(moment, place.path) if place.path == CITED else ""
        return Around(before=past_line(moment, today), after=after, as_of=asked[:LONGEST])

    def _today(self, place: Place, before: str = "") -> Around:
        early = "" if place.asks is None else early_question(self._boards, place.asks)
        after = cite_line(self._moment(), place.path) if place.path == CITED else ""
        return Around(early=early, before=before, after=after)

    def _moment(self) -> Moment:
        version = self._desk.version()
        if self._now is None or self._now[0] != version:
            self._now = (version, self._desk.chronicle.moment())
        return self._now[1]
