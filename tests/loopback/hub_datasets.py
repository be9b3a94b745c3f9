"""Datasets of the loopback Hub: repositories that the real client reads, lists, and writes by commits."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.loopback.hub_repository import Blob, Commit


@dataclass
class Dataset:
    """A dataset's commits, oldest first; the last one is the head of its main branch."""

    commits: list[Commit] = field(default_factory=lambda: [Commit("0" * 40, {})])

    @property
    def head(self) -> Commit:
        """Where main is."""
        return self.commits[-1]

    def at(self, revision: str) -> Commit | None:
        """The commit that `main` or a full sha names."""
        return self.head if revision == "main" else next((each for each in self.commits if each.sha == revision), None)

    def commit(self, files: Mapping[str, bytes]) -> Commit:
        """These files are written over those that were there."""
        blobs = {**self.head.blobs, **{path: Blob(path, content) for path, content in files.items()}}
        listing = "".join(f"{blob.oid} {path}\n" for path, blob in sorted(blobs.items()))
        sha = hashlib.sha1(f"{len(self.commits)}\n{listing}".encode()).hexdigest()
        self.commits.append(Commit(sha, blobs))
        return self.head


def dataset_routes(datasets: dict[str, Dataset]) -> list[Route]:
    """What the Hub answers about them: facts, tree, preupload, commit and resolve."""

    def of(request: Request) -> tuple[Dataset, Commit] | None:
        found = datasets.get(f"{request.path_params['owner']}/{request.path_params['name']}")
        commit = found.at(request.path_params.get("revision", "main")) if found else None
        return (found, commit) if found and commit else None

    async def facts(request: Request) -> Response:
        found = of(request)
        if found is None:
            return _absent("RepoNotFound")
        name = f"{request.path_params['owner']}/{request.path_params['name']}"
        told: dict[str, Any] = {"_id": "d" * 24, "id": name, "sha": found[1].sha, "private": True, "tags": []}
        return JSONResponse({**told, "siblings": [], "downloads": 0, "likes": 0})

    async def tree(request: Request) -> Response:
        found = of(request)
        recursive = request.query_params.get("recursive", "").lower() in ("true", "1")
        entries = found[1].list_folder(request.path_params.get("path", ""), recursive=recursive) if found else []
        return JSONResponse(entries) if entries else _absent("EntryNotFound")

    async def preupload(request: Request) -> Response:
        files = json.loads(await request.body())["files"]
        modes = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False} for each in files]
        return JSONResponse({"files": modes})

    async def commit(request: Request) -> Response:
        found = of(request)
        if found is None:
            return _absent("RepoNotFound")
        name = f"{request.path_params['owner']}/{request.path_params['name']}"
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        values = [line["value"] for line in lines if line["key"] == "file"]
        made = found[0].commit({each["path"]: base64.b64decode(each["content"]) for each in values})
        return JSONResponse(
            {"commitOid": made.sha, "commitUrl": f"{request.base_url}datasets/{name}/commit/{made.sha}"}
        )

    async def resolve(request: Request) -> Response:
        found = of(request)
        blob = found[1].blobs.get(request.path_params["path"]) if found else None
        if blob is None:
            return _absent("EntryNotFound")
        first, _, last = request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        if int(first) >= blob.size:
            return Response(status_code=416)
        return Response(blob.content[int(first) : int(last) + 1 if last else blob.size], 206)

    api = "/api/datasets/{owner}/{name}"
    return [
        Route(api, facts),
        Route(f"{api}/revision/{{revision}}", facts),
        Route(f"{api}/tree/{{revision}}/{{path:path}}", tree),
        Route(f"{api}/preupload/{{revision}}", preupload, methods=["POST"]),
        Route(f"{api}/commit/{{revision}}", commit, methods=["POST"]),
        Route("/datasets/{owner}/{name}/resolve/{revision}/{path:path}", resolve),
    ]


def _absent(code: str) -> Response:
    return JSONResponse({"error": "not found"}, 404, {"X-Error-Code": code, "X-Error-Message": "not found"})
