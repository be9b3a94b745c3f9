"""A rule that plays the model for MeDiSumQA's two prompts: every sentence is a fact, every fact is asked about."""

import re

from backend.domain import Prompt, Role

_SKIPPED = ("Dear", "Your")


def play(prompt: Prompt) -> str:
    """The reply to the prompt's last turn."""
    return play_text(next(turn.content for turn in reversed(prompt.messages) if turn.role is Role.USER))


def play_text(question: str) -> str:
    """The reply to what is asked."""
    if question.startswith("Instructions:"):
        lines = question.removeprefix("Instructions:").removesuffix("Facts:").strip().splitlines()
        told = " ".join(line for line in lines if not line.startswith(_SKIPPED))
        return "\n".join(f"- {sentence}" for sentence in re.findall(r"[^.]+\.", told))
    fact = question.removeprefix("Fact: ").partition("\n")[0]
    about = " ".join(re.findall(r"[a-z]{4,}", fact)[:8])
    return f"Question: What of {about}?\nAnswer: Remember: {fact}"
