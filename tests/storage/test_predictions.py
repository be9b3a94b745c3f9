"""The journal of a run keeps every answer once, survives being torn, and is never mixed with another run's."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.domain import Dataset, Fact, Finish, Prediction, Task
from storage.predictions import SYNC_EVERY, Journals, RunJournal
from tests.storage.records import toy_dataset, toy_task

TASK = toy_task()
DATASET = toy_dataset()
IDENTITY = {"submission": "s1", "model": "acme/tiny", "revision": "c" * 40}
FACTS: Mapping[str, Fact] = {"engine_version": "1", "dtype": "float32"}


def prediction(number: int, text: str = "yes") -> Prediction:
    return Prediction(
        example_id=f"toy-{number}", text=text, finish=Finish.STOP, prompt_tokens=5, output_tokens=None, truncated=True
    )


@contextmanager
def journal(
    folder: Path,
    *,
    task: Task = TASK,
    dataset: Dataset = DATASET,
    identity: Mapping[str, str] = IDENTITY,
    facts: Mapping[str, Fact] | None = FACTS,
) -> Iterator[RunJournal]:
    with Journals(folder, identity)(task, dataset, facts) as opened:
        yield opened


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder whose toy.jsonl holds two answers."""
    with journal(tmp_path) as opened:
        opened.append(prediction(0))
        opened.append(prediction(1, "no\nbecause\r\n\u2028 🩺 \x00"))
    return tmp_path


def lines(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "toy.jsonl").read_bytes().split(b"\n")[:-1]]


def on_disk(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a folder: what is in it and when it was last written."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def stale(folder: Path) -> list[Path]:
    return list(folder.glob("*.stale"))


def test_a_reopened_journal_holds_what_was_appended(written: Path) -> None:
    with journal(written) as opened:
        assert list(opened.predictions().values()) == [prediction(0), prediction(1, "no\nbecause\r\n\u2028 🩺 \x00")]
        assert opened.facts == FACTS
        opened.append(prediction(2))
    assert len(lines(written)) == 4 and not stale(written)


def test_the_first_line_says_what_was_asked_and_with_what(written: Path) -> None:
    run = {**IDENTITY, "task": "toy", "version": 1, "dataset_sha256": DATASET.sha256}
    assert lines(written)[0] == {"run": run, "facts": dict(FACTS)}


def test_an_answer_is_on_file_before_anything_is_done_with_it(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        for number in range(SYNC_EVERY + 2):
            opened.append(prediction(number))
            assert len(lines(tmp_path)) == number + 2


def test_a_second_answer_to_the_same_example_is_refused(written: Path) -> None:
    before = (written / "toy.jsonl").read_bytes()
    with journal(written) as opened, pytest.raises(ValueError, match="already answered"):
        opened.append(prediction(0, "another"))
    assert (written / "toy.jsonl").read_bytes() == before


def test_of_two_answers_on_file_the_first_counts(written: Path) -> None:
    path = written / "toy.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes().split(b"\n")[1].replace(b'"yes"', b'"no"') + b"\n")
    with journal(written) as opened:
        assert opened.predictions()["toy-0"].text == "yes"


def test_wherever_the_file_is_torn_the_whole_lines_are_kept_and_the_rest_is_asked_again(written: Path) -> None:
    path = written / "toy.jsonl"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        kept = max(whole[:length].count(b"\n") - 1, 0)
        with journal(written) as opened:
            assert len(opened.predictions()) == kept, length
            for number in range(kept, 2):
                opened.append(prediction(number, "no\nbecause\r\n\u2028 🩺 \x00" if number else "yes"))
        assert path.read_bytes() == whole, length
    assert not stale(written)


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": replace(DATASET, sha256="e" * 64)},
        {"task": replace(TASK, version=2)},
        {"facts": {**FACTS, "dtype": "bfloat16"}},
        {"identity": {**IDENTITY, "revision": "d" * 40}},
    ],
    ids=["dataset", "version", "facts", "commit"],
)
def test_a_journal_of_another_run_is_set_aside_and_never_mixed_in(written: Path, other: dict[str, Any]) -> None:
    before = (written / "toy.jsonl").read_bytes()
    with journal(written, **other) as opened:
        assert opened.predictions() == {}
        opened.append(prediction(0, "fresh"))
    (kept,) = stale(written)
    assert kept.read_bytes() == before
    with journal(written, **other) as opened:
        assert [one.text for one in opened.predictions().values()] == ["fresh"]


def test_what_other_runs_left_in_a_folder_is_set_aside_with_what_was_made_of_it(written: Path, tmp_path: Path) -> None:
    judged = tmp_path / "judged"
    judged.mkdir()
    (judged / "toy.jsonl").write_text("judged")
    Journals(written, {"model": "acme/tiny"}).part_from_others(judged)
    assert (judged / "toy.jsonl").exists() and not stale(judged) and not stale(written)
    Journals(written, {**IDENTITY, "revision": "d" * 40}).part_from_others(judged)
    assert not list(written.glob("*.jsonl")) and len(stale(written)) == 1
    (kept,) = stale(judged)
    assert kept.read_text() == "judged" and not (judged / "toy.jsonl").exists()


def test_without_facts_what_is_there_is_read_whatever_engine_wrote_it(written: Path) -> None:
    with journal(written, facts=None) as opened:
        assert opened.facts == FACTS and len(opened.predictions()) == 2
    assert not stale(written)


def test_without_facts_another_dataset_is_still_another_run(written: Path) -> None:
    with journal(written, dataset=replace(DATASET, sha256="e" * 64), facts=None) as opened:
        assert opened.predictions() == {} and opened.facts == {}


def test_reading_changes_nothing_on_the_disk(written: Path) -> None:
    path = written / "toy.jsonl"
    path.write_bytes(path.read_bytes() + b"damaged\n" + b'{"example_id": "torn')
    before = on_disk(written)
    for other in ({}, {"dataset": replace(DATASET, sha256="e" * 64)}, {"task": replace(TASK, name="absent")}):
        with journal(written, facts=None, **other) as opened, pytest.raises(ValueError, match="for reading"):
            opened.append(prediction(2))
    assert on_disk(written) == before


def test_a_journal_that_is_opened_for_appending_is_another_file_of_the_same_name(written: Path) -> None:
    path = written / "toy.jsonl"
    before, content = path.stat().st_ino, path.read_bytes()
    with path.open("ab") as of_another, journal(written) as opened:
        of_another.write(b"late\n")
        of_another.flush()
        opened.append(prediction(2))
    assert path.stat().st_ino != before and b"late" not in path.read_bytes()
    assert path.read_bytes().startswith(content) and len(lines(written)) == 4
    assert [*on_disk(written)] == ["toy.jsonl"]


def test_what_follows_a_damaged_line_is_kept_aside_and_asked_again(written: Path) -> None:
    path = written / "toy.jsonl"
    header, first, second, _ = path.read_bytes().split(b"\n")
    damaged = b"\n".join([header, first, b"{" + second, second, b""])
    path.write_bytes(damaged)
    with journal(written) as opened:
        assert list(opened.predictions()) == ["toy-0"]
    (kept,) = stale(written)
    assert kept.read_bytes() == damaged and len(lines(written)) == 2


def test_what_an_opening_that_was_killed_left_behind_is_gone_after_the_next(written: Path) -> None:
    (written / "toy.abc.partial").write_text("half of it")
    with journal(written):
        assert [*on_disk(written)] == ["toy.jsonl"]


def test_looking_at_a_journal_that_is_not_there_leaves_room_for_one_with_facts(tmp_path: Path) -> None:
    with journal(tmp_path, facts=None) as opened:
        assert opened.predictions() == {}
    with journal(tmp_path) as opened:
        opened.append(prediction(0))
    with journal(tmp_path) as opened:
        assert list(opened.predictions()) == ["toy-0"] and opened.facts == FACTS


def test_only_its_owner_may_read_a_journal(written: Path) -> None:
    assert (written / "toy.jsonl").stat().st_mode & 0o777 == 0o600
