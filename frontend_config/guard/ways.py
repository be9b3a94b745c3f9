"""Everything that can be asked for, by name, and what it is for; nothing else is there."""

from collections.abc import Iterable
from dataclasses import dataclass
from re import Pattern

from starlette.routing import compile_path

from frontend_config.guard.rates import Rate

GET = frozenset({"GET", "HEAD"})
ONLY_GET = frozenset({"GET"})
POST = frozenset({"POST"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An address that is there for everybody, written as FastAPI writes it, and what it is for.

    `to_all`: pages of other sites may read it, without anything that says who asks. `own_pages`: no page of another
    site may ask for it at all; what changes something never may be. `json`: what is sent must be called JSON, which no
    page of another site can do without asking first.
    """

    path: str
    methods: frozenset[str]
    rate: Rate
    purpose: str
    to_all: bool = False
    own_pages: bool = False
    json: bool = False


WAYS = (
    Way(path="/static/clue/{digest}/{name:path}", methods=ONLY_GET, rate=Rate.FILE, purpose="our modules and styles"),
    Way(path="/assets/{name}", methods=ONLY_GET, rate=Rate.FILE, purpose="Gradio's modules and styles"),
    Way(path="/theme.css", methods=ONLY_GET, rate=Rate.FILE, purpose="our colours as Gradio wants them"),
    Way(path="/favicon.ico", methods=ONLY_GET, rate=Rate.FILE, purpose="our icon, where browsers ask for one unasked"),
    Way(
        path="/static/js/iframeResizer.contentWindow.min.js",
        methods=ONLY_GET,
        rate=Rate.FILE,
        purpose="tells the page around a Space how high ours is",
    ),
    Way(path="/m/{org}/{name}", methods=ONLY_GET, rate=Rate.PAGE, purpose="short links to a model's page"),
    Way(path="/metrics", methods=ONLY_GET, rate=Rate.READ, purpose="the instruments that Prometheus reads"),
    Way(path="/v1/submissions", methods=POST, rate=Rate.POST, purpose="submits as the form does", own_pages=True),
    Way(path="/v1/compare", methods=SAFE, rate=Rate.COSTLY, purpose="compares two to four rows", to_all=True),
    Way(path="/v1/delta", methods=SAFE, rate=Rate.COSTLY, purpose="compares rows with their bases", to_all=True),
    Way(path="/v1/{path:path}", methods=SAFE, rate=Rate.READ, purpose="the interface, see /v1/", to_all=True),
    Way(
        path="/gradio_api/component_server/",
        methods=POST,
        rate=Rate.POST,
        purpose="calls the functions of Submit, Queue and Submission, each of which asks who it is for",
        own_pages=True,
        json=True,
    ),
    Way(
        path="/gradio_api/mcp/",
        methods=POST,
        rate=Rate.AGENT,
        purpose="asks the four tools that agents may use; it keeps no session and opens no stream",
        own_pages=True,
        json=True,
    ),
)
# There where visitors sign in. Asking who one is changes nothing, but is nobody else's business.
SIGN_IN = (
    Way(path="/signin", methods=ONLY_GET, rate=Rate.POST, purpose="leads to the provider's sign-in"),
    Way(path="/login/callback", methods=ONLY_GET, rate=Rate.POST, purpose="where the provider leads back to"),
    Way(path="/signin/who", methods=ONLY_GET, rate=Rate.READ, purpose="tells a browser its own name", own_pages=True),
    Way(path="/signout", methods=POST, rate=Rate.POST, purpose="ends the browser's session", own_pages=True),
)
# There where results can be proposed to models' repositories. Looking at it sends nothing; pressing the button does.
PROPOSING = (
    Way(path="/propose", methods=ONLY_GET, rate=Rate.PAGE, purpose="shows what would be proposed to a repository"),
    Way(
        path="/propose",
        methods=POST,
        rate=Rate.POST,
        purpose="leads to the provider, which asks for permission to open one pull request",
        own_pages=True,
    ),
)


def page_ways(places: Iterable[tuple[str, str]]) -> list[Way]:
    """The pages of these addresses and titles, with and without a slash at the end."""
    return [
        Way(path=path, methods=GET, rate=Rate.PAGE, purpose=f"the page {title}")
        for place, title in places
        for path in sorted({place, f"{place.rstrip('/')}/"})
    ]


class Ways:
    """Finds the way that a request goes."""

    def __init__(self, ways: Iterable[Way]) -> None:
        self.all = tuple(ways)
        self._exact: dict[str, list[Way]] = {}
        self._patterns: list[tuple[Pattern[str], Way]] = []
        for way in self.all:
            if "{" in way.path:
                self._patterns.append((compile_path(way.path)[0], way))
            else:
                self._exact.setdefault(way.path, []).append(way)

    def find(self, path: str, method: str) -> Way | None:
        """The first way of this address that takes the method; None when there is none."""
        return next((way for way in self._at(path) if method in way.methods), None)

    def methods(self, path: str) -> list[str]:
        """What this address takes; nothing when there is no such address."""
        return sorted({method for way in self._at(path) for method in way.methods})

    def _at(self, path: str) -> Iterable[Way]:
        yield from self._exact.get(path, ())
        for pattern, way in self._patterns:
            if pattern.match(path):
                yield way
