"""What stands around every page: title, header, navigation and footer."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from frontend_config.boards import BoardForm
from frontend_config.citation import Around
from frontend_config.early import SCRIPT
from frontend_config.guard.headers import page_policy
from frontend_config.island import mounting

NAME = "CLUE Leaderboard"
FEED = "/v1/feed.atom"
NOTHING = Around()
ABOUT = "How good are language models at clinical work, and does medical training help? Measured on the CLUE benchmark."
MARK = (
    '<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">'
    '<rect x="2" y="13" width="4.5" height="8" rx="1.2"/><rect x="9.75" y="8" width="4.5" height="13" rx="1.2"/>'
    '<rect x="17.5" y="3" width="4.5" height="18" rx="1.2"/></svg>'
)
SUN_AND_MOON = (
    '<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">'
    '<circle cx="12" cy="12" r="8.5" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor"/></svg>'
)
ACCOUNT = '<div class="clue-account"><a href="/signin">Sign in</a></div>'
FIRST_LIGHT = """
(() => {
  let wish = new URLSearchParams(location.search).get("__theme");
  try { wish ??= localStorage.getItem("clue-theme"); } catch { wish ??= null; }
  const dark = wish === "dark" || (wish !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
"""


FOOTER = (
    '<footer class="clue-footer"><div class="clue-bar"><p>Clinical Language Understanding Evaluation, '
    '<a href="https://arxiv.org/abs/2404.04067" rel="noopener">arXiv 2404.04067</a>. '
    "A research tool: no score here clears a model for use with patients.</p>"
    '<nav aria-label="More"><a href="/v1/">Data and interface</a><a href="/v1/snapshots">Snapshots</a>'
    '<a href="/v1/feed.atom">Feed</a>'
    '<a href="/about#licence">CC BY 4.0</a><a href="/about#cite">Cite</a></nav>'
    "</div></footer>"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its address, its title, and whether the navigation names it.

    `module` is what it runs; `sheets` are its style sheets, which an island's module
    asks for itself; `asks` is the form in which its head asks for the board. `dated`: it can show an earlier one.
    """

    path: str
    title: str
    listed: bool = True
    module: str | None = None
    sheets: tuple[str, ...] = ()
    island: str | None = None
    asks: BoardForm | None = None
    dated: bool = False


class Frame:
    """The frame of a site with these places, whose own files lie under `static`.

    `chain` are modules that Gradio's page would find one after the other; they are asked for at once. With `signs_in`
    the header has a place for who one is, which every browser fills for itself.
    """

    def __init__(
        self, places: Sequence[Place], static: str, chain: Sequence[str] = (), *, signs_in: bool = False
    ) -> None:
        self.places = places
        self.static = static
        self.chain = chain
        self.account = ACCOUNT if signs_in else ""

    def head(self, place: Place, around: Around = NOTHING) -> str:
        """What comes first in the page's head, as HTML; what is `early` around it comes before all else."""
        title = escape(page_title(place))
        dated = f'<meta name="clue-as-of" content="{escape(around.as_of)}">' if around.as_of else ""
        asked = 'rel="preload" as="fetch" crossorigin' if place.island else 'rel="stylesheet"'
        sheets = "".join(f'<link {asked} href="{self.static}/{name}">' for name in place.sheets)
        scripts = "".join(
            f'<script type="module" src="{self.static}/{name}"></script>' for name in ("site.js", place.module) if name
        )
        # A script that stands behind a style sheet waits for it.
        return (
            f'<meta charset="utf-8"><title>{title}</title>{dated}{around.early}<script>{FIRST_LIGHT}</script>'
            f'<meta name="description" content="{escape(ABOUT)}">'
            f'<meta property="og:title" content="{title}"><meta property="og:type" content="website">'
            '<meta name="color-scheme" content="light dark">'
            f'<link rel="icon" type="image/svg+xml" href="{self.static}/favicon.svg">'
            f'<link rel="alternate" type="application/atom+xml" title="{NAME}" href="{FEED}">'
            f'<link rel="stylesheet" href="{self.static}/site.css">'
            f"{sheets}{scripts}"
        )

    def head_within_gradio(self, place: Place) -> str:
        """The same for a page that Gradio makes, and what of Gradio's own is worth asking for at once."""
        return self.head(place) + "".join(f'<link rel="modulepreload" href="{name}">' for name in self.chain)

    def header(self, here: Place, as_of: str = "") -> str:
        """What comes first in the page's body, as HTML."""
        carried = f"?as_of={quote(as_of)}" if as_of else ""
        links = "".join(
            f'<a href="{place.path}{carried if place.dated else ""}"{" aria-current=page" if place == here else ""}>'
            f"{escape(place.title)}</a>"
            for place in self.places
            if place.listed
        )
        return (
            '<a class="clue-skip" href="#content">Skip to the content</a>'
            '<header class="clue-header"><div class="clue-bar">'
            f'<a class="clue-brand" href="/{carried}">{MARK}<span>CLUE <b>Leaderboard</b></span></a>'
            f'<nav aria-label="Pages">{links}</nav>{self.account}'
            '<button type="button" class="clue-theme" aria-label="Dark colours" aria-pressed="false">'
            f"{SUN_AND_MOON}</button>"
            '</div></header><a id="content" tabindex="-1"></a>'
        )

    def page(self, here: Place, content: str, around: Around = NOTHING) -> str:
        """A whole page of ours that needs nothing of Gradio; `content` is HTML."""
        width = "clue-bar clue-wide" if here.island else "clue-bar"
        return (
            f'<!doctype html><html lang="en"><head>{self.head(here, around)}'
            '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
            f'<body><div class="clue-own">{self.header(here, around.as_of)}<main class="{width}">'
            f"{around.before}{content}{around.after}</main>"
            f"{FOOTER}</div>{_module(self._filling(here))}</body>"
            "</html>"
        )

    def policy(self, here: Place, *, forms: str = "'self'") -> str:
        """The Content-Security-Policy of that page: it runs our files and the scripts that we wrote into it."""
        asking = [SCRIPT] if here.asks else []
        return page_policy([FIRST_LIGHT, *asking, *self._filling(here)], forms=forms)

    def _filling(self, here: Place) -> list[str]:
        if here.island is None:
            return []
        return [mounting(f"{self.static}/{here.module}", 'document.querySelector(".clue-island")') + ";"]


def page_title(place: Place) -> str:
    """What the browser's tab says."""
    return NAME if place.path == "/" else f"{place.title} · {NAME}"


def _module(scripts: Sequence[str]) -> str:
    return "".join(f'<script type="module">{script}</script>' for script in scripts)
