"""The board as it stood at any line of the ledger, and how such a moment may be named."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain import Edition, Provenance, Standing
from backend.errors import UsageError
from storage.ledger import Ledger
from storage.moments import read_wanted
from storage.scores import Scores
from tests.storage.records import board, six_tasks, toy_result

START = datetime(2025, 3, 31, 23, 50, tzinfo=UTC)
STEP = timedelta(minutes=7)


@pytest.fixture
def past(tmp_path: Path) -> Iterator[tuple[Scores, Ledger]]:
    """Seven lines, seven minutes apart, two of them before midnight."""
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, lambda: START + STEP * path.read_bytes().count(b"\n"))
    for number in range(3):
        ledger.append(f"s{number}", toy_result(f"acme/m{number}", values={"mednli": 10.0 * number}))
    ledger.append("s9", toy_result("acme/m1", values={"mednli": 99.0}), supersedes=2, reason="judged again")
    ledger.withdraw("s0", actor="ann", reason="wrong data")
    ledger.append("t", toy_result("acme/late"))
    scores = Scores(tmp_path / "scores.duckdb", ledger, six_tasks(), ())
    yield scores, ledger
    scores.close()


def rows(found: list[Standing]) -> list[tuple[int, str, float | None]]:
    return [(row.number, row.label, row.cells["mednli"].value) for row in found]


def test_each_line_shows_the_board_that_a_ledger_ending_there_makes(
    past: tuple[Scores, Ledger], tmp_path: Path
) -> None:
    scores, _ = past
    lines = (tmp_path / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    for number in range(len(lines) + 1):
        home = tmp_path / f"until-{number}"
        home.mkdir()
        (home / "ledger.jsonl").write_bytes(b"".join(lines[:number]))
        with board(home) as (then, _):
            for edition in Edition:
                wanted = then.standings(Provenance.MEASURED, edition)
                assert scores.standings(Provenance.MEASURED, edition, line=number) == wanted
            assert then.moment().snapshot == scores.moment(str(number)).snapshot
    now = scores.standings(Provenance.MEASURED, Edition.REHEARSAL)
    assert rows(now) == [(3, "acme/m2", 20.0), (4, "acme/m1", 99.0), (6, "acme/late", 50.0)]


def test_a_moment_is_named_by_day_line_or_snapshot(past: tuple[Scores, Ledger]) -> None:
    scores, ledger = past
    second = [entry for entry, _ in ledger.read()][1]
    for asked in ("2", f"000002-{second.hash[:12]}", " 2025-03-31 "):
        found = scores.moment(asked)
        assert (found.number, found.hash, found.at) == (2, second.hash, START + STEP)
        assert (found.results_since, found.withdrawals_since, found.is_now) == (3, 1, False)
    day_after = scores.moment("2025-04-01")
    assert (day_after.number, day_after.is_now) == (6, True) and scores.moment().number == 6
    before = scores.moment("2025-03-30")
    assert (before.number, before.snapshot, before.at) == (0, "000000-000000000000", None)
    assert scores.standings(Provenance.MEASURED, Edition.REHEARSAL, line=before.number) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("yesterday", "no moment of this board"),
        ("2025-02-30", "no moment of this board"),
        ("２０２６-01-01", "no moment of this board"),
        ("9999-12-31", "has not come yet"),
        ("7", "There is no line 7: the ledger has 6 so far"),
        ("000002-aaaaaaaaaaaa", "line 2 has another hash"),
        ("000000-aaaaaaaaaaaa", "line 0 has another hash"),
        ("x" * 5000, "no moment of this board"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(past: tuple[Scores, Ledger], asked: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        past[0].moment(asked)
    assert len(str(refused.value)) < 300


@given(st.text() | st.from_regex(r"\d{1,12}(-\w*)*", fullmatch=True))
@settings(deadline=None)
def test_whatever_is_asked_is_understood_or_refused(asked: str) -> None:
    try:
        wanted = read_wanted(asked, datetime.now(UTC))
    except UsageError:
        return
    assert (wanted.number is None) is (wanted.end is not None)


def test_news_tell_of_every_line_the_last_first(past: tuple[Scores, Ledger]) -> None:
    found = past[0].news(4)
    told = [(one.number, one.withdraws, one.publication and one.publication.result.model.hub_id) for one in found]
    assert told == [(6, False, "acme/late"), (5, True, "acme/m0"), (4, False, "acme/m1"), (3, False, "acme/m2")]
    assert found[2].retired and (found[2].retired.number, found[2].retired.reason) == (2, "judged again")
    assert found[1].retired and found[1].retired.reason == "wrong data"


def test_the_past_stays_what_it_was_while_the_present_goes_on(past: tuple[Scores, Ledger]) -> None:
    scores, ledger = past
    then = scores.moment("2025-04-01")
    before = scores.standings(Provenance.MEASURED, Edition.REHEARSAL, line=then.number)
    ledger.withdraw("s2", actor="ann", reason="")
    assert scores.moment(then.snapshot).withdrawals_since == then.withdrawals_since + 1
    assert scores.standings(Provenance.MEASURED, Edition.REHEARSAL, line=then.number) == before
    assert len(scores.standings(Provenance.MEASURED, Edition.REHEARSAL)) == len(before) - 1
