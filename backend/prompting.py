"""Builds a prompt of instruction, worked examples and question that fits a model's window."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from backend.domain import Message, Prompt, Role, Window

PLAIN_TURN_END = "\n\n### "
TEMPLATE_ALLOWANCE = 32
CUT_MARK = "\n[...]\n"
MOST_COUNTS = 10
SLACK = 0.01


def dialogue(
    *,
    example_id: str,
    instruction: str,
    shots: Sequence[tuple[str, str]],
    question: Callable[[str], str],
    document: str,
    max_new_tokens: int,
    window: Window,
) -> Prompt:
    """The instruction, each shot as a pair of turns, then `question(document)`.

    What does not fit the window is left out in this order: shots, last first; then the middle of the document. Such a
    prompt is marked truncated. One that still does not fit is returned as it is, for the engine to refuse.
    """

    def build(kept: int, text: str) -> tuple[Message, ...]:
        turns = [Message(Role.SYSTEM, instruction)]
        for asked, answered in shots[:kept]:
            turns += [Message(Role.USER, asked), Message(Role.ASSISTANT, answered)]
        return (*turns, Message(Role.USER, question(text)))

    def fits(messages: Sequence[Message]) -> bool:
        return _fits(messages, max_new_tokens, window)

    for kept in range(len(shots), -1, -1):
        messages = build(kept, document)
        if fits(messages):
            return Prompt(
                example_id=example_id, messages=messages, max_new_tokens=max_new_tokens, truncated=kept < len(shots)
            )
    longest = _longest(len(document), lambda length: fits(build(0, _middle_cut(document, length))))
    return Prompt(
        example_id=example_id,
        messages=build(0, _middle_cut(document, longest)),
        max_new_tokens=max_new_tokens,
        truncated=True,
    )


def squeezed(
    *, example_id: str, build: Callable[[int], tuple[Message, ...]], room: int, max_new_tokens: int, window: Window
) -> Prompt:
    """`build(room)`, or where it does not fit the window, `build` of less room, marked truncated.

    Room is a number of characters. About a hundredth of the window is left unused, so that few prompts have to be
    counted. One that does not fit even without any room is returned like that, for the engine to refuse.
    """
    whole = Prompt(example_id=example_id, messages=build(room), max_new_tokens=max_new_tokens)
    if _surely_fits(whole.messages, max_new_tokens, window):
        return whole
    limit, size = (window.tokens or 0) - max_new_tokens, window.count(whole.messages)
    if size <= limit:
        return whole
    less = _roomiest(lambda tried: window.count(build(tried)), room, size, limit)
    return replace(whole, messages=build(less), truncated=True)


def merge_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same turns with the instruction at the head of the first user turn, for templates without a system role."""
    if messages[0].role is not Role.SYSTEM:
        return tuple(messages)
    instruction, first, *rest = messages
    return (Message(Role.USER, f"{instruction.content}\n\n{first.content}"), *rest)


def plain_text(messages: Sequence[Message]) -> str:
    """The same turns as one text for models without a chat template; a turn of the model ends at PLAIN_TURN_END."""
    heads = {Role.SYSTEM: "### Task", Role.USER: "### Input", Role.ASSISTANT: "### Answer"}
    turns = [f"{heads[message.role]}\n{message.content}" for message in messages]
    return "\n\n".join([*turns, heads[Role.ASSISTANT]]) + "\n"


def before_turn_end(text: str) -> str:
    """What was written in the model's own turn of a plain text."""
    return text.split(PLAIN_TURN_END, 1)[0]


def _fits(messages: Sequence[Message], max_new_tokens: int, window: Window) -> bool:
    return _surely_fits(messages, max_new_tokens, window) or (
        window.tokens is not None and window.count(messages) + max_new_tokens <= window.tokens
    )


def _surely_fits(messages: Sequence[Message], max_new_tokens: int, window: Window) -> bool:
    """Whether it is known without counting: no tokenizer in use writes more tokens than bytes."""
    most = sum(len(message.content.encode()) + TEMPLATE_ALLOWANCE for message in messages)
    return window.tokens is None or most + max_new_tokens <= window.tokens


def _middle_cut(document: str, length: int) -> str:
    if length >= len(document):
        return document
    head = (length + 1) // 2
    return document[:head] + CUT_MARK + document[len(document) - (length - head) :]


def _longest(limit: int, fits: Callable[[int], bool]) -> int:
    low, high = 0, limit - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return max(low, 0)


def _roomiest(size: Callable[[int], int], room: int, most: int, limit: int) -> int:
    """The most room found whose size is within the limit, 0 if there is none; `most`, that of `room`, is beyond it."""
    low, high, wide = 0, room, 2 * room
    least = size(low)
    for _ in range(MOST_COUNTS):
        if limit - least <= SLACK * limit or high - low <= 1:
            break
        # Sizes grow evenly with room, nearly, so that a straight line finds the limit in a step or two. Where it does
        # not, halving does.
        share = (1 - SLACK / 2) * (limit - least) / (most - least) if high - low <= wide / 2 else 0.5
        wide = high - low
        tried = min(max(low + int(share * wide), low + 1), high - 1)
        found = size(tried)
        if found <= limit:
            low, least = tried, found
        else:
            high, most = tried, found
    return low
