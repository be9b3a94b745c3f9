"""Files the browser keeps for good: read once, compressed once, named by the hash of what is in them."""

import hashlib
import mimetypes
import threading
from collections.abc import Mapping
from pathlib import Path, PurePath

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from frontend_config.representations import Representation

FOREVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


class Folder:
    """The files of a folder, and of the folders in it, as answers, and what is `made` of them, by name.

    These names are all that is ever found.
    """

    def __init__(self, path: Path, made: Mapping[str, bytes] | None = None) -> None:
        self.path = path
        self._made = dict(made or {})
        self._answers: dict[str, Representation] = {}
        self._lock = threading.Lock()

    def answer(self, name: str) -> Representation:
        """The file of this name; HTTPException 404 when there is none."""
        with self._lock:
            if name not in self._answers:
                self._answers[name] = self._read(name)
            return self._answers[name]

    def digest(self) -> str:
        """A name for the contents of the whole folder: another one as soon as a byte of any file differs."""
        total = hashlib.sha256()
        texts = {name: file.read_bytes() for name, file in self._files().items()} | self._made
        for name, text in sorted(texts.items()):
            total.update(name.encode() + b"\0" + text + b"\0")
        return total.hexdigest()[:12]

    def sheets(self, folder: str) -> list[str]:
        """The style sheets that lie in a folder of this one, in order."""
        return sorted(f"{folder}/{file.name}" for file in (self.path / folder).glob("*.css"))

    def _files(self) -> dict[str, Path]:
        return {str(file.relative_to(self.path)): file for file in self.path.rglob("*") if file.is_file()}

    def _read(self, name: str) -> Representation:
        file = self._files().get(name)
        if file is None and name not in self._made:
            raise HTTPException(404, "There is no such file.")
        kind = TYPES.get(PurePath(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Representation(file.read_bytes() if file else self._made[name], kind)


def asset_router(own: Folder, digest: str, gradio: Folder) -> APIRouter:
    """Serves /static/clue/<digest>/ and Gradio's own hashed /assets/, both to be kept for good.

    A page that was loaded before an update still finds today's files under yesterday's digest, but may not keep them.
    """
    router = APIRouter()

    @router.get("/static/clue/{held}/{name:path}", include_in_schema=False)
    def own_file(request: Request, held: str, name: str) -> Response:
        keeping = FOREVER if held == digest else "no-cache"
        return own.answer(name).respond(request, headers={"Cache-Control": keeping})

    @router.get("/assets/{name}", include_in_schema=False)
    def gradio_file(request: Request, name: str) -> Response:
        return gradio.answer(name).respond(request, headers={"Cache-Control": FOREVER})

    return router
