"""A published number cannot change unnoticed, and is published once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain import Edition
from backend.errors import LedgerBroken
from storage.ledger import GENESIS, Head, Ledger, canonical, identity_of
from tests.storage.racing import race, racer, said
from tests.storage.records import result_of, toy_result

MODELS = 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of four results."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for number in range(MODELS):
        ledger.append(f"s{number}", toy_result(f"acme/m{number}"))
    return tmp_path / "ledger.jsonl"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A file to spoil again and again, and what belongs into it."""
    spoiled = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger = Ledger(spoiled, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for number in range(MODELS):
        ledger.append(f"s{number}", toy_result(f"acme/m{number}"))
    return spoiled, spoiled.read_bytes()


def head_file_of(path: Path) -> Path:
    return path.with_name("ledger.head.json")


def broken_line(path: Path) -> int:
    with pytest.raises(LedgerBroken) as broken:
        Ledger(path).verify()
    assert f"line {broken.value.line}:" in str(broken.value)
    return broken.value.line


def test_every_entry_holds_its_result_and_follows_the_one_before(path: Path) -> None:
    entries = [entry for entry, _ in Ledger(path).read()]
    assert [entry.result for entry in entries] == [toy_result(f"acme/m{number}") for number in range(MODELS)]
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert [entry.submission_id for entry in entries] == ["s0", "s1", "s2", "s3"]
    assert [entry.previous for entry in entries] == [GENESIS, *(entry.hash for entry in entries[:-1])]


def test_verifying_gives_the_head(path: Path) -> None:
    last = list(Ledger(path).read())[-1][0]
    assert Ledger(path).verify() == Head(MODELS, last.hash, path.stat().st_size)
    assert Ledger(path.with_name("empty.jsonl")).verify() == Head()


def test_reading_after_a_head_gives_only_what_is_new(path: Path) -> None:
    ledger = Ledger(path)
    head = ledger.verify()
    assert list(ledger.read(head)) == []
    entry = ledger.append("s9", toy_result("acme/m9"))
    assert [new for new, _ in ledger.read(head)] == [entry]


def test_a_result_is_published_once_per_identity(path: Path) -> None:
    ledger = Ledger(path)
    first = [entry for entry, _ in ledger.read()][1]
    assert ledger.append("another", toy_result("ACME/M1", values={"mednli": 99.0})) == first
    assert Ledger(path).append("another", toy_result("acme/m1")) == first
    assert ledger.verify().number == MODELS


def test_a_submission_has_one_line_until_that_is_superseded_whatever_was_measured_the_second_time(path: Path) -> None:
    ledger = Ledger(path)
    first = ledger.append("s9", toy_result("acme/m", values={"mednli": 50.0}))
    more = toy_result("acme/m", values={"mednli": 50.0, "meqsum": 20.0})
    assert ledger.append("s9", more) == first
    assert ledger.append("s9", more, supersedes=first.number, reason="data came").number == first.number + 1
    ledger.withdraw("s9", actor="ann", reason="why")
    assert ledger.standing("s9") is None


def test_what_makes_a_result_another_one() -> None:
    base = toy_result()
    others = [
        toy_result("acme/other"),
        toy_result(revision="d" * 40),
        toy_result(edition=Edition.FULL),
        toy_result(engine="other"),
        toy_result(manifest={"dtype": "float16"}),
        toy_result(manifest={"template_sha256": "e" * 64}),
        toy_result(values={"mednli": 50.0, "meqsum": 1.0}),
    ]
    assert len({identity_of(one) for one in [base, *others]}) == len(others) + 1
    assert identity_of(base) == identity_of(toy_result(manifest={"gpu": "another"}))
    assert identity_of(base) == identity_of(toy_result(values={"mednli": 1.0, "meqsum": None}))


def test_processes_at_once_publish_each_identity_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    told = race(*(("publish_models", path, number, 3, 40) for number in range(3)))
    entries = [entry for entry, _ in Ledger(path).read()]
    assert len(entries) == 40 and len({entry.identity for entry in entries}) == 40
    hashes = {result_of(entry).model.hub_id.removeprefix("acme/m"): entry.hash for entry in entries}
    assert told == [hashes] * 3


def test_what_was_published_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with racer("append_endlessly", path) as process:
        acknowledged = [said(process) for _ in range(20)]
    assert [entry.hash for entry, _ in Ledger(path).read()][:20] == acknowledged


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_flipped_byte_is_found_and_its_line_named(whole: tuple[Path, bytes], data: st.DataObject) -> None:
    path, good = whole
    position = data.draw(st.integers(0, len(good) - 1))
    flip = data.draw(st.integers(1, 255))
    spoiled = bytearray(good)
    spoiled[position] ^= flip
    path.write_bytes(spoiled)
    assert broken_line(path) == good[:position].count(b"\n") + 1


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_removed_stretch_before_the_end_is_found(whole: tuple[Path, bytes], data: st.DataObject) -> None:
    path, good = whole
    start = data.draw(st.integers(0, len(good) - 2))
    end = data.draw(st.integers(start + 1, len(good) - 1))
    path.write_bytes(good[:start] + good[end:])
    assert broken_line(path) == good[:start].count(b"\n") + 1


def test_the_last_newline_turned_into_something_else_is_no_unfinished_line(whole: tuple[Path, bytes]) -> None:
    path, good = whole
    path.write_bytes(good[:-1] + b"\x0b")
    assert broken_line(path) == MODELS
    with pytest.raises(LedgerBroken):
        Ledger(path).append("s9", toy_result("acme/m9"))
    assert path.read_bytes() == good[:-1] + b"\x0b"


@pytest.mark.parametrize(
    ("order", "line"),
    [([1, 2, 3], 1), ([0, 2, 3], 2), ([0, 1, 1, 2, 3], 3), ([0, 2, 1, 3], 2), ([3, 2, 1, 0], 1), ([0, 0, 1, 2, 3], 2)],
)
def test_deleted_repeated_and_swapped_lines_are_found(path: Path, order: list[int], line: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[number] for number in order))
    assert broken_line(path) == line


def test_an_inserted_line_is_found_even_when_its_own_hash_is_right(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    other = path.with_name("other.jsonl")
    Ledger(other).append("forged", toy_result("acme/forged", values={"mednli": 100.0}))
    path.write_bytes(b"".join([*lines[:2], other.read_bytes(), *lines[2:]]))
    assert broken_line(path) == 3


def test_the_same_content_written_differently_is_found(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = json.dumps(json.loads(lines[1])).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    assert broken_line(path) == 2


def test_nothing_is_appended_to_a_broken_ledger(path: Path) -> None:
    spoiled = path.read_bytes().replace(b"acme/m1", b"acme/x1")
    path.write_bytes(spoiled)
    with pytest.raises(LedgerBroken):
        Ledger(path).append("s9", toy_result("acme/m9"))
    assert path.read_bytes() == spoiled


def test_a_ledger_that_became_shorter_is_broken_for_who_saw_it_longer(path: Path) -> None:
    head = Ledger(path).verify()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(LedgerBroken, match="shorter"):
        list(Ledger(path).read(head))


def test_a_ledger_that_is_gone_is_broken_until_it_is_back(path: Path) -> None:
    ledger = Ledger(path)
    moved = path.rename(path.with_name("elsewhere"))
    for use in (ledger.verify, lambda: ledger.append("s9", toy_result("acme/m9")), lambda: list(ledger.read())):
        with pytest.raises(LedgerBroken, match="gone"):
            use()
    assert not path.exists()
    moved.rename(path)
    assert ledger.append("s9", toy_result("acme/m9")).number == MODELS + 1


def test_an_append_verifies_all_again_after_somebody_elses_change(path: Path) -> None:
    ledger = Ledger(path)
    ledger.append("s8", toy_result("acme/m8"))
    Ledger(path).withdraw("s2", actor="ann", reason="wrong data")
    assert ledger.append("again", toy_result("acme/m2")).number == MODELS + 3  # it knows of the withdrawal
    good = path.read_bytes()
    path.write_bytes(good.replace(b"acme/m1", b"acme/x1", 1))
    with pytest.raises(LedgerBroken, match="line 2:"):
        ledger.append("s9", toy_result("acme/m9"))
    path.write_bytes(good)
    assert ledger.append("s9", toy_result("acme/m9")).number == MODELS + 4


def test_an_unfinished_last_line_is_not_there_for_readers_and_overwritten_by_the_next(path: Path) -> None:
    good, stated = path.read_bytes(), head_file_of(path).read_bytes()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    Ledger(path, lambda: at).append("s9", toy_result("acme/m9"))
    last = path.read_bytes()[len(good) :]
    for length in (1, len(last) // 2, len(last) - 2, len(last) - 1):
        path.write_bytes(good + last[:length])
        head_file_of(path).write_bytes(stated)  # the writer that died would have stated the next head only afterwards
        ledger = Ledger(path, lambda: at)
        assert ledger.verify().number == MODELS
        assert path.read_bytes() == good + last[:length]
        ledger.append("s9", toy_result("acme/m9"))
        assert path.read_bytes() == good + last


def test_a_head_survives_reopening(path: Path) -> None:
    head = Ledger(path).verify()
    again = Ledger(path)
    assert again.verify() == head
    assert again.append("s9", toy_result("acme/m9")).previous == head.hash


def test_the_time_of_an_entry_is_the_clocks(tmp_path: Path) -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=UTC) + timedelta(microseconds=5)
    assert Ledger(tmp_path / "ledger.jsonl", lambda: at).append("s", toy_result()).at == at


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_never_published(path: Path, number: float) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError):
        canonical({"value": number})
    with pytest.raises(ValueError):
        Ledger(path).append("s9", toy_result("acme/m9", values={"mednli": number}))
    assert path.read_bytes() == before


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text(), _PLAIN | st.text()))
def test_the_same_value_has_the_same_bytes_in_whatever_order_it_was_made(value: dict[str, object]) -> None:
    try:
        made = canonical(value)
    except UnicodeEncodeError:
        return
    assert made == canonical(dict(reversed(value.items()))) and json.loads(made) == value


def test_only_its_owner_may_write_the_ledger(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
