"""A small Hub on loopback that the real `huggingface_hub` client talks to, with switches for what goes wrong there."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.loopback.hub_community import Community, community_routes
from tests.loopback.hub_datasets import Dataset, dataset_routes
from tests.loopback.hub_repository import Blob, Commit, Repository
from tests.loopback.serving import reset_connection, serve

CHUNK_BYTES = 1 << 16
READER = "hf_loopbackreader"


@dataclass
class LoopbackHub:
    """Folders served as model repositories. The token `READER` opens whatever is private or gated; no other does."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    """Repositories that are written by commits."""
    renamed: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Every request so far, as "METHOD /path"."""
    down: bool = False
    """Every answer is 503."""
    rate_limited: int = 0
    """So many answers still to come are 429."""
    retry_after: float = 0.0
    """Seconds that every 429 asks to be left alone."""
    ailing: dict[str, int] = field(default_factory=dict)
    """Repositories for which every answer has this status, while the rest of the Hub is well."""
    says: str | None = None
    """What comes with 200 in place of every answer, as from a proxy that wants people to sign in."""
    cut_after: int | None = None
    """No byte of a file beyond this offset is ever sent: the connection is reset there, on every attempt."""
    spoiled: bool = False
    """The first byte of every file is wrong, with its length and its digests as announced."""
    swapped: dict[str, bytes] = field(default_factory=dict)
    """What is sent in place of a file, by path, while listing and digests stay those of the file."""
    elsewhere: str | None = None
    """Another server that every GET of a file is redirected to."""
    chunk_delay: float = 0.0
    """Seconds before each chunk of a file (64 KiB)."""
    community: Community = field(default_factory=Community)
    """Pull requests to the models, and who may open some."""
    provider: ASGIApp | None = None
    """What people sign in with, at this same address."""

    def add(
        self,
        repo_id: str,
        folder: Path,
        *,
        gated: bool | str = False,
        private: bool = False,
        base_model: str | None = None,
        licence: str | None = "apache-2.0",
        tags: Sequence[str] = (),
        renamed_to: str | None = None,
        branch: str = "main",
    ) -> str:
        """The folder as it is now is the head of the branch, and the sha returned names it from now on.

        Adding again with other contents makes another commit; older ones stay resolvable. What the card says is what
        the latest call said. With `renamed_to` the repository lives there, and its first name redirects to it.
        """
        lives_at = renamed_to or repo_id
        repository = self.repositories.setdefault(lives_at, Repository(lives_at))
        repository.gated = "auto" if gated is True else gated
        repository.private = private
        repository.base_model, repository.licence = base_model, licence
        repository.extra_tags = tuple(tags)
        if renamed_to is not None:
            self.renamed[repo_id] = renamed_to
        return repository.commit(folder, branch)

    def rename(self, old: str, new: str) -> None:
        """The repository lives under the new name, with its commits; the old name redirects."""
        self.repositories[new] = self.repositories.pop(old)
        self.repositories[new].repo_id = new
        self.renamed[old] = new

    def remove(self, repo_id: str) -> None:
        """The repository is as if it had never been."""
        del self.repositories[repo_id]

    def forget_commit(self, repo_id: str, sha: str) -> None:
        """The commit is no longer resolvable, as after a force-push; branches that pointed at it are gone."""
        repository = self.repositories[repo_id]
        del repository.commits[sha]
        repository.branches = {name: head for name, head in repository.branches.items() if head != sha}

    def clear(self) -> None:
        """No repositories, no recorded requests, no faults."""
        self.repositories.clear()
        self.datasets.clear()
        self.renamed.clear()
        self.requests.clear()
        self.ailing.clear()
        self.says = None
        self.down, self.rate_limited, self.retry_after, self.cut_after = False, 0, 0.0, None
        self.spoiled, self.chunk_delay, self.elsewhere = False, 0.0, None
        self.swapped.clear()
        self.community, self.provider = Community(), None

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The Hub answers at the yielded URL inside the block."""
        with serve(self.app()) as url:
            yield url

    def app(self) -> ASGIApp:
        """The Hub as an ASGI app."""
        model = "/api/models/{owner}/{name}"
        routes = [
            Route("/api/whoami-v2", self._whoami),
            Route("/api/models", self._search),
            Route(model, self._model),
            Route(f"{model}/revision/{{revision}}", self._model),
            *community_routes(lambda: self.community, self._find),
            Route(f"{model}/tree/{{revision}}", self._tree),
            Route(f"{model}/tree/{{revision}}/{{path:path}}", self._tree),
            Route(f"{model}/auth-check", self._auth_check),
            Route("/{owner}/{name}/resolve/{revision}/{path:path}", self._resolve),
            *dataset_routes(self.datasets),
            Route("/{anything:path}", _answer_unknown_route, methods=["GET", "HEAD", "POST"]),
        ]
        return _FrontDoor(self, Starlette(routes=routes))

    async def _whoami(self, request: Request) -> Response:
        if not _may_read(request):
            return _refuse(401, None, "Invalid username or password.")
        token = {"displayName": "loopback", "role": "read"}
        user = {"type": "user", "id": "5f00000000000000000000aa", "name": "reader", "fullname": "A Reader"}
        return JSONResponse({**user, "orgs": [], "auth": {"type": "access_token", "accessToken": token}})

    async def _search(self, request: Request) -> Response:
        words, most = request.query_params.get("search", "").lower(), int(request.query_params.get("limit", "1000"))
        public = (
            each for name, each in sorted(self.repositories.items()) if words in name.lower() and not each.private
        )
        return JSONResponse([each.entry() for each in public][:most])

    async def _model(self, request: Request) -> Response:
        repository = self._find(request)
        if isinstance(repository, Response):
            return repository
        commit = _commit_of(repository, request)
        if isinstance(commit, Response):
            return commit
        facts = repository.describe(commit, with_blobs=request.query_params.get("blobs", "").lower() == "true")
        if wanted := request.query_params.getlist("expand"):
            facts = {key: value for key, value in facts.items() if key in ("_id", "id", *wanted)}
        return Response(json.dumps(facts), media_type="application/json")

    async def _tree(self, request: Request) -> Response:
        repository = self._find(request)
        if isinstance(repository, Response):
            return repository
        commit = _commit_of(repository, request)
        if isinstance(commit, Response):
            return commit
        folder = request.path_params.get("path", "")
        recursive = request.query_params.get("recursive", "").lower() in ("true", "1")
        entries = commit.list_folder(folder, recursive=recursive)
        if folder and not entries:
            return _refuse(404, "EntryNotFound", "Entry not found", commit)
        return JSONResponse(entries)

    async def _auth_check(self, request: Request) -> Response:
        repository = self._find(request)
        if isinstance(repository, Response):
            return repository
        return _refuse_gated(repository, request) or JSONResponse({})

    async def _resolve(self, request: Request) -> Response:
        repository = self._find(request)
        if isinstance(repository, Response):
            return repository
        refusal = _refuse_gated(repository, request)
        if refusal is not None:
            return refusal
        commit = _commit_of(repository, request)
        if isinstance(commit, Response):
            return commit
        blob = commit.blobs.get(request.path_params["path"])
        if blob is None:
            return _refuse(404, "EntryNotFound", "Entry not found", commit)
        if self.elsewhere and request.method == "GET":
            return Response(status_code=302, headers={"Location": f"{self.elsewhere}/{blob.path}"})
        return self._send_file(blob, commit, request)

    def _find(self, request: Request) -> Repository | Response:
        repo_id = f"{request.path_params['owner']}/{request.path_params['name']}"
        if repo_id in self.renamed:
            moved = request.url.path.replace(repo_id, self.renamed[repo_id], 1)
            query = f"?{request.url.query}" if request.url.query else ""
            # Relative, as the Hub's is: the client follows no other kind on a HEAD.
            return Response(status_code=307, headers={"Location": moved + query})
        repository = self.repositories.get(repo_id)
        if repository is None or (repository.private and not _may_read(request)):
            # The Hub does not tell a stranger whether a private repository exists.
            return _refuse(404 if _may_read(request) else 401, "RepoNotFound", "Repository not found")
        return repository

    def _send_file(self, blob: Blob, commit: Commit, request: Request) -> Response:
        start, end = _asked_range(request.headers.get("Range"), blob.size)
        if start >= blob.size > 0:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{blob.size}"})
        headers = {
            "ETag": f'"{blob.oid}"',
            "X-Repo-Commit": commit.sha,
            "Accept-Ranges": "bytes",
            "Content-Length": str(end - start),
            "Content-Disposition": f'inline; filename="{Path(blob.path).name}"',
        }
        if blob.is_large:
            headers |= {"X-Linked-ETag": f'"{blob.sha256}"', "X-Linked-Size": str(blob.size)}
        partial = end - start < blob.size
        if partial:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size}"
        status = 206 if partial else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        return StreamingResponse(self._read(blob, start, end, request), status, headers, "application/octet-stream")

    async def _read(self, blob: Blob, start: int, end: int, request: Request) -> AsyncIterator[bytes]:
        content = self.swapped.get(blob.path, blob.content)
        if self.spoiled and content:
            content = bytes([content[0] ^ 0xFF]) + content[1:]
        stop = end if self.cut_after is None else min(end, self.cut_after)
        for offset in range(start, stop, CHUNK_BYTES):
            await asyncio.sleep(self.chunk_delay)
            yield content[offset : min(offset + CHUNK_BYTES, stop)]
        if stop < end:
            await asyncio.sleep(0.02)  # lets what was sent arrive: a reset throws away what lies in the buffers
            reset_connection(request.scope)


@dataclass(frozen=True)
class _FrontDoor:
    """Writes every request down, then turns it away or lets it in, as the switches say."""

    hub: LoopbackHub
    inner: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.hub.requests.append(f"{scope['method']} {scope['path']}")
        door = self.inner
        if self.hub.down:
            door = self._refuse(503)
        elif self.hub.provider is not None and scope["path"].startswith(("/oauth/", "/.well-known/")):
            door = self.hub.provider
        elif self.hub.rate_limited > 0:
            self.hub.rate_limited -= 1
            door = self._refuse(429)
        elif status := next((status for name, status in self.hub.ailing.items() if f"/{name}" in scope["path"]), None):
            door = self._refuse(status)
        elif self.hub.says is not None:
            door = Response(self.hub.says, media_type="text/html")
        await door(scope, receive, send)

    def _refuse(self, status: int) -> Response:
        door = _refuse(status, None, HTTPStatus(status).phrase)
        if status == 429:
            door.headers["Retry-After"] = f"{self.hub.retry_after:g}"
        return door


async def _answer_unknown_route(request: Request) -> Response:
    return _refuse(404, "RepoNotFound", "Repository not found")


def _commit_of(repository: Repository, request: Request) -> Commit | Response:
    commit = repository.resolve(request.path_params.get("revision", "main"))
    return commit or _refuse(404, "RevisionNotFound", "Invalid rev id")


def _refuse_gated(repository: Repository, request: Request) -> Response | None:
    if not repository.gated or _may_read(request):
        return None
    status = 403 if "Authorization" in request.headers else 401
    return _refuse(status, "GatedRepo", f"Access to model {repository.repo_id} is restricted.")


def _refuse(status: int, code: str | None, message: str, commit: Commit | None = None) -> Response:
    headers = {"X-Error-Message": message}
    if code is not None:
        headers["X-Error-Code"] = code
    if commit is not None:
        headers["X-Repo-Commit"] = commit.sha
    return JSONResponse({"error": message}, status, headers)


def _may_read(request: Request) -> bool:
    return request.headers.get("Authorization") == f"Bearer {READER}"


def _asked_range(header: str | None, size: int) -> tuple[int, int]:
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if asked is None or not any(asked.groups()):
        return 0, size
    first, last = asked.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
