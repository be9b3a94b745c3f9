"""The board's tables follow the ledger, mend themselves, and average only what is complete."""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain import LEVEL_TASKS, PAPERS_PROTOCOL, Diagnostics, Edition, Level, Provenance, Standing
from frontend_config.published import published_standings
from storage.score_rows import Retired
from tests.storage.records import (
    ALL,
    MODELS,
    board,
    contents,
    result_of,
    score_of,
    six_tasks,
    toy_result,
    toy_run,
    toy_task,
)

REHEARSAL = (Provenance.MEASURED, Edition.REHEARSAL)
FULL = (Provenance.MEASURED, Edition.FULL)


def cell_values(standing: Standing) -> dict[str, float | None]:
    return {name: score.value for name, score in standing.cells.items()}


def test_the_board_shows_what_the_ledger_holds(home: Path) -> None:
    with board(home) as (scores, ledger):
        standings = scores.standings(*REHEARSAL)
        entries = [entry for entry, _ in ledger.read()]
        assert scores.version() == entries[-1].hash
    assert [standing.label for standing in standings] == [f"acme/m{number}" for number in range(MODELS)]
    for number, (standing, entry) in enumerate(zip(standings, entries, strict=True)):
        assert standing.model == result_of(entry).model and standing.submission_id == f"s{number}"
        assert standing.published_at == entry.at and standing.engine == "toy"
        single = standing.cells["mednli.exact"]
        assert (single.value, single.low, single.high, single.n) == (number + 1.0, number, number + 2.0, 3)
        assert set(cell_values(standing).values()) == {number + 1.0}


def test_refreshing_takes_in_only_what_is_new_and_only_once(home: Path) -> None:
    with board(home) as (scores, ledger):
        assert scores.refresh() == 0
        version = scores.version()
        ledger.append("s9", toy_result("acme/m9"))
        ledger.append("s10", toy_result("acme/m10"))
        assert scores.refresh() == 2 and scores.refresh() == 0
        assert scores.version() != version and len(scores.standings(*REHEARSAL)) == MODELS + 2
    with board(home) as (scores, _):
        assert scores.refresh() == 0 and len(scores.standings(*REHEARSAL)) == MODELS + 2


def test_opening_an_intact_file_does_not_make_it_anew(home: Path) -> None:
    before = (home / "scores.duckdb").stat().st_ino
    with board(home):
        pass
    assert (home / "scores.duckdb").stat().st_ino == before


def test_rebuilding_gives_equal_tables(home: Path) -> None:
    before = contents(home)
    with board(home) as (scores, _):
        assert scores.rebuild() == MODELS
        assert len(scores.standings(*REHEARSAL)) == MODELS
    assert contents(home) == before


def test_a_changed_registry_makes_the_averages_anew(home: Path) -> None:
    with board(home) as (scores, _):
        assert scores.standings(*REHEARSAL)[0].cells["mednli"].value == 1.0
    for tasks in (six_tasks(["exact", "other"]), six_tasks(["other"])):
        with board(home, tasks) as (scores, _):
            cell = scores.standings(*REHEARSAL)[0].cells["mednli"]
            assert cell.value is None and cell.missing and (cell.low, cell.high) == (None, None)
    with board(home) as (scores, _):
        assert scores.standings(*REHEARSAL)[0].cells["mednli"].value == 1.0


def test_a_corrected_published_score_is_shown_after_a_restart(home: Path) -> None:
    first, *others = published_standings()
    corrected = replace(
        first, cells={**first.cells, "mednli.accuracy": replace(first.cells["mednli.accuracy"], value=9.0)}
    )
    with board(home, published=[first, *others]):
        pass
    with board(home, published=[corrected, *others]) as (scores, _):
        shown = next(row for row in scores.standings(Provenance.PUBLISHED, Edition.FULL) if row.label == first.label)
    assert shown.cells["mednli.accuracy"].value == 9.0


def test_readers_see_a_whole_board_while_it_is_made_anew(home: Path) -> None:
    with board(home) as (scores, _), ThreadPoolExecutor(4) as threads:
        expected, done = scores.standings(*REHEARSAL), Event()

        def read(_: int) -> bool:
            same = True
            while not done.is_set():
                same = same and scores.standings(*REHEARSAL) == expected
            return same

        readers = [threads.submit(read, number) for number in range(4)]
        for _ in range(5):
            assert scores.rebuild() == MODELS
        done.set()
        assert all(reader.result() for reader in readers)


STEPS = st.lists(st.tuples(st.sampled_from(["publish", "publish", "supersede", "withdraw"]), st.integers(0, 3)))


@settings(max_examples=10, deadline=None)
@given(steps=STEPS)
def test_whatever_happened_the_board_shows_what_stands_and_is_equal_when_made_anew(
    steps: list[tuple[str, int]],
) -> None:
    stands: dict[int, str] = {}
    ended: dict[int, tuple[int, bool]] = {}
    with tempfile.TemporaryDirectory() as folder, board(Path(folder)) as (scores, ledger):
        for count, (step, model) in enumerate(steps):
            numbers = [number for number, told in stands.items() if told.startswith(f"m{model} ")]
            result = toy_result(f"acme/m{model}", values={"mednli": float(count)})
            if step == "publish":
                entry = ledger.append(f"m{model} {count}", result)
            elif not numbers:
                continue
            elif step == "supersede":
                entry = ledger.append(f"m{model} {count}", result, supersedes=numbers[0], reason="again")
                ended[numbers[0]] = (entry.number, False)
                del stands[numbers[0]]
            else:
                entry = ledger.withdraw(stands.pop(numbers[0]), actor="ann", reason="wrong data")
                ended[numbers[0]] = (entry.number, True)
            if entry.result and (step == "supersede" or not numbers):
                stands[entry.number] = entry.submission_id
            scores.follow()
        shown = {one.submission_id: one.cells["mednli"].value for one in scores.standings(*REHEARSAL)}
        assert shown == {told: float(told.split()[1]) for told in stands.values()}
        assert {number: (one.by, one.withdrawn) for number, one in scores.retired().items()} == ended
        scores.close()
        grown = contents(Path(folder))
        with board(Path(folder)) as (again, _):
            again.rebuild()
        assert contents(Path(folder)) == grown
        (Path(folder) / "scores.duckdb").unlink()
        with board(Path(folder)):
            pass
        assert contents(Path(folder)) == grown


def test_what_was_retired_says_whose_it_was_by_what_when_and_why(home: Path) -> None:
    with board(home) as (scores, ledger):
        first = ledger.withdraw("s0", actor="ann", reason="The data were wrong.")
        second = ledger.append("s9", toy_result("acme/m1"), supersedes=2, reason="A new run.")
        scores.follow()
        assert scores.retired() == {
            1: Retired(number=1, submission_id="s0", by=7, withdrawn=True, reason="The data were wrong.", at=first.at),
            2: Retired(number=2, submission_id="s1", by=8, withdrawn=False, reason="A new run.", at=second.at),
        }
        shown = {one.submission_id: one.label for one in scores.standings(*REHEARSAL)}
        assert "s0" not in shown and "s1" not in shown and shown["s9"] == "acme/m1"


def test_averages_are_means_of_tasks_then_of_levels(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", toy_result(values=ALL))
        scores.refresh()
        (standing,) = scores.standings(*REHEARSAL)
    values = cell_values(standing)
    assert (values["level_1"], values["level_2"], values["overall"]) == (10.0, 40.0, 25.0)
    assert all(values[name] == values[f"{name}.exact"] == value for name, value in ALL.items())
    assert {score.missing for score in standing.cells.values()} == {None}


def test_an_averages_interval_is_made_of_those_of_its_parts(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", toy_result(values=ALL))
        scores.refresh()
        (standing,) = scores.standings(*REHEARSAL)
    level, overall = standing.cells["level_1"], standing.cells["overall"]
    assert (level.low, level.high) == pytest.approx((10 - 3**0.5 / 3, 10 + 3**0.5 / 3))
    assert (overall.low, overall.high) == pytest.approx((25 - 6**0.5 / 6, 25 + 6**0.5 / 6))
    assert (level.n, overall.n) == (9, 18)


@pytest.mark.parametrize("without", list(ALL))
def test_a_missing_part_makes_its_averages_missing_with_a_reason(tmp_path: Path, without: str) -> None:
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", toy_result(values={**ALL, without: None}))
        scores.refresh()
        (standing,) = scores.standings(*REHEARSAL)
    level, other = (1, 2) if without in LEVEL_TASKS[Level.ONE] else (2, 1)
    cells = standing.cells
    assert (cells[without].value, cells[without].missing) == (None, "The data file is not installed.")
    assert cells[f"level_{level}"].value is None and without in (cells[f"level_{level}"].missing or "")
    assert cells["overall"].value is None and cells["overall"].missing == "The average needs both levels."
    assert cells[f"level_{other}"].value is not None and 0.0 not in {cells[without].low, cells[without].high}


def test_a_task_with_one_metric_of_two_has_no_score(tmp_path: Path) -> None:
    result = toy_result()
    run = toy_run("meqsum", {"exact": 40.0, "other": None})
    result = type(result)(**{name: getattr(result, name) for name in type(result).__slots__} | {"runs": (run,)})
    with board(tmp_path, six_tasks(["exact", "other"])) as (scores, ledger):
        ledger.append("s", result)
        scores.refresh()
        (standing,) = scores.standings(*REHEARSAL)
    cells = standing.cells
    assert cells["meqsum.exact"].value == 40.0 and cells["meqsum.other"].value is None
    assert cells["meqsum"].value is None and cells["meqsum"].missing


def test_a_score_of_zero_is_a_score(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", toy_result(values=dict.fromkeys(ALL, 0.0)))
        scores.refresh()
        (standing,) = scores.standings(*REHEARSAL)
    assert set(cell_values(standing).values()) == {0.0}


def test_the_latest_result_of_a_commit_is_the_one_that_stands(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, ledger):
        ledger.append("first", toy_result("acme/tiny", values={"mednli": 10.0}))
        ledger.append("second", toy_result("ACME/Tiny", values={"mednli": 20.0, "meqsum": 30.0}))
        ledger.append("other", toy_result("acme/tiny", "d" * 40, values={"mednli": 40.0}))
        scores.refresh()
        standings = scores.standings(*REHEARSAL)
    assert [(one.submission_id, one.cells["mednli"].value) for one in standings] == [("second", 20.0), ("other", 40.0)]


def test_a_rehearsal_never_stands_among_the_full_results(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, ledger):
        ledger.append("r", toy_result("acme/rehearsed"))
        ledger.append("f", toy_result("acme/full", edition=Edition.FULL))
        scores.refresh()
        assert [one.label for one in scores.standings(*REHEARSAL)] == ["acme/rehearsed"]
        assert [one.label for one in scores.standings(*FULL)] == ["acme/full"]
        assert scores.standings(Provenance.PUBLISHED, Edition.FULL) == []


def test_threads_reading_at_once_get_equal_answers(home: Path) -> None:
    with board(home) as (scores, _):
        expected = scores.standings(*REHEARSAL)
        with ThreadPoolExecutor(8) as threads:
            read = list(threads.map(lambda _: scores.standings(*REHEARSAL), range(40)))
    assert all(standings == expected for standings in read)


def test_a_reader_never_sees_half_of_a_refresh(tmp_path: Path) -> None:
    """Each line replaces the one before it as the result that stands; a row must always come with its own cells."""
    rounds = 15
    with board(tmp_path) as (scores, ledger), ThreadPoolExecutor(4) as threads:

        def read(_: int) -> list[Standing]:
            seen: list[Standing] = []
            deadline = time.monotonic() + 60
            while not seen or (seen[-1].submission_id != str(rounds) and time.monotonic() < deadline):
                seen += scores.standings(*REHEARSAL)
            return seen

        readers = [threads.submit(read, number) for number in range(4)]
        for number in range(1, rounds + 1):
            ledger.append(str(number), toy_result(values={"mednli": float(number)}, manifest={"dtype": str(number)}))
            scores.refresh()
        seen = [standing for reader in readers for standing in reader.result()]
    assert all("mednli" in one.cells and one.cells["mednli"].value == float(one.submission_id or 0) for one in seen)


def test_only_its_owner_may_read_the_board(home: Path) -> None:
    assert (home / "scores.duckdb").stat().st_mode & 0o777 == 0o600


def test_a_metric_beside_the_average_is_shown_and_changes_nothing(tmp_path: Path) -> None:
    task = toy_task("meqsum", metrics=["exact", "strict"])
    beside = replace(task, metrics=(task.metrics[0], replace(task.metrics[1], averaged=False)))
    run = replace(toy_run("meqsum", {"exact": 40.0, "strict": 10.0}), task_score=score_of("task_score", 40.0))
    with board(tmp_path, [beside]) as (scores, ledger):
        ledger.append("s", replace(toy_result(), runs=(run,)))
        scores.refresh()
        (standing,) = scores.standings(*REHEARSAL)
    assert {name: standing.cells[name].value for name in ("meqsum", "meqsum.exact", "meqsum.strict")} == {
        "meqsum": 40.0,
        "meqsum.exact": 40.0,
        "meqsum.strict": 10.0,
    }


def test_how_the_asking_went_is_kept_for_each_measured_task(tmp_path: Path) -> None:
    asked = Diagnostics(
        n=9, answered=7, empty=1, unparsable=2, truncated=3, refused=1, output_tokens=4.5, seconds=60.25
    )
    runs = (replace(toy_run("mednli", {"exact": 1.0}), diagnostics=asked), toy_run("meqsum", {"exact": None}, "Gone."))
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", replace(toy_result(), runs=runs))
        scores.refresh()
        (standing,) = scores.standings(*REHEARSAL)
        assert standing.diagnostics == {"mednli": asked}
        scores.rebuild()
        assert scores.standings(*REHEARSAL)[0].diagnostics == {"mednli": asked}


def test_results_under_the_papers_protocol_are_never_among_ours(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, ledger):
        ledger.append("s", toy_result("acme/ours"))
        ledger.append("t", replace(toy_result("acme/theirs"), protocol=PAPERS_PROTOCOL))
        scores.refresh()
        assert [row.label for row in scores.standings(*REHEARSAL)] == ["acme/ours"]
        assert [row.label for row in scores.standings(*REHEARSAL, PAPERS_PROTOCOL)] == ["acme/theirs"]


def test_a_line_of_the_ledger_can_be_read_back_with_its_hash(home: Path) -> None:
    with board(home) as (scores, ledger):
        entries = [entry for entry, _ in ledger.read()]
        for entry in entries:
            found = scores.publication(entry.number)
            assert found is not None
            assert (found.number, found.hash, found.at) == (entry.number, entry.hash, entry.at)
            assert (found.submission_id, found.result, found.retired) == (entry.submission_id, entry.result, None)
        assert scores.publication(len(entries) + 1) is None
        assert scores.publication(0) is None


def test_all_that_was_published_of_a_model_is_listed_whatever_became_of_it(tmp_path: Path) -> None:
    with board(tmp_path) as (scores, ledger):
        first = ledger.append("s1", toy_result("acme/one", "a" * 40))
        second = ledger.append("s2", toy_result("Acme/One", "b" * 40))
        ledger.append("s3", toy_result("acme/other"))
        third = ledger.append("s2", toy_result("acme/one", "b" * 40), supersedes=second.number, reason="Judged again.")
        taken = ledger.withdraw("s1", actor="ann", reason="The wrong weights.")
        scores.refresh()
        found = scores.publications("ACME/one")
        assert [one.number for one in found] == [third.number, second.number, first.number]
        ends = [one.retired and (one.retired.by, one.retired.withdrawn, one.retired.reason) for one in found]
        assert ends == [None, (third.number, False, "Judged again."), (taken.number, True, "The wrong weights.")]
        assert scores.publications("acme/unheard") == []
        assert scores.publication(taken.number) is None
