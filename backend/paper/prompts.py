"""Conversations as the paper's scripts held them, cut at their beginning where they do not fit."""

from collections.abc import Sequence
from dataclasses import replace

from backend.domain import Message, Prompt, Role, Window
from backend.prompting import squeezed


def conversation(instruction: str, shots: Sequence[tuple[str, str]], question: str) -> tuple[Message, ...]:
    """The instruction, each shot as a pair of turns, then the question."""
    turns = [Message(Role.SYSTEM, instruction)]
    for asked, answered in shots:
        turns += [Message(Role.USER, asked), Message(Role.ASSISTANT, answered)]
    return (*turns, Message(Role.USER, question))


def beginning_cut(
    *, example_id: str, messages: Sequence[Message], begun: str, max_new_tokens: int, window: Window
) -> Prompt:
    """The conversation, without as much of its beginning as has to go for it to fit the window; then it is truncated.

    The instruction is the first to go, as in the paper. `begun` are the first words of the model's own turn.
    """
    prompt = squeezed(
        example_id=example_id,
        build=lambda room: _end(messages, room),
        room=sum(len(message.content) for message in messages),
        # No tokenizer in use writes more tokens than bytes.
        max_new_tokens=max_new_tokens + len(begun.encode()),
        window=window,
    )
    return replace(prompt, begun=begun, max_new_tokens=max_new_tokens)


def _end(messages: Sequence[Message], room: int) -> tuple[Message, ...]:
    """The last `room` characters in their turns; a conversation never begins with the model's turn."""
    kept: list[Message] = []
    for message in reversed(messages):
        if kept and room <= 0:
            break
        kept.append(replace(message, content=message.content[-room:] if room > 0 else ""))
        room -= len(message.content)
    if kept[-1].role is Role.ASSISTANT:
        kept.pop()
    return tuple(reversed(kept))
