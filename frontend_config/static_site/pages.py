"""The site's own pages as files: addresses relative to the folder, and a policy that lets nothing else run."""

import re
from collections.abc import Sequence
from html import escape

from backend.domain import Task
from backend.settings import Settings
from frontend_config.citation import Around
from frontend_config.frame import Frame, Place
from frontend_config.guard.headers import NONE, page_policy
from frontend_config.moment_payload import sentence_of
from frontend_config.pages.about import about_html
from frontend_config.site import ABOUT, OWN, PAGES
from frontend_config.words import notice
from storage.moments import Moment

STATIC = "./static"
FILES = Place("/v1/", "Files", listed=False)
WAY = "files/page.js"
BESIDE = (
    "site.js",
    "site.css",
    "favicon.svg",
    WAY,
    "vendor/hyparquet-writer.js",
    "vendor/hyparquet-writer.LICENSE.txt",
)
ELSEWHERE = {
    "/v1/": "files.html",
    "/v1/snapshots": "files.html",
    "/v1/feed.atom": "feed.atom",
    "/v1/leaderboard.csv": "data/measured.csv",
    "/v1/openapi.json": None,
    "/submit": None,
    "/queue": None,
}
ADDRESS = re.compile(r'(?P<before>\bhref=\\?")(?P<path>/[^"#?\\]*)(?P<rest>[^"\\]*)(?P<after>\\?")')
SCRIPT = re.compile(r"<script(?: type=\"module\")?>(.*?)</script>", re.DOTALL)


def page_files(tasks: Sequence[Task], settings: Settings, moment: Moment, listed: Sequence[str]) -> dict[str, bytes]:
    """The pages by their files' names; `listed` are the files below `data` that one of them offers."""
    contents = {place: content for place, content in PAGES if isinstance(content, str)}
    contents |= {ABOUT: about_html(tasks, settings), FILES: _offer(moment, listed)}
    frame = Frame([*contents], STATIC)
    live = settings.public_url and settings.public_url.rstrip("/")
    made = {}
    for place, content in contents.items():
        around = _around(place, moment, live)
        made[file_of(place.path)] = _sealed(_relative(frame.page(place, content, around), live)).encode()
    return made


def asset_files() -> dict[str, bytes]:
    """Scripts and style sheets that these pages ask for, by their names below `static`."""
    places = [place for place, content in PAGES if isinstance(content, str)] + [ABOUT]
    names = {name for place in places for name in (place.module, *place.sheets) if name}
    shared = OWN.sheets("common") + OWN.sheets("charts") + OWN.sheets("differences")
    return {name: OWN.answer(name).body for name in sorted(names.union(BESIDE, shared))}


def file_of(path: str) -> str:
    """The file of the page at this path of a live board."""
    if path in ELSEWHERE:
        return ELSEWHERE[path] or ""
    return f"{path.strip('/') or 'index'}.html"


def _around(place: Place, moment: Moment, live: str | None) -> Around:
    meta = f'<meta name="clue-live" content="{escape(live)}">' if live else ""
    early = f'{meta}<script type="module" src="{STATIC}/{WAY}"></script>'
    where = (
        f'<a href="{escape(live)}/">The live board</a> takes submissions.' if live else notice("files without board")
    )
    before = (
        f'<p class="clue-past"><b>{escape(sentence_of(moment).partition(";")[0])}.</b> '
        f"<span>{escape(notice('files'))} {where}</span></p>"
    )
    name = moment.snapshot
    shown = f'<a href="{escape(live)}/?as_of={name}"><code>{name}</code></a>' if live else f"<code>{name}</code>"
    after = (
        f'<aside class="clue-cite" aria-label="Cite this board"><p>Cite this board: snapshot {shown}'
        ' · <a href="data/board.bib" download>BibTeX</a></p></aside>'
    )
    return Around(early=early, before=before, after=after if place.path == "/" else "")


def _relative(html: str, live: str | None) -> str:
    """The page with every address of the site's own as a file beside it, else on the live board, else as plain text."""

    def turned(found: re.Match[str]) -> str:
        path, rest = found["path"], found["rest"]
        local = file_of(path)
        if local.removesuffix(".html") in _known() or (path in ELSEWHERE and local):
            return f"{found['before']}{local}{rest}{found['after']}"
        if live:
            return f"{found['before']}{escape(live)}{path}{rest}{found['after']}"
        return f"{found['before']}{file_of('/v1/')}{found['after']}"

    return ADDRESS.sub(turned, html)


def _known() -> set[str]:
    return {file_of(place.path).removesuffix(".html") for place, content in PAGES if isinstance(content, str)} | {
        "about"
    }


def _sealed(html: str) -> str:
    """The page with a policy that allows its own scripts, by their digests, and files beside it."""
    policy = page_policy(SCRIPT.findall(html), forms=NONE)
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{tag}', 1)


def _offer(moment: Moment, listed: Sequence[str]) -> str:
    links = "".join(f'<li><a href="data/{name}" download>{name}</a></li>' for name in listed)
    return (
        f'<div class="clue-heading"><h1>Files</h1><p>{escape(notice("files offered"))}</p></div>'
        f'<ul>{links}<li><a href="feed.atom">feed.atom</a></li>'
        f'<li><a href="snapshot.json">snapshot.json</a></li></ul><p>Snapshot <code>{moment.snapshot}</code></p>'
    )
