"""What discharge instructions tell a patient, fact by fact: how a model is asked, and which of its lines are taken."""

import re
from collections import Counter
from dataclasses import dataclass

from backend.builders.letters import SplitLetter
from backend.domain import Finish, Prediction, Prompt, Window
from backend.metrics.rouge import words
from backend.prompting import dialogue
from backend.scoring import visible

MAX_NEW_TOKENS = 800
FEWEST_WORDS = 4
LEAST_SHARE = 0.5
REMOVED = "___"
NOTHING = "none"
INSTRUCTION = (
    "You read the part of a hospital's discharge letter that speaks to the patient, and you list the facts it tells.\n"
    'Write one fact per line, as one complete sentence about "the patient". Somebody who sees that line alone must be '
    'able to understand it: name the illness, treatment, medicine or symptom it is about, and never write "it", '
    '"this" or "as above" for something that is named on another line. Keep every number, dose and time as written.\n'
    "Take only what is written; explain nothing, conclude nothing, add nothing. Leave out greetings, thanks, wishes, "
    "signatures and telephone numbers. The letter shows ___ where a word was removed: leave out a fact that cannot be "
    "told without such a word.\n"
    "Write only these lines, without numbers or dashes before them and without a heading. If there is no fact, write "
    "the single word NONE."
)
SHOT = (
    "Dear Mr. ___,\nIt was a pleasure to meet you. You came to us because your left calf was swollen and sore. An "
    "ultrasound showed a blood clot in a deep vein of the leg. We started a blood thinner called rivaroxaban. Take it "
    "with food, 15 mg twice a day until ___, then 20 mg once a day. Please do not take ibuprofen while you are on it. "
    "Call us if your stools turn black!\nYour ___ Team",
    "The patient came to the hospital because the left calf was swollen and sore.\n"
    "An ultrasound showed that the patient has a blood clot in a deep vein of the leg.\n"
    "The patient was started on a blood thinner called rivaroxaban.\n"
    "The patient should take rivaroxaban with food.\n"
    "The patient should not take ibuprofen while taking rivaroxaban.\n"
    "The patient should call the hospital if the stools turn black.",
)
_MARK = re.compile(r"^\s*(?:[-*\u2022\u2013]+|\(?\d{1,2}[.):])\s+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
_COMMON = frozenset({"the", "patient", "patients", "was", "is", "has", "should", "to", "a", "an", "of", "and", "in"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One fact of one letter's instructions."""

    id: str
    note_id: str
    text: str


def ask_for_statements(letter: SplitLetter, window: Window) -> Prompt:
    """One worked example, then this letter's instructions, cut in their middle if they do not fit."""
    return dialogue(
        example_id=letter.note_id,
        instruction=INSTRUCTION,
        shots=[(_question(SHOT[0]), SHOT[1])],
        question=_question,
        document=letter.instructions,
        max_new_tokens=MAX_NEW_TOKENS,
        window=window,
    )


def read_statements(letter: SplitLetter, prediction: Prediction) -> tuple[list[Statement], Counter[str]]:
    """The usable lines of what a model wrote, and how many lines were left out for which reason.

    A line is held against the instructions: at least half of its words, apart from the commonest, and all of its
    numbers must stand there.
    """
    lines = [" ".join(_MARK.sub("", line).split()) for line in visible(prediction.text).splitlines() if line.strip()]
    dropped: Counter[str] = Counter()
    if prediction.finish is Finish.LENGTH and lines:
        lines.pop()
        dropped["cut_off"] += 1
    kept: dict[str, str] = {}
    for line in lines:
        reason = _fault(line, letter.instructions)
        if reason is None and " ".join(words(line)) in kept:
            reason = "repeated"
        if reason is None:
            kept[" ".join(words(line))] = line
        else:
            dropped[reason] += 1
    statements = [
        Statement(id=f"{letter.note_id}/{number}", note_id=letter.note_id, text=line)
        for number, line in enumerate(kept.values(), 1)
    ]
    if not statements:
        dropped["letters_without_statements"] += 1
    return statements, dropped


def numbers(text: str) -> set[str]:
    """Every number of the text as it is written in digits, those up to twelve also where they are written in words."""
    return {*_NUMBER.findall(text), *(_NUMBER_WORDS[word] for word in words(text) if word in _NUMBER_WORDS)}


def digits(text: str) -> set[str]:
    """Every number of the text that is written in digits."""
    return set(_NUMBER.findall(text))


def _question(instructions: str) -> str:
    return f"Instructions:\n{instructions}\n\nFacts:"


def _fault(line: str, instructions: str) -> str | None:
    if REMOVED in line:
        return "removed_word"
    if line.endswith(":") or line.strip(".").lower() == NOTHING:
        return "no_fact"
    if len(words(line)) < FEWEST_WORDS:
        return "too_short"
    said = set(words(line)) - _COMMON
    there = set(words(instructions))
    if len(said & there) < LEAST_SHARE * len(said) or not digits(line) <= numbers(instructions):
        return "not_in_the_instructions"
    return None
