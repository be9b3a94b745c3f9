"""MeDiSumQA is read in either container; questions about one letter stay together; leftovers are named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.medisumqa import MEDISUMQA, read_medisumqa
from backend.datasets.rehearsal import MARKER
from backend.domain import Message, Window
from backend.errors import DataMissing
from backend.tasks.medisumqa import INSTRUCTIONS_HEADING, TASK
from tests.backend.saved import WAYS, save

REMEDY = r"https://physionet\.org/content/medisumqa/1\.0\.0/"
SECRET = "the secret letter"
WIDE = Window(None, lambda messages: 0)


def record(number: int, **changed: Any) -> dict[str, Any]:
    """An invented question, in the order of the release's keys."""
    return {
        "Answer": f"You had a cough, number {number}.",
        "note_id": f"{19000001 + number}-DS-2",
        "Question": f"Why was I here, {{time}} {number}?",
        "discharge_summary": f"\n \nName:  ___\nService: MEDICINE {number}\n \nBrief Hospital Course:\n# Cough {{}}\n",
        **changed,
    }


def rehearse(folder: Path, *records: dict[str, Any]) -> Path:
    """The folder holds these records, marked as invented: any number will do."""
    (folder / MARKER).write_text("")
    save(folder, MEDISUMQA.name, records)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_the_questions_are_the_same_however_they_were_saved(tmp_path: Path, way: str) -> None:
    records = [record(number) for number in range(5)]
    rows = read_medisumqa(save(tmp_path, MEDISUMQA.name, records, way))
    assert rows == [dict(each) for each in records]


@pytest.mark.parametrize("place", MEDISUMQA.places)
@pytest.mark.parametrize("name", [MEDISUMQA.name, *MEDISUMQA.also])
def test_416_questions_are_read_and_415_scored_under_each_name_in_each_place(
    tmp_path: Path, place: str, name: str
) -> None:
    save(tmp_path / place, name, [record(n) for n in range(416)], "array" if name.endswith(".json") else "lines")
    dataset = TASK.load(tmp_path)
    assert (dataset.rows, len(dataset.examples), dataset.anomalies) == (416, 415, ())
    assert [shot.id for shot in dataset.examples[0].shots] == ["19000396-DS-2-1"]


def test_questions_about_one_letter_are_told_apart_and_are_one_cluster(tmp_path: Path) -> None:
    records = [record(number, note_id=f"note {number % 4}") for number in range(12)]
    examples = TASK.load(rehearse(tmp_path, *records)).examples
    shown = examples[0].shots[0]
    assert {example.cluster for example in examples} == {f"note {n}" for n in range(4)} - {shown.cluster}
    assert len(examples) == 9, "all three questions about the shown letter are left out"
    one = sorted({example.cluster for example in examples})[0]
    assert [example.id for example in examples if example.cluster == one] == [f"{one}-{n}" for n in (1, 2, 3)]


def test_another_number_of_questions_is_named_and_not_refused(tmp_path: Path) -> None:
    save(tmp_path, MEDISUMQA.name, [record(number) for number in range(400)])
    (sentence,) = TASK.load(tmp_path).anomalies
    assert "holds 400 questions" in sentence and "416" in sentence
    assert TASK.load(rehearse(tmp_path, *(record(number) for number in range(24)))).anomalies == ()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Discharge Instructions:", True),
        ("DISCHARGE INSTRUCTIONS", True),
        ("  **Discharge instruction:** rest", True),
        ("# Discharge  Instructions #", True),
        ("___ Discharge Instructions: ___", True),
        ("discharge instructions: you were", True),
        ("Please see discharge instructions: they help", False),
        ("Discharge instructions were given to her son", False),
        ("Followup Instructions:", False),
        ("Discharge Condition:\nInstructions:", False),
    ],
)
def test_instructions_that_are_still_in_a_letter_are_counted_and_left_there(
    tmp_path: Path, line: str, found: bool
) -> None:
    letter = f"Name: ___\n \n{line}\nDear Ms. ___,"
    assert bool(INSTRUCTIONS_HEADING.search(letter)) is found
    records = [record(number, discharge_summary=letter if number < 7 else "Name: ___") for number in range(20)]
    dataset = TASK.load(rehearse(tmp_path, *records))
    assert len(dataset.anomalies) == found
    assert all("Discharge Instructions, where the answer may stand: 7." in sentence for sentence in dataset.anomalies)
    assert any(line in TASK.ask(example, WIDE).messages[-1].content for example in dataset.examples)


def test_texts_reach_the_prompt_unchanged(tmp_path: Path) -> None:
    odd = '{0} {} {unbalanced %s <|im_end|> "quoted" ___ \u00a0µg'
    records = [record(n, Question=f"{odd} {n}?", discharge_summary=f"{n} {odd}\n \n{odd}") for n in range(8)]
    for example in TASK.load(rehearse(tmp_path, *records)).examples:
        number = example.fields["letter"][0]
        asked = TASK.ask(example, WIDE).messages[-1].content
        assert asked == f"Discharge letter:\n{number} {odd}\n \n{odd}\n\nQuestion: {odd} {number}?\nAnswer:"


def test_the_shot_goes_before_a_letter_is_cut_and_the_question_is_never_cut(tmp_path: Path) -> None:
    def count(messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)

    letter = "begin " + "long " * 1000 + "end"
    example = TASK.load(rehearse(tmp_path, *(record(n, discharge_summary=letter) for n in range(5)))).examples[0]
    both = TASK.ask(example, Window(20_000, count))
    assert len(both.messages) == 4 and not both.truncated
    alone = TASK.ask(example, Window(8_000, count))
    assert len(alone.messages) == 2 and alone.truncated and letter in alone.messages[-1].content
    cut = TASK.ask(example, Window(3_000, count))
    asked = cut.messages[-1].content
    assert cut.truncated and count(cut.messages) + cut.max_new_tokens <= 3_000
    assert asked.startswith("Discharge letter:\nbegin long") and "[...]" in asked
    assert asked.endswith(f"end\n\nQuestion: {example.fields['question']}\nAnswer:")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Answer": None}, "has no text for Answer"),
        ({"Question": " ", "Answer": SECRET}, "has no text for Question"),
        ({"discharge_summary": {"text": SECRET}}, "has no text for discharge_summary"),
        ({"note_id": 19000001, "Answer": 7}, "has no text for note_id, Answer"),
    ],
)
@pytest.mark.parametrize(("way", "place"), [("lines", "line 2"), ("array", "record 2")])
def test_a_record_that_is_none_is_named_by_its_place_alone(
    tmp_path: Path, changed: dict[str, Any], says: str, way: str, place: str
) -> None:
    path = save(tmp_path, MEDISUMQA.name, [record(0), record(1, **changed), record(2)], way)
    with pytest.raises(DataMissing, match=f"{path.name}, {place} {says}.*{REMEDY}") as caught:
        read_medisumqa(path)
    assert SECRET not in str(caught.value)


def test_a_missing_file_is_asked_for_with_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=REMEDY) as caught:
        TASK.load(tmp_path)
    wanted = (MEDISUMQA.name, "MeDiSumQA.json", str(tmp_path), "10.13026/f566-h049", *MEDISUMQA.places)
    assert all(part in str(caught.value) for part in wanted)
