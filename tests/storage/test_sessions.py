"""Who is signed in is kept on the server, for as long as it should be and no longer."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import OperatorFault
from backend.submission import Person
from storage.secret import keep_secret
from storage.sessions import MOST_OF_ONE, Sessions
from tests.storage.records import Clock

ADA, BOB = Person("https://id.example#1", "ada"), Person("https://id.example#2", "bob")
HOUR = 3600.0


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Sessions:
    return Sessions(tmp_path / "sessions.sqlite", 8 * HOUR, clock.pair)


def test_a_session_is_found_until_its_time_is_up_wherever_the_file_is_opened(
    kept: Sessions, tmp_path: Path, clock: Clock
) -> None:
    session_id = kept.begin(ADA)
    clock.advance(7 * HOUR)
    found = Sessions(tmp_path / "sessions.sqlite", HOUR, clock.pair).find(session_id)
    assert found and found.person == ADA and (found.expires_at - found.created_at).total_seconds() == 8 * HOUR
    again = kept.find(session_id)
    assert again and (again.seen_at - again.created_at).total_seconds() == 7 * HOUR, "being seen makes it no longer"
    clock.advance(HOUR)
    assert kept.find(session_id) is None


def test_signing_out_ends_one_session_and_a_block_all_of_a_person(kept: Sessions) -> None:
    first, second, other = kept.begin(ADA), kept.begin(ADA), kept.begin(BOB)
    kept.end(first)
    kept.end("never begun")
    assert [each is not None for each in map(kept.find, (first, second, other))] == [False, True, True]
    assert kept.end_all(ADA.subject) == 1 and kept.end_all(ADA.subject) == 0
    assert kept.find(second) is None and kept.find(other)


def test_the_file_holds_nothing_that_one_could_come_in_with(kept: Sessions, tmp_path: Path) -> None:
    ids = {kept.begin(ADA) for _ in range(5)}
    assert len(ids) == 5 and min(map(len, ids)) == 43, "256 bits each"
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ada" in held and not any(each.encode() in held for each in ids)


def test_sessions_are_bounded_for_one_and_for_all_and_the_oldest_go(tmp_path: Path, clock: Clock) -> None:
    kept = Sessions(tmp_path / "sessions.sqlite", 8 * HOUR, clock.pair, most=30)
    bobs = kept.begin(BOB)
    mine = []
    for _ in range(MOST_OF_ONE + 5):
        clock.advance(1)
        mine.append(kept.begin(ADA))
    assert [kept.find(each) is not None for each in mine] == [False] * 5 + [True] * MOST_OF_ONE
    assert kept.find(bobs)
    for number in range(10):
        clock.advance(1)
        kept.begin(Person(f"https://id.example#n{number}", "n"))
    assert kept.find(bobs) is None and kept.find(mine[-1])


def test_a_damaged_file_costs_a_sign_in_and_nothing_else(kept: Sessions, tmp_path: Path) -> None:
    lost = kept.begin(ADA)
    for path in tmp_path.iterdir():
        path.write_bytes(os.urandom(8192))
    assert kept.find(lost) is None
    assert kept.find(kept.begin(ADA)), "and the next one holds"
    (tmp_path / "sessions.sqlite").write_bytes(b"nothing like a database" * 100)
    assert Sessions(tmp_path / "sessions.sqlite", HOUR).find(lost) is None


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "cookies.key"
    secret = keep_secret(path)
    assert len(secret) == 32 and keep_secret(path) == secret and path.stat().st_mode & 0o777 == 0o600
    assert keep_secret(tmp_path / "another.key") != secret
    path.write_bytes(b"short")
    with pytest.raises(OperatorFault, match="Remove it"):
        keep_secret(path)


def test_a_file_that_cannot_be_written_signs_nobody_in_and_nobody_out(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "sessions.sqlite"
    kept = Sessions(path, 8 * HOUR, clock.pair, busy_seconds=0.05)
    mine = kept.begin(ADA)
    clock.advance(HOUR)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperatorFault, match="cannot be written"):
            kept.begin(BOB)
        found = kept.find(mine)
        assert found and found.person == ADA
