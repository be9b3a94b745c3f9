"""A data file is fetched whole and right, or not at all."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from backend.datasets.catalog import DATA_FILES, MEDNLI, MEQSUM, DataFile, digest, fetch, locate, verified
from backend.domain import Access
from backend.errors import DataMissing, FailureCode, PassingFault
from tests.loopback.serving import reset_connection, serve

CONTENT = bytes(range(256)) * 1000


def ignore(done: int, total: int | None) -> None:
    """Nobody looks."""


async def _good(request: Request) -> Response:
    return Response(CONTENT, media_type="application/octet-stream")


async def _moved(request: Request) -> Response:
    return RedirectResponse("/good")


async def _page(request: Request) -> Response:
    return Response("<!doctype html>", media_type="text/html")


async def _zipped(request: Request) -> Response:
    return Response(gzip.compress(CONTENT), headers={"Content-Encoding": "gzip"})


async def _broken(request: Request) -> Response:
    async def drip() -> object:
        yield CONTENT[:1000]
        reset_connection(request.scope)

    return StreamingResponse(drip(), headers={"Content-Length": str(len(CONTENT))})  # type: ignore[arg-type]


@contextmanager
def source() -> Iterator[str]:
    routes = {
        "/good": _good,
        "/moved": _moved,
        "/page": _page,
        "/zipped": _zipped,
        "/broken": _broken,
        f"/mirror/{MEQSUM.name}": _good,
    }
    with serve(Starlette(routes=[Route(path, answer) for path, answer in routes.items()])) as url:
        yield url


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with source() as found:
        yield found


@pytest.fixture
def file(url: str) -> Callable[[str], DataFile]:
    return lambda path: replace(MEQSUM, url=url + path, sha256=sha256(CONTENT).hexdigest())


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", ["/good", "/moved", "/zipped"])
def test_a_file_is_fetched_into_its_first_place(tmp_path: Path, file: Callable[[str], DataFile], path: str) -> None:
    heard: list[tuple[int, int | None]] = []
    target = fetch(file(path), tmp_path, None, lambda done, total: heard.append((done, total)))
    assert target == tmp_path / MEQSUM.places[0] / MEQSUM.name == locate(MEQSUM, tmp_path)
    assert target.read_bytes() == CONTENT and leftovers(tmp_path) == [MEQSUM.name]
    assert heard[-1][0] == len(CONTENT) and [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_a_mirror_takes_the_place_of_the_source(tmp_path: Path, file: Callable[[str], DataFile], url: str) -> None:
    assert fetch(file("/nowhere"), tmp_path, f"{url}/mirror/", ignore).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("/page", DataMissing, "its SHA-256 differs.*nothing was changed"),
        ("/nowhere", PassingFault, "404"),
        ("/broken", PassingFault, "github.com/abachaa/MeQSum"),
    ],
)
def test_a_failed_fetch_leaves_what_was_there(
    tmp_path: Path, file: Callable[[str], DataFile], path: str, error: type[Exception], says: str
) -> None:
    old = tmp_path / MEQSUM.places[0] / MEQSUM.name
    old.parent.mkdir()
    old.write_bytes(b"the old one")
    with pytest.raises(error, match=says) as caught:
        fetch(file(path), tmp_path, None, ignore)
    assert old.read_bytes() == b"the old one" and leftovers(tmp_path) == [MEQSUM.name]
    assert getattr(caught.value, "code", FailureCode.DOWNLOAD_ERROR) is FailureCode.DOWNLOAD_ERROR


@pytest.mark.parametrize("mirror", ["http://127.0.0.1:1", "ftp://127.0.0.1", "http://[", "nonsense"])
def test_a_source_that_cannot_be_reached_is_a_passing_fault(tmp_path: Path, mirror: str) -> None:
    with pytest.raises(PassingFault, match=r"data fetch|download the raw file"):
        fetch(MEQSUM, tmp_path, mirror, ignore)
    assert leftovers(tmp_path) == []


def test_a_credentialed_file_is_never_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataMissing, match="cannot be fetched for you.*data use agreement"):
        fetch(MEDNLI, tmp_path, f"{url}/mirror", ignore)


def test_every_known_file_says_how_to_get_it_and_only_open_ones_have_a_source() -> None:
    for file in DATA_FILES:
        assert file.obtain.endswith(".") and file.licence and file.places
        assert (file.url is not None) is (file.access is Access.OPEN)
        assert file.url is None or file.sha256


def test_a_file_is_verified_by_its_digest(tmp_path: Path, file: Callable[[str], DataFile]) -> None:
    known = file("/good")
    path = tmp_path / "meqsum" / MEQSUM.name
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    assert verified(known, tmp_path) == (path, digest(path))
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(DataMissing, match="is not the published file"):
        verified(known, tmp_path)
