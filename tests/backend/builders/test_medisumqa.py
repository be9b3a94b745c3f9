"""MeDiSumQA is built stage by stage, goes on where it stopped, and is released only as a physician decided."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from backend.builders.asking import StagedModel
from backend.builders.medisumqa import Proposed, propose
from backend.builders.release import release
from backend.builders.review import COLUMNS
from backend.builders.screening import stands_in
from backend.builders.workshop import LETTERS_REPORT, PAIRS_REPORT, RELEASE_REPORT, Workshop
from backend.datasets.catalog import read_rows
from backend.datasets.medisumqa import MEDISUMQA, read_medisumqa
from backend.datasets.mimic import DISCHARGE, CsvTable
from backend.domain import Fact, Model, ModelSource, Prompt
from backend.errors import DataMissing, ModelCrash, UsageError
from backend.settings import Settings
from storage.predictions import RunJournal
from tests.backend.builders.players import play
from tests.backend.builders.tables import ADVICE, Row, letter, write_notes
from tests.backend.toys import PowerCut, ToyEngine

EXTRA = " Weigh yourself each morning and write the weight down. Eat little salt with your meals."


@dataclass
class Bench:
    """A table of invented letters, a folder to work in, and a toy to ask."""

    folder: Path
    toy: ToyEngine = field(default_factory=lambda: ToyEngine(write=play))
    heard: list[tuple[str, int, int]] = field(default_factory=list)
    read: int = 0

    def __post_init__(self) -> None:
        rows = [Row(number=n, text=letter(ADVICE.replace("\nYour", f"{EXTRA * (n % 2)}\nYour"))) for n in range(4)]
        write_notes(self.notes, rows)

    @property
    def notes(self) -> Path:
        return self.folder / "discharge.csv"

    @property
    def workshop(self) -> Workshop:
        return Workshop(self.folder / "work")

    def propose(self, *, model: str = "toy/one", **options: Any) -> Proposed:
        asking = StagedModel(
            model=Model(hub_id=model, revision="r1"),
            source=ModelSource(hub_id=model, revision="r1"),
            engine=self.toy.engine,
            settings=Settings(home=self.folder),
            journal=self._journal,
            report=lambda *heard: self.heard.append(heard),
        )
        return propose(
            notes=CsvTable(self.notes, DISCHARGE, self._watch), workshop=self.workshop, asking=asking, **options
        )

    def _watch(self, done: int, total: int) -> None:
        self.read += 1

    @contextmanager
    def _journal(self, stage: str, run: Mapping[str, Any], facts: Mapping[str, Fact] | None) -> Iterator[RunJournal]:
        journal = RunJournal(self.workshop.folder / f"{stage}.journal.jsonl", run, facts)
        try:
            yield journal
        finally:
            journal.close()

    def review(self) -> list[dict[str, str]]:
        with self.workshop.review.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))

    def edit(self, change: Callable[[list[dict[str, str]]], Sequence[dict[str, str]]]) -> None:
        rows = change(self.review())
        with self.workshop.review.open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, COLUMNS, restval="")
            table.writeheader()
            table.writerows(rows)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def keep_all(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "keep": "yes"} for row in rows]


def test_letters_become_pairs_that_wait_for_review(bench: Bench) -> None:
    proposed = bench.propose()
    assert (proposed.letters, proposed.statements, proposed.pairs) == (4, 16, 16)
    assert proposed.review == bench.workshop.review and not proposed.left_alone
    rows = bench.review()
    assert list(rows[0]) == list(COLUMNS) and {row["keep"] for row in rows} == {""}
    assert len({row["id"] for row in rows}) == 16 and len({row["note_id"] for row in rows}) == 4
    assert {row["answer"] for row in rows} == {f"Remember: {row['statement']}" for row in rows}
    assert not [row for row in rows if "___" in row["answer"]]


def test_the_reports_count_every_stage_and_hold_no_text(bench: Bench) -> None:
    bench.propose()
    letters, pairs = (bench.workshop.report(name) for name in (LETTERS_REPORT, PAIRS_REPORT))
    assert letters["counts"]["drawn"] == 4 and letters["made_of"]["seed"] == 44 and len(letters["notes_sha256"]) == 64
    origin = pairs["origin"]
    assert (origin["model"], origin["revision"], origin["engine"]) == ("toy/one", "r1", "toy")
    assert pairs["facts"] == {"engine_version": "toy"}
    assert pairs["statements"] == {"kept": 16, "dropped": {}} and pairs["pairs"]["kept"] == 16
    assert "infection" not in json.dumps([letters, pairs])


def test_the_model_never_sees_the_rest_of_the_letter(bench: Bench) -> None:
    seen: list[str] = []

    def listen(prompt: Prompt) -> str:
        seen.extend(turn.content for turn in prompt.messages)
        return play(prompt)

    bench.toy.write = listen
    bench.propose()
    assert any("infection of the lungs" in text for text in seen)
    assert not any("Gout" in text or "Chief Complaint" in text for text in seen)


def test_progress_is_told_stage_by_stage(bench: Bench) -> None:
    bench.propose()
    stages = [stage for stage, _, _ in bench.heard]
    assert list(dict.fromkeys(stages)) == ["opening toy/one", "statements", "pairs"]
    assert bench.heard[-1] == ("pairs", 16, 16) and ("statements", 4, 4) in bench.heard


@pytest.mark.parametrize("answers", [0, 1, 3, 4, 5, 11, 19])
def test_a_broken_off_run_asks_only_what_is_missing(bench: Bench, answers: int) -> None:
    whole = Bench(bench.folder / "whole")
    whole.propose()
    bench.toy.stop_after = answers
    with pytest.raises(PowerCut):
        bench.propose()
    assert bench.toy.opened == bench.toy.closed == 1 and not bench.workshop.review.exists()
    bench.toy.stop_after = None
    bench.propose()
    assert sorted(bench.toy.asked) == sorted(whole.toy.asked) and len(set(bench.toy.asked)) == 20
    assert bench.workshop.review.read_bytes() == whole.workshop.review.read_bytes()


def test_a_finished_run_reads_nothing_and_opens_no_model_again(bench: Bench) -> None:
    bench.propose()
    read, first = bench.read, bench.workshop.review.read_bytes()
    again = bench.propose()
    assert (bench.read, bench.toy.opened, len(bench.toy.asked)) == (read, 1, 20)
    assert bench.workshop.review.read_bytes() == first and not again.left_alone
    assert bench.workshop.report(PAIRS_REPORT)["facts"] == {"engine_version": "toy"}


def test_another_model_or_other_letters_start_anew(bench: Bench) -> None:
    bench.propose()
    bench.propose(model="toy/two")
    assert len(bench.toy.asked) == 40
    assert bench.propose(model="toy/two", letters=2).letters == 2
    assert bench.propose(model="toy/two", letters=2, seed=1).letters == 2
    bench.notes.write_bytes(bench.notes.read_bytes().replace(b"101", b"102"))
    bench.propose(model="toy/two", letters=2, seed=1)
    assert any("102" in row["statement"] for row in bench.review())


def test_a_review_that_was_not_written_in_time_is_written_by_the_next_call(bench: Bench) -> None:
    bench.propose()
    first = bench.workshop.review.read_bytes()
    bench.workshop.review.unlink()
    assert not bench.propose().left_alone and bench.workshop.review.read_bytes() == first
    assert not bench.workshop.review_edited()


def test_once_the_review_was_edited_nothing_is_touched(bench: Bench) -> None:
    proposed = bench.propose()
    bench.edit(keep_all)
    before = {path.name: path.read_bytes() for path in bench.workshop.folder.iterdir()}
    asked, read = len(bench.toy.asked), bench.read
    again = bench.propose()
    assert again.left_alone and (again.letters, again.pairs) == (proposed.letters, proposed.pairs)
    for other in ({"letters": 2}, {"seed": 1}, {"model": "toy/two"}):
        with pytest.raises(UsageError, match="has been edited, and it belongs to other letters or another model"):
            bench.propose(**other)
    assert {path.name: path.read_bytes() for path in bench.workshop.folder.iterdir()} == before
    assert (len(bench.toy.asked), bench.read) == (asked, read)
    bench.workshop.review.unlink()
    assert bench.propose(letters=2).letters == 2


def test_what_a_model_writes_badly_is_counted_and_left_out(bench: Bench) -> None:
    def write_badly(prompt: Prompt) -> str:
        reply = play(prompt)
        if "water" in reply and reply.startswith("Question"):
            return "I cannot say."
        return reply.replace("101", "103") if reply.startswith("Question") else reply

    bench.toy.write = write_badly
    proposed = bench.propose()
    dropped = bench.workshop.report(PAIRS_REPORT)["pairs"]["dropped"]
    assert (dropped["unreadable"], dropped["other_numbers"], proposed.pairs) == (4, 4, 8)


def test_a_model_that_leaves_prompts_unanswered_is_no_model(bench: Bench) -> None:
    bench.toy.forgets = frozenset({"19000002-DS-2"})
    with pytest.raises(ModelCrash, match="left 1 prompts unanswered"):
        bench.propose()


def test_half_a_character_is_no_reason_to_stop(bench: Bench) -> None:
    bench.toy.write = lambda prompt: play(prompt).replace("lungs", "lu\ud83dngs")
    assert bench.propose().pairs > 0


def test_letters_without_instructions_make_no_data_set(bench: Bench) -> None:
    write_notes(bench.notes, [Row(number=1, text=letter(heading="Advice:"))])
    with pytest.raises(DataMissing, match="No letter .* has discharge instructions"):
        bench.propose()


def test_nobody_else_can_read_what_is_made(bench: Bench) -> None:
    bench.propose()
    bench.edit(keep_all)
    bench.workshop.review.chmod(0o600)
    release(bench.workshop)
    assert bench.workshop.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in bench.workshop.folder.iterdir()} == {0o600}


def test_what_was_kept_is_released_with_the_letter_that_is_shown(bench: Bench) -> None:
    bench.propose()

    def decide(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        kept = keep_all(rows)
        kept[0]["keep"] = "no"
        kept[1] |= {"answer": "Swallow the pills for 5 days, with water.", "category": "treatment"}
        own = {"keep": "x", "question": "Who can I ask?", "answer": "Your care team.", "note_id": kept[0]["note_id"]}
        return [*kept[:-1], own]

    bench.edit(decide)
    path, pairs = release(bench.workshop)
    assert path == bench.workshop.folder / "MeDiSumQA.jsonl" and pairs == 15
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert all(list(record) == ["note_id", "Question", "Answer", "discharge_summary"] for record in records)
    assert "Swallow the pills for 5 days, with water." in [record["Answer"] for record in records]
    for record in records:
        assert "Gout" in record["discharge_summary"] and "Dear Ms." not in record["discharge_summary"]
        assert not stands_in(record["Answer"], record["discharge_summary"])
    report = json.loads((bench.workshop.folder / RELEASE_REPORT).read_text())
    assert [report[key] for key in ("pairs", "left_out", "edited", "added")] == [15, 2, 1, 1]
    assert report["categories"] == {"none given": 14, "treatment": 1} and report["invented"] is False
    assert report["proposed_report"]["origin"]["model"] == "toy/one"
    rows, _ = read_rows(MEDISUMQA, path.parent, read_medisumqa)
    assert len(rows) == 15


def test_nothing_is_released_before_every_row_is_decided(bench: Bench) -> None:
    bench.propose()
    bench.edit(lambda rows: [{**row, "keep": "yes" if n else ""} for n, row in enumerate(rows)])
    with pytest.raises(UsageError, match="row 2: it is not decided whether to keep the pair"):
        release(bench.workshop)
    bench.edit(lambda rows: [{**row, "keep": "no"} for row in rows])
    with pytest.raises(UsageError, match="No row .* is kept"):
        release(bench.workshop)
    assert not bench.workshop.released.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"answer": "CRYSTALS were\u2014seen"}, "row 3: the answer stands in the letter that is shown"),
        ({"answer": "Ask Dr. ___."}, "row 3: ___ stands for a removed word"),
        ({"question": "___ when?"}, "row 3: ___ stands for a removed word"),
        ({"question": " "}, "row 3: question or answer is empty"),
        ({"answer": "\u2026"}, "row 3: question or answer is empty"),
        ({"question": "Tell me."}, "row 3: the question does not end with a question mark"),
        ({"note_id": "19999999-DS-1"}, "row 3: its note_id is none of the letters'"),
        ({"id": "19000001-DS-2/99"}, "row 3: its id is none of this letter's"),
    ],
)
def test_a_row_that_cannot_be_released_is_named_with_the_reason(
    bench: Bench, changes: dict[str, str], says: str
) -> None:
    bench.propose()
    bench.edit(lambda rows: [row | changes if n == 1 else row for n, row in enumerate(keep_all(rows))])
    with pytest.raises(UsageError, match=says):
        release(bench.workshop)
    assert not bench.workshop.released.exists()
    bench.edit(lambda rows: [{**row, "keep": "no" if n == 1 else "yes"} for n, row in enumerate(rows)])
    if "note_id" not in changes and "id" not in changes:
        assert release(bench.workshop)[1] == 15


def test_rows_that_come_twice_are_named(bench: Bench) -> None:
    bench.propose()
    bench.edit(lambda rows: [*keep_all(rows), {**rows[0], "keep": "yes"}, {**rows[1], "keep": "yes", "id": ""}])
    with pytest.raises(UsageError) as caught:
        release(bench.workshop)
    assert "row 18: its id has come in an earlier row" in str(caught.value)
    assert "row 19: the same question is asked about this letter in an earlier row" in str(caught.value)


def test_faults_of_many_rows_are_listed_together_without_their_text(bench: Bench) -> None:
    bench.propose()
    bench.edit(lambda rows: [{**row, "answer": "crystals were seen"} for row in keep_all(rows)])
    with pytest.raises(UsageError, match=r"rows 2, 3, 4.* and 17: the answer stands in the letter") as caught:
        release(bench.workshop)
    assert "crystals" not in str(caught.value)


@pytest.mark.parametrize("name", ["letters.jsonl", "proposed.jsonl"])
def test_letters_or_proposals_changed_by_hand_are_not_released(bench: Bench, name: str) -> None:
    bench.propose()
    bench.edit(keep_all)
    path = bench.workshop.folder / name
    path.write_bytes(path.read_bytes().replace(b"infection", b"INFECTION").replace(b"Gout", b"GOUT"))
    with pytest.raises(UsageError, match=f"{name} is missing or was changed by hand"):
        release(bench.workshop)


def test_there_is_nothing_to_release_before_anything_was_built(bench: Bench) -> None:
    with pytest.raises(UsageError, match="Build again, without --release"):
        release(bench.workshop)
