"""Which pairs are worth a physician's time: true to their statement, not repeated, not to be copied off the letter."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from backend.builders.letters import SplitLetter
from backend.builders.pairs import Pair
from backend.builders.statements import REMOVED, digits, numbers
from backend.metrics.rouge import rouge_l, rouge_n, words

LEAST_SUPPORT = 0.15
MOST_ALIKE = 0.7
QUESTION_WORDS = range(3, 41)
ANSWER_WORDS = range(2, 61)


class Drop(StrEnum):
    """Why a pair was left out."""

    UNREADABLE = "unreadable"
    REMOVED_WORD = "removed_word"
    LENGTH = "length"
    NO_QUESTION = "no_question"
    GIVEN_AWAY = "given_away"
    OTHER_NUMBERS = "other_numbers"
    UNSUPPORTED = "unsupported"
    IN_THE_LETTER = "in_the_letter"
    REPEATED = "repeated"


def screen(pairs: Iterable[Pair], letters: Mapping[str, SplitLetter]) -> tuple[list[Pair], Counter[str]]:
    """The pairs that pass, in order, and how many did not for which first reason.

    A pair is judged by itself first; of those left, one whose question is much like an earlier one about the same
    letter is a repetition.
    """
    kept: list[Pair] = []
    dropped: Counter[str] = Counter({drop.value: 0 for drop in Drop})
    asked: dict[str, list[str]] = {}
    for pair in pairs:
        reason = fault(pair, letters[pair.note_id].shown)
        earlier = asked.setdefault(pair.note_id, [])
        if reason is None and any(rouge_l(pair.question, one) >= MOST_ALIKE for one in earlier):
            reason = Drop.REPEATED
        if reason is None:
            kept.append(pair)
            earlier.append(pair.question)
        else:
            dropped[reason] += 1
    return kept, dropped


def fault(pair: Pair, shown: str) -> Drop | None:
    """Why the pair cannot be used by itself; None when it can.

    An answer is supported when it shares words with its statement (ROUGE-1 of at least 0.15: plain words differ from
    medical ones) and has no number that the statement does not have.
    """
    if REMOVED in pair.question or REMOVED in pair.answer:
        return Drop.REMOVED_WORD
    if len(words(pair.question)) not in QUESTION_WORDS or len(words(pair.answer)) not in ANSWER_WORDS:
        return Drop.LENGTH
    if not pair.question.endswith("?"):
        return Drop.NO_QUESTION
    if stands_in(pair.answer, pair.question):
        return Drop.GIVEN_AWAY
    if not digits(pair.answer) <= numbers(pair.statement):
        return Drop.OTHER_NUMBERS
    if rouge_n(pair.answer, pair.statement, 1) < LEAST_SUPPORT:
        return Drop.UNSUPPORTED
    return Drop.IN_THE_LETTER if stands_in(pair.answer, shown) else None


def stands_in(answer: str, text: str) -> bool:
    """Whether the answer's words stand in the text one after another, whatever the case and whatever is between them.

    An answer without any word stands in every text.
    """
    said = words(answer)
    return not said or f" {' '.join(said)} " in f" {' '.join(words(text))} "
