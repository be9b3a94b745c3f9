"""The folder of a static site: made beside its place, and put there when it is whole."""

import asyncio
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from backend import __version__
from backend.errors import OperatorFault
from frontend_config.desk import Desk
from frontend_config.exports.atom import MOST_NEWS, Where, atom_feed
from frontend_config.static_site.answers import all_names, answer_files
from frontend_config.static_site.pages import asset_files, page_files
from storage.files import put_folder
from storage.moments import Moment

MARK = "snapshot.json"
README = """---
title: CLUE Leaderboard
colorFrom: green
colorTo: blue
sdk: static
app_file: index.html
pinned: false
license: cc-by-4.0
---

The CLUE Leaderboard, snapshot {snapshot}, as files: any file server shows it.
"""


def write_site(desk: Desk, folder: Path, address: str | None = None) -> Moment:
    """`folder` is the board of this desk as a static site, the same bytes for the same state of it; returns that state.

    `address` is where people will find the folder, for the feed. OperatorFault, and nothing changed, when something
    lies in `folder` that no earlier site put there.
    """
    _require_ours(folder)
    moment = desk.chronicle.moment()
    files = _files(desk, moment, address)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    about = {"snapshot": moment.snapshot, "ledger": {"number": moment.number, "hash": moment.hash}}
    mark = about | {"at": moment.at and moment.at.isoformat(), "program": __version__, "files": digests}
    files[MARK] = json.dumps(mark, indent=1).encode() + b"\n"
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        for name, content in files.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for path in (*partial.rglob("*"), partial):
            path.chmod(0o755 if path.is_dir() else 0o644)
        put_folder(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return moment


def _files(desk: Desk, moment: Moment, address: str | None) -> dict[str, bytes]:
    data = asyncio.run(answer_files(desk))
    base = f"{address.rstrip('/')}/" if address else "./"
    where = Where(site=desk.settings.public_url, base=base, own=f"{base}feed.atom", page="model.html")
    feed = atom_feed(desk.chronicle.news(MOST_NEWS), desk.tasks, where)
    pages = page_files(desk.tasks, desk.settings, moment, list(all_names(data)))
    return {
        **pages,
        **{f"static/{name}": content for name, content in asset_files().items()},
        **{f"data/{name}": content for name, content in data.items()},
        "feed.atom": feed,
        "README.md": README.format(snapshot=moment.snapshot).encode(),
        ".nojekyll": b"",
    }


def _require_ours(folder: Path) -> None:
    if not folder.exists():
        return
    try:
        known = set(json.loads((folder / MARK).read_bytes())["files"]) | {MARK}
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    there = (
        {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()} if folder.is_dir() else {""}
    )
    if foreign := sorted(there - known):
        raise OperatorFault(
            f"{folder} holds {foreign[0] or 'a file'}, which no site of ours put there. Name a folder of its own."
        )
