"""A prompt fits its window by losing shots and then the document's middle, and never its instruction or question."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from backend.domain import Message, Prompt, Role, Window
from backend.prompting import (
    CUT_MARK,
    MOST_COUNTS,
    PLAIN_TURN_END,
    TEMPLATE_ALLOWANCE,
    before_turn_end,
    dialogue,
    merge_system,
    plain_text,
    squeezed,
)

INSTRUCTION = "Say whether it follows."
NEW = 10


def count(messages: Sequence[Message]) -> int:
    """One token a character, and a few for each turn."""
    return sum(len(message.content) + 4 for message in messages)


def build(shots: Sequence[tuple[str, str]], document: str, tokens: int | None) -> Prompt:
    return dialogue(
        example_id="one",
        instruction=INSTRUCTION,
        shots=shots,
        question=lambda text: f"Note: {text}\nQuestion: is it so?",
        document=document,
        max_new_tokens=NEW,
        window=Window(tokens, count),
    )


SHOTS = st.lists(st.tuples(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=10)), max_size=4)
DOCUMENTS = st.text(max_size=300)


@given(shots=SHOTS, document=DOCUMENTS, tokens=st.integers(20, 900))
def test_what_is_left_out_is_left_out_in_order(shots: list[tuple[str, str]], document: str, tokens: int) -> None:
    whole, prompt = build(shots, document, None), build(shots, document, tokens)
    first, *turns, last = prompt.messages
    kept = len(turns) // 2
    assert first == Message(Role.SYSTEM, INSTRUCTION)
    assert tuple(turns) == whole.messages[1 : 1 + 2 * kept], "the first shots stay, unchanged"
    assert last.role is Role.USER and last.content.startswith("Note: ")
    assert last.content.endswith("\nQuestion: is it so?")
    assert prompt.truncated == (prompt.messages != whole.messages or count(whole.messages) + NEW > tokens)
    if last != whole.messages[-1]:
        assert kept == 0, "the document is cut only when no shot is left"
        head, tail = last.content.removeprefix("Note: ").removesuffix("\nQuestion: is it so?").split(CUT_MARK)[:2]
        assert document.startswith(head) and document.endswith(tail)
        assert 0 <= len(head) - len(tail) <= 1, "it is cut in its middle"


@given(shots=SHOTS, document=DOCUMENTS, tokens=st.integers(20, 900))
def test_no_more_is_left_out_than_must_be(shots: list[tuple[str, str]], document: str, tokens: int) -> None:
    prompt = build(shots, document, tokens)
    kept = (len(prompt.messages) - 2) // 2
    if kept < len(shots):
        more = build(shots[: kept + 1], document, None)
        assert count(more.messages) + NEW > tokens
    shortest = count(build([], "", None).messages) + len(CUT_MARK) + NEW
    if tokens >= shortest:
        assert count(prompt.messages) + NEW <= tokens


@given(shots=SHOTS, document=DOCUMENTS)
def test_everything_is_unchanged_when_it_fits(shots: list[tuple[str, str]], document: str) -> None:
    whole = build(shots, document, None)
    exactly = build(shots, document, count(whole.messages) + NEW)
    assert exactly == whole and not whole.truncated
    turns = [text for shot in shots for text in shot]
    assert [message.content for message in whole.messages[1:-1]] == turns
    assert document in whole.messages[-1].content


def test_a_prompt_far_below_the_limit_is_not_even_counted() -> None:
    def refuse(messages: Sequence[Message]) -> int:
        raise AssertionError("counted")

    prompt = dialogue(
        example_id="one",
        instruction="a",
        shots=[("b", "c")],
        question=lambda text: text,
        document="d",
        max_new_tokens=1,
        window=Window(4 * (TEMPLATE_ALLOWANCE + 1) + 1, refuse),
    )
    assert len(prompt.messages) == 4


def test_a_prompt_that_can_never_fit_keeps_instruction_and_question_and_is_marked() -> None:
    prompt = build([("asked", "answered")], "a note " * 50, 5)
    assert prompt.truncated and count(prompt.messages) > 5
    assert prompt.messages[0].content == INSTRUCTION and "Question: is it so?" in prompt.messages[-1].content


def size_of(kept: int, weights: Sequence[float]) -> int:
    """Tokens of a turn of `kept` characters, up to 3,000, each stretch of which has its own tokens a character."""
    return 40 + int(sum(weights[place * len(weights) // 3000] for place in range(kept)))


def squeeze(room: int, tokens: int | None, weights: Sequence[float]) -> tuple[Prompt, list[int]]:
    """A prompt of `room` characters, and the sizes that were counted."""
    counted: list[int] = []

    def weigh(messages: Sequence[Message]) -> int:
        text = messages[1].content
        counted.append(len(text))
        return size_of(len(text), weights)

    prompt = squeezed(
        example_id="one",
        build=lambda kept: (Message(Role.SYSTEM, INSTRUCTION), Message(Role.USER, "x" * kept)),
        room=room,
        max_new_tokens=NEW,
        window=Window(tokens, weigh),
    )
    assert prompt.messages[0].content == INSTRUCTION and prompt.max_new_tokens == NEW
    return prompt, counted


WEIGHTS = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.5, 1.0]), min_size=1, max_size=6)


@given(room=st.integers(0, 3000), tokens=st.integers(1, 4_000), weights=WEIGHTS)
def test_what_is_squeezed_fits_if_anything_does_and_is_marked(room: int, tokens: int, weights: list[float]) -> None:
    prompt, counted = squeeze(room, tokens, weights)
    kept = len(prompt.messages[1].content)
    size = size_of(kept, weights)
    assert size + NEW <= tokens or (kept == 0 and prompt.truncated)
    assert prompt.truncated == (kept < room or size + NEW > tokens)
    assert len(counted) <= MOST_COUNTS + 2


@given(tokens=st.integers(150, 340), weights=WEIGHTS)
def test_a_squeezed_prompt_fills_its_window_nearly(tokens: int, weights: list[float]) -> None:
    prompt, _ = squeeze(3000, tokens, weights)
    kept = len(prompt.messages[1].content)
    size = size_of(kept, weights)
    assert prompt.truncated and 0.96 * (tokens - NEW) <= size <= tokens - NEW


def test_a_text_of_even_weight_is_squeezed_with_three_counts() -> None:
    prompt, counted = squeeze(3000, 510, [0.3])
    assert counted[:2] == [3000, 0] and len(counted) == 3
    assert 495 <= size_of(len(prompt.messages[1].content), [0.3]) <= 500


def test_a_prompt_of_many_bytes_is_counted_once_and_one_of_few_never() -> None:
    bytes_at_most = 3000 + len(INSTRUCTION) + 2 * TEMPLATE_ALLOWANCE + NEW
    assert squeeze(3000, bytes_at_most - 1, [1])[1] == [3000]
    assert squeeze(3000, bytes_at_most, [1])[1] == []
    assert squeeze(3000, None, [1])[1] == []


TURNS = st.lists(st.text(max_size=30), min_size=1, max_size=7).map(
    lambda texts: (
        Message(Role.SYSTEM, INSTRUCTION),
        *(Message((Role.USER, Role.ASSISTANT)[n % 2], text) for n, text in enumerate(texts)),
    )
)


@given(messages=TURNS)
def test_merging_keeps_the_instruction_at_the_head_and_every_other_turn(messages: tuple[Message, ...]) -> None:
    merged = merge_system(messages)
    assert merged[0] == Message(Role.USER, f"{INSTRUCTION}\n\n{messages[1].content}")
    assert merged[1:] == messages[2:]
    assert all(message.role is not Role.SYSTEM for message in merged)


def test_plain_text_says_the_same_in_the_same_order_and_leaves_the_answer_open() -> None:
    messages = (
        Message(Role.SYSTEM, "Decide."),
        Message(Role.USER, "Is water wet?"),
        Message(Role.ASSISTANT, "yes"),
        Message(Role.USER, "Is sand wet?"),
    )
    assert plain_text(messages) == (
        "### Task\nDecide.\n\n### Input\nIs water wet?\n\n### Answer\nyes\n\n### Input\nIs sand wet?\n\n### Answer\n"
    )


@given(messages=TURNS)
def test_plain_text_holds_every_turn_in_order(messages: tuple[Message, ...]) -> None:
    text, place = plain_text(messages), 0
    for message in messages:
        place = text.index(message.content, place) + len(message.content)


@given(answer=st.text(max_size=30).filter(lambda text: PLAIN_TURN_END not in text + "\n\n### "[:-1]), rest=st.text())
def test_what_follows_the_models_own_turn_is_dropped(answer: str, rest: str) -> None:
    assert before_turn_end(answer) == answer
    assert before_turn_end(answer + PLAIN_TURN_END + rest) == answer
