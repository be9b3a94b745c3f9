"""LongHealth's prompts: which documents stand in each part, within one budget, the same for every model."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.documents import CUT
from backend.domain import Dataset, Example, Finish, Message, Prediction, Prompt, Window
from backend.errors import DataMissing
from backend.scoring import Judges, score
from backend.settings import Settings
from backend.tasks.longhealth import (
    BUDGET,
    CHARACTERS,
    CHARACTERS_PER_TOKEN,
    INSTRUCTION,
    MAX_NEW_TOKENS,
    PARTS,
    REMINDER,
    TASK,
    UNANSWERED_TEXT,
)
from tests.backend.wards import document, full_ward, odd_ward, put

WIDE = Window(None, lambda messages: 0)
PROMPTS_SHA256 = "5d5de56ace3364694756a4fecf11ff8ea86f52939e0c7a658338fed44ffc0b9b"
SHOWN = re.compile(r"<document>\n(.*?)\n</document>\n\n", re.DOTALL)
WHOSE = re.compile(r"\ARecord (patient_\d+)/(text_\d+)\.")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return TASK.load(put(tmp_path_factory.mktemp("odd"), odd_ward()))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return TASK.load(put(tmp_path_factory.mktemp("full"), full_ward(), synthetic=False))


def of_part(dataset: Dataset, part: str) -> list[Example]:
    return [example for example in dataset.examples if example.part == part]


def shown(prompt: Prompt) -> list[str]:
    return SHOWN.findall(prompt.messages[-1].content)


def sources(prompt: Prompt) -> list[tuple[str, str]]:
    """Patient and name of each document, as shown."""
    found = [WHOSE.match(text) for text in shown(prompt)]
    return [(match[1], match[2]) for match in found if match]


def length(prompt: Prompt) -> int:
    return sum(len(message.content) for message in prompt.messages)


def weigh(messages: Sequence[Message]) -> int:
    """Tokens at the ratio that prompts are made with, and a few for each turn."""
    return sum(int(len(message.content) / CHARACTERS_PER_TOKEN) + 5 for message in messages)


def evidence(example: Example) -> list[tuple[str, str]]:
    """Where the answer is, by the invented file."""
    asked = odd_ward()[example.cluster]["questions"][int(str(example.item).split("-q")[1][:2])]
    return [(example.cluster, name) for name in asked["answer_location"] if name != "text_9"]


def whole(source: tuple[str, str]) -> str:
    patient, name = source
    return str(odd_ward()[patient]["texts"][name])


def test_each_question_is_asked_five_times_in_each_of_three_parts(full: Dataset) -> None:
    assert (len(full.examples), full.rows, full.anomalies) == (6000, 400, ())
    assert len({example.id for example in full.examples}) == 6000
    assert Counter(example.part for example in full.examples) == dict.fromkeys(PARTS, 2000)
    assert set(Counter(example.item for example in full.examples).values()) == {5}
    assert set(Counter(example.cluster for example in full.examples).values()) == {300}
    first = full.examples[:1200]
    assert len({example.item for example in first}) == 1200, "a fifth of the examples asks everything once"
    assert first[1].id == "patient_01-q00-task2-r1" and first[1].item == "patient_01-q00-task2"


def test_what_cannot_be_scored_is_left_out_and_named(dataset: Dataset) -> None:
    questions = {str(example.item).rpartition("-")[0] for example in dataset.examples}
    assert dataset.rows == 12 and len(questions) == 10 and len(dataset.examples) == 150
    assert not questions & {"patient_03-q01", "patient_03-q03"}
    assert [sentence for sentence in dataset.anomalies if "left out" in sentence] == [
        "patient_03, question 1: its key is none of its options, so it is left out.",
        "patient_03, question 3: no document is named that answers it, so it is left out.",
    ]


def test_the_reference_is_the_letter_and_where_no_document_answers_it_is_f(dataset: Dataset) -> None:
    keys = {"patient_01-q00": "B", "patient_01-q01": "CD", "patient_01-q02": "A", "patient_02-q00": "E"}
    for example in dataset.examples:
        question, _, part = str(example.item).rpartition("-")
        if part == "task3":
            assert example.reference == "F"
        elif question in keys:
            assert example.reference == keys[question]


def test_f_is_offered_where_documents_of_others_are_shown(dataset: Dataset) -> None:
    for example in dataset.examples:
        offered = [name[-1] for name in example.fields if name.startswith("option ")]
        assert offered == list("ABCDE" if example.part == "task1" else "ABCDEF")
        question = TASK.ask(example, WIDE).messages[-1].content.rpartition("Question: ")[2]
        assert (f"\nF: {UNANSWERED_TEXT}\n" in question) == (example.part != "task1")
        assert all(f"\n{letter}: {example.fields[f'option {letter}']}\n" in question for letter in offered)
        assert question.endswith(REMINDER)


def test_the_first_part_shows_the_patients_own_documents_alone(dataset: Dataset) -> None:
    for example in of_part(dataset, "task1"):
        found = sources(TASK.ask(example, WIDE))
        assert {patient for patient, _ in found} == {example.cluster} and len(set(found)) == len(found)
        if example.cluster == "patient_01":
            assert len(found) == 3, "a short record is shown whole"


def test_the_second_part_shows_what_answers_and_documents_of_others(dataset: Dataset) -> None:
    for example in of_part(dataset, "task2"):
        found = sources(TASK.ask(example, WIDE))
        own = [source for source in found if source[0] == example.cluster]
        assert set(own) <= set(evidence(example)) and own and len(set(found)) == len(found)
        documents = [name for name in example.fields if name.startswith("document ")]
        assert len(documents) <= len(evidence(example)) + 10


def test_the_third_part_never_shows_the_patients_own_documents(dataset: Dataset, full: Dataset) -> None:
    for example in of_part(dataset, "task3") + of_part(full, "task3"):
        found = sources(TASK.ask(example, WIDE))
        assert found and example.cluster not in {patient for patient, _ in found}
        assert not any(f"Record {example.cluster}/" in text for text in example.fields.values())


def test_documents_that_answer_are_whole_unless_the_budget_forces_a_cut(dataset: Dataset) -> None:
    forced = 0
    for example in [*of_part(dataset, "task1"), *of_part(dataset, "task2")]:
        texts = shown(TASK.ask(example, WIDE))
        needed = [whole(source) for source in evidence(example)]
        if sum(map(len, needed)) < CHARACTERS - 2000:
            assert set(needed) <= set(texts)
        else:
            forced += 1
            assert any(needed[0].startswith(text.removesuffix(CUT)) for text in texts)
        assert sum(text.endswith(CUT) for text in texts) <= 1
    assert forced == 2 * 2 * 5, "both questions that rest on the long document, in two parts, five times"


def test_no_prompt_exceeds_the_budget_and_no_room_is_wasted(full: Dataset) -> None:
    for example in full.examples[:1200]:
        prompt = TASK.ask(example, WIDE)
        assert CHARACTERS - 100 < length(prompt) <= CHARACTERS
        assert weigh(prompt.messages) + MAX_NEW_TOKENS <= BUDGET and not prompt.truncated


@given(
    sizes=st.lists(st.integers(0, 40_000), max_size=14),
    question=st.text(max_size=300),
    option=st.integers(0, 400),
)
def test_documents_of_any_size_keep_within_the_budget(sizes: list[int], question: str, option: int) -> None:
    example = invented(sizes, question, option)
    prompt = TASK.ask(example, WIDE)
    assert length(prompt) <= CHARACTERS
    assert f"Question: {question}\nA: {'o' * option}\n" in prompt.messages[-1].content
    kept = shown(prompt)[::-1]
    assert [len(text) for text in kept[:-1]] == sizes[: len(kept)][:-1], "whole ones, as they are listed"
    if len(kept) < len(sizes):
        assert length(prompt) + sizes[len(kept)] > CHARACTERS - 100, "nothing is left out that would have fitted"


def invented(sizes: Sequence[int], question: str, option: int) -> Example:
    """An example with documents of these sizes, shown from the last to the first."""
    fields = {"question": question, "option A": "o" * option, "option B": "other"}
    fields |= {f"document {number}": "d" * size for number, size in enumerate(sizes, 1)}
    fields["order"] = " ".join(str(number) for number in range(len(sizes), 0, -1))
    return Example(id="one", fields=fields, reference="A", cluster="one", part="task1", item="one")


def test_a_question_longer_than_the_budget_is_asked_without_documents_and_uncut() -> None:
    example = invented([500], "why " * 9000, 3)
    prompt = TASK.ask(example, WIDE)
    assert shown(prompt) == [] and example.fields["question"] in prompt.messages[-1].content


def test_repetitions_differ_in_order_and_in_documents_of_others(full: Dataset) -> None:
    asked: dict[str, list[Example]] = defaultdict(list)
    for example in full.examples:
        asked[str(example.item)].append(example)
    documents = {item: [frozenset(sources_of(each)) for each in five] for item, five in asked.items()}
    for item, five in documents.items():
        assert len(set(five)) == (1 if item.endswith("task1") else 5), item
    orders = {item: {each.fields["order"] for each in five} for item, five in asked.items()}
    assert all(len(found) > 1 for item, found in orders.items() if len(documents[item][0]) > 3)


def sources_of(example: Example) -> list[str]:
    return [text[:30] for name, text in example.fields.items() if name.startswith("document ")]


def test_the_order_is_that_of_the_field_and_the_cut_is_not_always_last(full: Dataset) -> None:
    ends = Counter(
        text.endswith(CUT) for example in full.examples[:600] for text in shown(TASK.ask(example, WIDE))[-1:]
    )
    assert ends[True] and ends[False]
    example = next(each for each in full.examples if each.part == "task1" and each.cluster == "patient_11")
    numbers = {example.fields[f"document {number}"]: number for number in range(1, 14)}
    order = [numbers[text] for text in shown(TASK.ask(example, WIDE)) if not text.endswith(CUT)]
    assert order == [int(number) for number in example.fields["order"].split() if int(number) in order]


def test_the_same_file_gives_the_same_prompts_everywhere(dataset: Dataset, tmp_path: Path) -> None:
    made = hashlib.sha256()
    again = TASK.load(put(tmp_path, odd_ward()))
    for example, other in zip(dataset.examples, again.examples, strict=True):
        prompt = TASK.ask(example, WIDE)
        assert prompt == TASK.ask(other, WIDE) and prompt.example_id == example.id
        made.update(json.dumps([example.id, *(message.content for message in prompt.messages)]).encode())
    assert made.hexdigest() == PROMPTS_SHA256


@pytest.mark.parametrize("tokens", [700, 2048, 4096, 8000])
def test_a_smaller_window_shows_less_by_the_same_rule_and_is_marked(dataset: Dataset, tokens: int) -> None:
    for example in dataset.examples[::7]:
        prompt, usual = TASK.ask(example, Window(tokens, weigh)), TASK.ask(example, WIDE)
        assert weigh(prompt.messages) + MAX_NEW_TOKENS <= tokens
        assert prompt.messages[0].content == INSTRUCTION
        assert prompt.messages[-1].content.endswith(usual.messages[-1].content.rpartition("</document>")[2])
        assert prompt.truncated == (weigh(usual.messages) + MAX_NEW_TOKENS > tokens)
        assert prompt.messages == usual.messages or prompt.truncated
        texts, before = shown(prompt), [text.removesuffix(CUT) for text in shown(usual)]
        assert all(any(text.startswith(kept.removesuffix(CUT)) for text in before) for kept in texts)
        assert sum(text.endswith(CUT) for text in texts) <= 1
        if example.part != "task3" and tokens > 700:
            assert evidence(example)[0] in sources(prompt), "what answers goes in first"


def test_a_window_too_small_for_the_question_leaves_it_whole_for_the_engine_to_refuse(dataset: Dataset) -> None:
    prompt = TASK.ask(dataset.examples[0], Window(60, weigh))
    assert prompt.truncated and shown(prompt) == [] and weigh(prompt.messages) > 60
    assert prompt.messages[0].content == INSTRUCTION
    assert prompt.messages[-1].content.startswith(
        "Question: What was found in examination 0?\nA: Aspirin and heparin\n"
    )


def test_a_large_window_is_not_even_counted(full: Dataset) -> None:
    def refuse(messages: Sequence[Message]) -> int:
        raise AssertionError("counted")

    assert not TASK.ask(full.examples[0], Window(32_768, refuse)).truncated


def test_examples_share_their_documents(full: Dataset) -> None:
    texts = [text for example in full.examples for text in example.fields.values() if text.startswith("Record ")]
    assert len(texts) > 50_000
    assert len({id(text) for text in texts}) == len(set(texts)) == sum(2 + number % 12 for number in range(1, 21))


def test_a_lone_patient_has_nobody_elses_documents(tmp_path: Path) -> None:
    dataset = TASK.load(put(tmp_path, {"patient_01": odd_ward()["patient_01"]}))
    for example in dataset.examples:
        found = sources(TASK.ask(example, WIDE))
        assert {patient for patient, _ in found} <= {"patient_01"} and bool(found) == (example.part != "task3")


def test_a_rehearsals_file_is_not_taken_for_the_published_one(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="holds 12 records"):
        TASK.load(put(tmp_path, odd_ward(), synthetic=False))


def values(dataset: Dataset, write: dict[str, str]) -> dict[str, float]:
    """Each metric's mean in percent when this was written for each part; {} stands for the last right letter."""
    found = {}
    for metric in TASK.metrics:
        examples = [example for example in dataset.examples if example.part == metric.part]
        texts = [write[str(example.part)].replace("{}", example.reference[-1]) for example in examples]
        answers = [TASK.answer(text, example) or "" for text, example in zip(texts, examples, strict=True)]
        measure = metric.prepare(Settings())
        column = measure(texts if metric.verbatim else answers, [example.reference for example in examples])
        found[metric.name] = 100 * sum(column) / len(column) if column else 0
    return found


def test_three_accuracies_are_averaged_and_the_strict_readings_stand_beside_them(dataset: Dataset) -> None:
    assert [metric.name for metric in TASK.metrics if metric.averaged] == [f"{part}_accuracy" for part in PARTS]
    found = values(dataset, {"task1": "The correct answer is {}: ...", "task2": "**{}**", "task3": "The answer is A."})
    assert found == {
        "task1_accuracy": 100,
        "task1_strict": 100,
        "task2_accuracy": 100,
        "task2_strict": 0,
        "task3_accuracy": 0,
        "task3_strict": 0,
    }


def test_the_tasks_score_is_the_mean_of_its_three_parts(dataset: Dataset) -> None:
    made = {
        example.id: Prediction(
            example_id=example.id,
            text="I cannot tell." if example.part == "task3" else example.reference[0],
            finish=Finish.STOP,
        )
        for example in dataset.examples
    }
    run, _ = score(TASK, dataset, made, Judges(Settings()))
    assert run.task_score.value == pytest.approx(200 / 3)
    assert {found.metric: found.n for found in run.scores}["task1_accuracy"] == 50
    assert run.diagnostics is not None and run.diagnostics.unparsable == 50


def test_silence_scores_nothing(dataset: Dataset) -> None:
    assert set(values(dataset, dict.fromkeys(PARTS, "")).values()) == {0}


def test_saying_always_that_nothing_answers_is_right_in_the_third_part_alone(dataset: Dataset) -> None:
    found = values(dataset, dict.fromkeys(PARTS, f"The correct answer is F: {UNANSWERED_TEXT}"))
    assert [found[f"{part}_accuracy"] for part in PARTS] == [0, 0, 100]


def test_either_of_two_equal_right_options_is_right(dataset: Dataset) -> None:
    example = next(each for each in dataset.examples if each.reference == "CD")
    one = replace(dataset, examples=(example,))
    for letter, value in (("C", 100), ("D", 100), ("B", 0)):
        assert values(one, {"task1": letter})["task1_accuracy"] == value


def test_the_documents_of_the_invented_file_are_what_the_tests_take_them_for(dataset: Dataset) -> None:
    assert whole(("patient_02", "text_1")) == document("patient_02", "text_1", 30_000)
    assert any(document("patient_01", "text_2", 900) in example.fields.values() for example in dataset.examples)
