"""What is asked under clue-2024, to the letter, with an invented clone's templates."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import Example, Message, Prompt, Role, Task, Window
from backend.paper.few_shot import MARK
from backend.paper.longhealth import BUDGET
from backend.paper.prompts import beginning_cut, conversation
from backend.prompting import merge_system, plain_text
from backend.tasks import all_tasks
from tests.backend.paper.clones import SCRIPTS

WIDE = Window(None, lambda messages: 0)
SYSTEM, USER, ASSISTANT = Role.SYSTEM, Role.USER, Role.ASSISTANT
NAMES = ("mednli", "meqsum", "problem_summary", "longhealth", "medisumqa", "medisumcode")
FEW_SHOT = tuple(name for name in NAMES if name != "longhealth")


def characters(messages: Sequence[Message]) -> int:
    """A tokenizer with a token a character, and three for each turn."""
    return sum(len(message.content) + 3 for message in messages)


def first(task: Task, data: Path) -> Example:
    return task.load(data).examples[0]


def turns(prompt: Prompt) -> list[tuple[Role, str]]:
    return [(message.role, message.content) for message in prompt.messages]


def asked(task: Task, data: Path) -> tuple[list[tuple[Role, str]], str, int]:
    prompt = task.ask(first(task, data), WIDE)
    assert not prompt.truncated
    return turns(prompt), prompt.begun, prompt.max_new_tokens


def test_mednli_shows_the_first_three_pairs(tasks: dict[str, Task], data: Path) -> None:
    assert asked(tasks["mednli"], data) == (
        [
            (SYSTEM, "Compare FIRST with SECOND."),
            (USER, "\nFIRST=Pulse 60 {at} rest.\nSECOND=Claim 0\n"),
            (ASSISTANT, "entailment"),
            (USER, "\nFIRST=Pulse 61 {at} rest.\nSECOND=Claim 1\n"),
            (ASSISTANT, "contradiction"),
            (USER, "\nFIRST=Pulse 62 {at} rest.\nSECOND=Claim 2\n"),
            (ASSISTANT, "neutral"),
            (USER, "\nFIRST=Pulse 63 {at} rest.\nSECOND=Claim 3\n"),
        ],
        "",
        20,
    )


def test_meqsum_begins_the_answer_and_keeps_edge_blanks(tasks: dict[str, Task], data: Path) -> None:
    assert asked(tasks["meqsum"], data) == (
        [
            (SYSTEM, "Shorten the post."),
            (USER, "<post>\nMy knee {0} hurts.\n</post>"),
            (ASSISTANT, "In short: What helps knee 0? "),
            (USER, "<post>\nMy knee {1} hurts.\n</post>"),
            (ASSISTANT, "In short: What helps knee 1? "),
            (USER, "<post>\nMy knee {2} hurts.\n</post>"),
            (ASSISTANT, "In short: What helps knee 2? "),
            (USER, "<post>\nMy knee {3} hurts.\n</post>"),
        ],
        "In short: ",
        200,
    )


def test_problem_summary_writes_commas_with_the_blanks_as_they_fall(tasks: dict[str, Task], data: Path) -> None:
    assert asked(tasks["problem_summary"], data) == (
        [
            (SYSTEM, "Name what ails the patient."),
            (USER, "<note>\nCough for 0 days {sic}\n--\nCase 0\n</note>"),
            (ASSISTANT, "Ailments: Flu"),
            (USER, "<note>\nCough for 1 days {sic}\n--\nCase 1\n</note>"),
            (ASSISTANT, "Ailments: a , b, c, "),
            (USER, "<note>\nCough for 2 days {sic}\n--\nCase 2\n</note>"),
            (ASSISTANT, "Ailments: COPD,  Sepsis"),
            (USER, "<note>\nCough for 4 days {sic}\n--\nCase 4\n</note>"),
        ],
        "Ailments: ",
        200,
    )
    examples = tasks["problem_summary"].load(data).examples
    assert [example.reference for example in examples] == ["Gout,   Anemia", "Gout,   Anemia", "AKI"]


def test_medisumqa_draws_the_rows_with_seed_1_first(tasks: dict[str, Task], data: Path) -> None:
    # random.Random(1) puts the numbers 0 to 4 in the order 2 3 4 0 1.
    assert asked(tasks["medisumqa"], data) == (
        [
            (SYSTEM, "Explain the letter."),
            (USER, "<letter>\nLetter 2 {}\n</letter>\nAsked: Why 2?"),
            (ASSISTANT, "Told: Because 2."),
            (USER, "<letter>\nLetter 3 {}\n</letter>\nAsked: Why 3?"),
        ],
        "Told: ",
        200,
    )
    found = [example.fields["question"] for example in tasks["medisumqa"].load(data).examples]
    assert found == ["Why 3?", "Why 3?", "Why 4?", "Why 0?", "Why 1?"]


def test_medisumqa_of_a_later_clone_asks_with_its_other_names(later_tasks: dict[str, Task], data: Path) -> None:
    assert asked(later_tasks["medisumqa"], data) == (
        [
            (SYSTEM, "Explain the letter."),
            (USER, "<letter>\nLetter 2 {}\n</letter>\nWhy 2?"),
            (ASSISTANT, "Because 2."),
            (USER, "<letter>\nLetter 3 {}\n</letter>\nWhy 3?"),
        ],
        "",
        200,
    )


def test_medisumcode_shows_codes_without_dots(tasks: dict[str, Task], data: Path) -> None:
    assert asked(tasks["medisumcode"], data) == (
        [
            (SYSTEM, "Code the letter."),
            (USER, "<letter>\nLetter 0 {x}\n</letter>"),
            (ASSISTANT, "Codes: I10, E119"),
            (USER, "<letter>\nLetter 1 {x}\n</letter>"),
        ],
        "Codes: ",
        200,
    )
    references = [example.reference for example in tasks["medisumcode"].load(data).examples]
    assert references == ["I10, I10, M1A0710", "I10, I10, M1A0710", "", "A419"]


SMALL = Example(
    id="x",
    fields={
        "question": "Which {one}?",
        "option A": "Left",
        "option B": "Right",
        "document 1": "First record.",
        "document 2": "Second record.",
        "document 3": "Third record.",
        "order": "3 1 2",
    },
    reference="A",
    cluster="patient",
    part="task1",
)


def records(task: Task, example: Example, window: Window) -> list[str]:
    content = task.ask(example, window).messages[-1].content
    return content.partition("<records>\n")[2].partition("\n</records>")[0].split("\n\n====\n\n")


def test_longhealth_joins_documents_in_the_order_drawn(tasks: dict[str, Task]) -> None:
    prompt = tasks["longhealth"].ask(SMALL, WIDE)
    assert (turns(prompt), prompt.begun, prompt.max_new_tokens, prompt.truncated) == (
        [
            (SYSTEM, "\nRead the records.\n"),
            (
                USER,
                "\n<records>\nThird record.\n\n====\n\nFirst record.\n\n====\n\nSecond record.\n</records>\n"
                "Which {one}?\nA: Left\nB: Right\nSay {one} letter.\n",
            ),
        ],
        "",
        50,
        False,
    )


def test_longhealth_fills_8140_tokens_and_cuts_the_document_that_does_not_fit(tasks: dict[str, Task]) -> None:
    fixed = sum(
        map(
            len,
            ("\nRead the records.\n", "\n<records>\n\n</records>\n\n\nSay {one} letter.\n", "Which {one}?"),
        )
    ) + len("A: Left\nB: Right")
    between = len("\n\n====\n\n====")
    room = BUDGET - fixed - between
    window = Window(None, characters)
    one, two, three = "a" * 4_000, "b" * 6_000, "c"
    example = replace(SMALL, fields={**SMALL.fields, "document 1": one, "document 2": two, "document 3": three})
    assert records(tasks["longhealth"], example, window) == [one, "b" * (room - 4_000)]
    exact = replace(SMALL, fields={**SMALL.fields, "document 1": one, "document 2": "b" * (room - 4_000)})
    assert records(tasks["longhealth"], exact, window) == ["", one, "b" * (room - 4_000)]


def test_longhealth_has_the_authors_sixth_option_in_tasks_2_and_3_only(tasks: dict[str, Task], data: Path) -> None:
    for example in tasks["longhealth"].load(data).examples:
        assert (example.fields.get("option F") == "Nobody can know") is (example.part != "task1")


def test_longhealths_key_is_the_last_option_with_the_right_text_in_it(tasks: dict[str, Task], data: Path) -> None:
    keys = {example.id.removeprefix(MARK): example.reference for example in tasks["longhealth"].load(data).examples}
    # "Aspirin" is in A, "Aspirin and heparin", and is B; C and D are both "1025 mg/dL".
    assert keys["patient_01-q00-task1-r1"] == "B" and keys["patient_01-q01-task2-r3"] == "D"
    assert all(key == "F" for name, key in keys.items() if "task3" in name)


@pytest.mark.parametrize("name", NAMES)
def test_tasks_keep_the_names_of_ours_and_no_version(name: str, tasks: dict[str, Task]) -> None:
    own = all_tasks()[name]
    paper = tasks[name]
    assert (paper.name, paper.title, paper.level, paper.access) == (own.name, own.title, own.level, own.access)
    assert [(metric.name, metric.title, metric.part) for metric in paper.metrics] == [
        (metric.name, metric.title, metric.part) for metric in own.metrics if metric.averaged
    ]
    assert paper.version >= 2024_000 > own.version


@pytest.mark.parametrize("name", NAMES)
def test_asking_is_pure_and_knows_no_gold(name: str, tasks: dict[str, Task], data: Path) -> None:
    task = tasks[name]
    for example, again in zip(task.load(data).examples[:40], task.load(data).examples[:40], strict=True):
        assert task.ask(example, WIDE) == task.ask(again, WIDE)
        assert task.ask(example, WIDE) == task.ask(replace(example, reference="CANARY"), WIDE)
        assert example.id not in {shot.id for shot in example.shots}


@pytest.mark.parametrize("name", FEW_SHOT)
@given(texts=st.lists(st.text("{}!:s0 \\%$\n"), min_size=3, max_size=3))
def test_braces_in_data_are_nothing_but_text(name: str, texts: list[str], tasks: dict[str, Task], data: Path) -> None:
    example = first(tasks[name], data)
    fields = dict(zip(example.fields, texts, strict=False))
    odd = replace(example, fields={**example.fields, **fields})
    assert all(text in tasks[name].ask(odd, WIDE).messages[-1].content for text in fields.values())


def test_no_prompt_of_a_clone_is_in_the_about_page_s_specimen(tasks: dict[str, Task]) -> None:
    assert all(tasks[name].specimen == all_tasks()[name].specimen for name in NAMES)


CONVERSATION = conversation("i" * 1000, [("a" * 1000, "b" * 1000)], "c" * 600)
WHOLE = 3600 + 4 * 3 + 5


@pytest.mark.parametrize(
    ("tokens", "roles"),
    [
        (WHOLE, [SYSTEM, USER, ASSISTANT, USER]),
        (WHOLE - 1, [SYSTEM, USER, ASSISTANT, USER]),
        (2800, [SYSTEM, USER, ASSISTANT, USER]),
        (2300, [USER, ASSISTANT, USER]),
        (1300, [USER]),
        (300, [USER]),
    ],
)
def test_what_does_not_fit_goes_from_the_beginning(tokens: int, roles: list[Role]) -> None:
    prompt = beginning_cut(
        example_id="x", messages=CONVERSATION, begun="", max_new_tokens=5, window=Window(tokens, characters)
    )
    assert [message.role for message in prompt.messages] == roles
    assert prompt.truncated is (tokens < WHOLE)
    assert set(prompt.messages[-1].content) == {"c"}


@given(tokens=st.integers(10, WHOLE + 10), begun=st.sampled_from(["", "Say: "]))
def test_what_is_left_fits_and_uses_the_window(tokens: int, begun: str) -> None:
    window = Window(tokens, characters)
    prompt = beginning_cut(example_id="x", messages=CONVERSATION, begun=begun, max_new_tokens=5, window=window)
    kept = "".join(message.content for message in prompt.messages)
    used = characters(prompt.messages) + len(begun) + 5
    assert "".join(message.content for message in CONVERSATION).endswith(kept)
    assert prompt.messages[0].role is not ASSISTANT and prompt.messages[-1].role is USER
    assert (prompt.begun, prompt.max_new_tokens) == (begun, 5)
    assert used <= tokens or not kept
    # A model's turn without the question before it goes whole, and a hundredth may stay unused.
    assert used >= min(tokens, WHOLE) - 1000 - 40


def test_a_conversation_without_its_instruction_is_rendered_as_it_is() -> None:
    rest = CONVERSATION[1:]
    assert merge_system(rest) == rest
    assert plain_text(rest).startswith("### Input\naaaa")


def test_every_invented_text_differs_from_our_own_prompts() -> None:
    own = [task.ask(task.specimen, WIDE).messages[0].content for task in all_tasks().values()]
    assert not any(text in script for text in own for script in SCRIPTS.values())
