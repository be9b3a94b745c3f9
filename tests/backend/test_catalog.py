"""A data file is found, checked and fetched whole and right, or not at all."""

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

from backend.datasets.catalog import (
    Presence,
    content,
    data_folder,
    digest,
    fetch,
    fetch_missing,
    locate,
    read_rows,
    state_of,
    trust,
)
from backend.datasets.mednli import MEDNLI
from backend.datasets.rehearsal import MARKER
from backend.domain import Access, DataFile, Dataset, Edition, Example, Task
from backend.errors import DataMissing, FailureCode, PassingFault
from backend.settings import Settings
from backend.tasks import all_tasks
from tests.backend.toys import toy_task
from tests.loopback.serving import reset_connection, serve

CONTENT = b"".join(b"case %d, its pulse and its bruit\n" % n for n in range(1000))
LETTERS = DataFile(
    name="letters.txt", places=("letters", "."), also=("Letters.txt",), obtain="Ask for them.", rows=1000
)


def read_letters(path: Path) -> list[bytes]:
    """One record a line; the first word must be right."""
    lines = content(path).splitlines()
    if not lines or not lines[0].startswith(b"case"):
        raise DataMissing(f"{path} holds no cases.")
    return lines


def letters(file: DataFile = LETTERS) -> Task:
    """A toy task that reads the file."""

    def load(data_dir: Path) -> Dataset:
        rows, found = read_rows(file, data_dir, read_letters)
        examples = tuple(Example(id=str(n), fields={}, reference="", cluster="") for n in range(len(rows)))
        return Dataset(examples=examples, sha256=found, source=file.name, rows=len(rows), anomalies=("One is odd.",))

    return replace(toy_task("letters"), load=load, file=file)


def put(path: Path, data: bytes = CONTENT) -> Path:
    """The path holds these bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


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
        f"/mirror/{LETTERS.name}": _good,
    }
    with serve(Starlette(routes=[Route(path, answer) for path, answer in routes.items()])) as url:
        yield url


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with source() as found:
        yield found


@pytest.fixture
def task(url: str) -> Callable[[str], Task]:
    return lambda path: letters(replace(LETTERS, url=url + path, sha256=sha256(CONTENT).hexdigest()))


def fetched(task: Task, folder: Path, mirror: str | None = None) -> Path:
    assert task.file is not None
    return fetch(task, task.file, folder, mirror, ignore)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", ["/good", "/moved", "/zipped"])
def test_a_file_is_fetched_into_its_first_place(tmp_path: Path, task: Callable[[str], Task], path: str) -> None:
    heard: list[tuple[int, int | None]] = []
    known = task(path)
    assert known.file is not None
    target = fetch(known, known.file, tmp_path, None, lambda done, total: heard.append((done, total)))
    assert target == tmp_path / "letters" / LETTERS.name == locate(LETTERS, tmp_path)
    assert target.read_bytes() == CONTENT and leftovers(tmp_path) == [LETTERS.name]
    assert heard[-1][0] == len(CONTENT) and [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_a_mirror_takes_the_place_of_the_source(tmp_path: Path, task: Callable[[str], Task], url: str) -> None:
    assert fetched(task("/nowhere"), tmp_path, f"{url}/mirror/").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("/page", DataMissing, "is not letters.txt; nothing was changed.*its SHA-256 begins"),
        ("/nowhere", PassingFault, "404"),
        ("/broken", PassingFault, "Ask for them"),
    ],
)
def test_a_failed_fetch_leaves_what_was_there(
    tmp_path: Path, task: Callable[[str], Task], path: str, error: type[Exception], says: str
) -> None:
    old = put(tmp_path / "letters" / LETTERS.name, b"the old one")
    with pytest.raises(error, match=says) as caught:
        fetched(task(path), tmp_path)
    assert old.read_bytes() == b"the old one" and leftovers(tmp_path) == [LETTERS.name]
    assert getattr(caught.value, "code", FailureCode.DOWNLOAD_ERROR) is FailureCode.DOWNLOAD_ERROR


def test_a_fetched_file_whose_digest_nobody_knows_is_read_first_and_its_digest_kept(tmp_path: Path, url: str) -> None:
    page, good = (letters(replace(LETTERS, url=url + path)) for path in ("/page", "/good"))
    with pytest.raises(DataMissing, match="nothing was changed.*holds no cases"):
        fetched(page, tmp_path)
    assert leftovers(tmp_path) == []
    target = fetched(good, tmp_path)
    assert (target.parent / "letters.txt.sha256").read_text().startswith(sha256(CONTENT).hexdigest())
    trust(target, sha256(b"another").hexdigest())
    with pytest.raises(DataMissing, match="nothing was changed.*has changed since it was first used"):
        fetched(good, tmp_path)


@pytest.mark.parametrize("mirror", ["http://127.0.0.1:1", "ftp://127.0.0.1", "http://[", "nonsense"])
def test_a_source_that_cannot_be_reached_is_a_passing_fault(
    tmp_path: Path, task: Callable[[str], Task], mirror: str
) -> None:
    with pytest.raises(PassingFault, match="Ask for them"):
        fetched(task("/good"), tmp_path, mirror)
    assert leftovers(tmp_path) == []


def test_a_credentialed_file_is_never_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataMissing, match="cannot be fetched for you.*data use agreement"):
        fetch(all_tasks()["mednli"], MEDNLI, tmp_path, f"{url}/mirror", ignore)


def test_only_open_files_that_are_missing_are_fetched_and_one_failure_stops_no_other(
    tmp_path: Path, task: Callable[[str], Task], url: str
) -> None:
    there = letters(replace(LETTERS, name="there.txt", url=f"{url}/good"))
    asked_for = letters(replace(LETTERS, name="credentialed.txt"))
    gone = letters(replace(LETTERS, name="gone.txt", url=f"{url}/nowhere"))
    put(tmp_path / "there.txt", b"right or wrong")
    (failure,) = fetch_missing([there, asked_for, gone, task("/good"), toy_task()], tmp_path, None)
    assert "404" in failure
    assert (tmp_path / "there.txt").read_bytes() == b"right or wrong"
    assert leftovers(tmp_path) == [LETTERS.name, "there.txt"]


def test_every_known_file_says_how_to_get_it_and_only_open_ones_have_a_source() -> None:
    files = [(task, task.file) for task in all_tasks().values() if task.file is not None]
    assert len(files) == len(all_tasks())
    for task, file in files:
        assert file.obtain.endswith(".") and task.licence and file.places
        assert file.url is None or task.access is Access.OPEN


@pytest.mark.parametrize("place", ["letters/letters.txt", "letters.txt", "letters/Letters.txt", "Letters.txt"])
def test_a_file_is_found_in_each_place_by_each_name_compressed_or_not(tmp_path: Path, place: str) -> None:
    plain = put(tmp_path / "plain" / place)
    packed = put(tmp_path / "packed" / f"{place}.gz", gzip.compress(CONTENT))
    assert (locate(LETTERS, tmp_path / "plain"), locate(LETTERS, tmp_path / "packed")) == (plain, packed)
    assert digest(plain) == digest(packed) == sha256(CONTENT).hexdigest()
    assert letters().load(tmp_path / "plain") == letters().load(tmp_path / "packed")


def test_a_file_with_a_known_digest_is_that_one_or_refused(tmp_path: Path, task: Callable[[str], Task]) -> None:
    path = put(tmp_path / "letters" / LETTERS.name)
    assert task("/good").load(tmp_path).rows == 1000
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(DataMissing, match="is not the published file"):
        task("/good").load(tmp_path)
    assert leftovers(tmp_path) == [LETTERS.name]


def test_a_file_with_an_unknown_digest_must_stay_the_one_that_was_first_used(tmp_path: Path) -> None:
    path = put(tmp_path / "letters" / "letters.txt.gz", gzip.compress(CONTENT))
    first = letters().load(tmp_path)
    note = path.with_name("letters.txt.sha256")
    assert note.read_text() == f"{first.sha256}  letters.txt\n"
    changed = CONTENT.replace(b"bruit", b"BRUIT")
    path.write_bytes(gzip.compress(changed))
    with pytest.raises(DataMissing, match="has changed since it was first used.*delete letters.txt.sha256"):
        letters().load(tmp_path)
    note.unlink()
    assert letters().load(tmp_path).sha256 == sha256(changed).hexdigest()
    note.write_text("")
    path.write_bytes(gzip.compress(CONTENT))
    letters().load(tmp_path)
    assert note.read_text().startswith(first.sha256)


def test_a_file_of_another_length_is_refused_and_not_remembered(tmp_path: Path) -> None:
    put(tmp_path / LETTERS.name, CONTENT + b"one more\n")
    with pytest.raises(DataMissing, match=r"holds 1,001 records, letters.txt as published 1,000. Ask for them"):
        letters().load(tmp_path)
    assert leftovers(tmp_path) == [LETTERS.name]


@pytest.mark.parametrize("kept", [slice(0, 200), slice(0, -4), slice(20, None)])
def test_a_damaged_compressed_file_is_refused_with_a_sentence(tmp_path: Path, kept: slice) -> None:
    put(tmp_path / "letters.txt.gz", gzip.compress(CONTENT)[kept])
    with pytest.raises(DataMissing, match=r"cannot be read \(\w+\).*Ask for them"):
        letters().load(tmp_path)


def test_a_compressed_file_that_is_wrong_inside_is_refused_with_a_sentence(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(CONTENT))
    packed[30:60] = bytes(30)
    put(tmp_path / "letters.txt.gz", bytes(packed))
    with pytest.raises(DataMissing, match="cannot be read"):
        letters().load(tmp_path)


def test_invented_files_may_be_of_any_length_and_are_not_remembered(tmp_path: Path) -> None:
    put(tmp_path / LETTERS.name, b"case 1\ncase 2\n")
    put(tmp_path / MARKER, b"")
    assert letters().load(tmp_path).rows == 2
    assert leftovers(tmp_path) == [MARKER, LETTERS.name]


def test_the_state_says_where_a_file_lies_or_belongs_and_what_is_odd(tmp_path: Path) -> None:
    missing = state_of(letters(), LETTERS, tmp_path)
    assert (missing.presence, missing.where) == (Presence.MISSING, tmp_path / "letters" / LETTERS.name)
    assert missing.looked_in == ("letters/", "the folder itself") and "Ask for them" in missing.advice
    assert (missing.rows, missing.sha256, missing.anomalies) == (None, None, ())
    path = put(tmp_path / "Letters.txt", b"no such thing")
    wrong = state_of(letters(), LETTERS, tmp_path)
    assert (wrong.presence, wrong.where) == (Presence.WRONG, path) and "holds no cases" in wrong.advice
    path.write_bytes(CONTENT)
    found = state_of(letters(), LETTERS, tmp_path)
    assert (found.presence, found.where, found.rows, found.advice) == (Presence.FOUND, path, 1000, "")
    assert (found.sha256, found.anomalies) == (digest(path), ("One is odd.",))
    assert (found.task, found.licence, found.obtain) == ("letters", "none", "Ask for them.")


def test_invented_data_never_stand_in_for_the_benchmarks_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", data=tmp_path / "data", rehearsal=tmp_path / "rehearsal")
    put(tmp_path / "rehearsal" / "letters.txt")
    assert data_folder(Edition.FULL, settings) == tmp_path / "data"
    with pytest.raises(DataMissing, match="not marked as invented"):
        data_folder(Edition.REHEARSAL, settings)
    put(tmp_path / "rehearsal" / MARKER, b"")
    assert data_folder(Edition.REHEARSAL, settings) == tmp_path / "rehearsal"
    put(tmp_path / "data" / MARKER, b"")
    with pytest.raises(DataMissing, match="never count as results") as caught:
        data_folder(Edition.FULL, settings)
    assert str(tmp_path) not in caught.value.public
