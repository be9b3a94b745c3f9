"""Pull requests to the loopback Hub's models, opened by commits of the real client."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.loopback.hub_repository import Blob, Commit, Repository

PERMISSION = "write-discussions"


@dataclass
class PullRequest:
    """A pull request: its commit has main's files and those that it adds."""

    number: int
    title: str
    about: str
    author: str
    added: dict[str, bytes]
    commit: Commit
    status: str = "open"


@dataclass
class Community:
    """What is open at which repository, in the order of numbers."""

    requests: dict[str, list[PullRequest]] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    """What each token is good for."""
    closed: set[str] = field(default_factory=set)
    """Repositories whose owners have disabled discussions."""
    delay: float = 0.0
    """Seconds before every commit is answered."""
    refusing: int | None = None
    """The status that every commit is refused with."""


def community_routes(
    community: Callable[[], Community], find: Callable[[Request], Repository | Response]
) -> list[Route]:
    """What the Hub answers about pull requests: listing, preupload, commit, and their trees and files."""

    def of(request: Request) -> tuple[list[PullRequest], Repository] | Response:
        found = find(request)
        if isinstance(found, Response):
            return found
        return community().requests.setdefault(found.repo_id, []), found

    async def listing(request: Request) -> Response:
        found = of(request)
        if isinstance(found, Response):
            return found
        requests, repository = found
        status = request.query_params.get("status")
        told = [_told(each, repository.repo_id) for each in requests if status in (None, each.status)]
        return JSONResponse({"discussions": told[::-1], "count": len(told), "start": 0})

    async def preupload(request: Request) -> Response:
        files = json.loads(await request.body())["files"]
        modes = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False} for each in files]
        return JSONResponse({"files": modes})

    async def commit(request: Request) -> Response:
        found = of(request)
        if isinstance(found, Response):
            return found
        requests, repository = found
        await asyncio.sleep(community().delay)
        scopes = community().scopes.get(request.headers.get("authorization", "").removeprefix("Bearer "), "")
        if community().refusing:
            return _refused(community().refusing or 500, "Not today")
        if repository.repo_id in community().closed:
            return _refused(403, "Discussions are disabled for this repository")
        if PERMISSION not in scopes.split() or request.query_params.get("create_pr") != "1":
            return _refused(403, "Forbidden: your token does not have the rights")
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        head = next(line["value"] for line in lines if line["key"] == "header")
        if head.get("parentCommit") != repository.branches["main"]:
            return _refused(412, "A commit has happened since")
        values = [line["value"] for line in lines if line["key"] == "file"]
        added = {each["path"]: base64.b64decode(each["content"]) for each in values}
        made = open_request(requests, repository, head["summary"], head.get("description", ""), added)
        address = f"{request.base_url}{repository.repo_id}"
        return JSONResponse(
            {
                "commitOid": made.commit.sha,
                "commitUrl": f"{address}/commit/{made.commit.sha}",
                "pullRequestUrl": f"{address}/discussions/{made.number}",
            }
        )

    def at(request: Request) -> Commit | Response:
        found = of(request)
        if isinstance(found, Response):
            return found
        number = int(request.path_params["number"])
        return next((each.commit for each in found[0] if each.number == number), _refused(404, "RevisionNotFound"))

    async def tree(request: Request) -> Response:
        found = at(request)
        entries = [] if isinstance(found, Response) else found.list_folder(request.path_params["path"], recursive=False)
        return JSONResponse(entries) if entries else _refused(404, "EntryNotFound")

    async def resolve(request: Request) -> Response:
        found = at(request)
        blob = None if isinstance(found, Response) else found.blobs.get(request.path_params["path"])
        return Response(blob.content) if blob else _refused(404, "EntryNotFound")

    model = "/api/models/{owner}/{name}"
    return [
        Route(f"{model}/discussions", listing),
        Route(f"{model}/preupload/{{revision}}", preupload, methods=["POST"]),
        Route(f"{model}/commit/{{revision}}", commit, methods=["POST"]),
        Route(f"{model}/tree/refs/pr/{{number:int}}/{{path:path}}", tree),
        Route("/{owner}/{name}/resolve/refs/pr/{number:int}/{path:path}", resolve),
    ]


def open_request(
    requests: list[PullRequest], repository: Repository, title: str, about: str, added: dict[str, bytes]
) -> PullRequest:
    """Another pull request, which adds these files to main's."""
    main = repository.resolve("main")
    blobs = {**(main.blobs if main else {}), **{path: Blob(path, content) for path, content in added.items()}}
    sha = hashlib.sha1(f"{len(requests)}{sorted(blobs)}".encode()).hexdigest()
    made = PullRequest(len(requests) + 1, title, about, "reader", added, Commit(sha, blobs))
    requests.append(made)
    return made


def _told(each: PullRequest, repo_id: str) -> dict[str, Any]:
    return {
        "num": each.number,
        "title": each.title,
        "author": {"name": each.author},
        "createdAt": "2026-11-01T10:00:00.000Z",
        "status": each.status,
        "repo": {"name": repo_id, "type": "model"},
        "isPullRequest": True,
    }


def _refused(status: int, message: str) -> Response:
    code = {"X-Error-Code": message} if message.endswith("NotFound") else {}
    return JSONResponse({"error": message}, status, {"X-Error-Message": message, **code})
