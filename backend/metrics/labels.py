"""Accuracy of a label read out of free text, and of the letter of an option."""

import re
from collections.abc import Sequence

from backend.domain import Metric

_CLAUSE = re.compile(r"[.;:!?\n]+")


def read_label(text: str, labels: Sequence[str]) -> str | None:
    """The label of the first clause that names one, any case; None when there is none or that clause names two."""
    # Underscores may be Markdown's; case is that of ASCII, or a dotted capital I would pass for an i.
    pattern = re.compile(rf"(?<![^\W_])((?ai:{'|'.join(map(re.escape, labels))}))(?![^\W_])")
    for clause in _CLAUSE.split(text):
        named = {match.lower() for match in pattern.findall(clause)}
        if named:
            return named.pop() if len(named) == 1 else None
    return None


def accuracy(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """1 where the answer is the reference, else 0."""
    return [float(answer == reference) for answer, reference in zip(answers, references, strict=True)]


def one_of(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """1 where the answer is one of the reference's characters, each of which is a right option, else 0."""
    return [float(answer in {*reference}) for answer, reference in zip(answers, references, strict=True)]


ACCURACY = Metric(
    name="accuracy",
    title="Accuracy",
    meaning="Share of items with the right label; an answer that cannot be read counts as wrong.",
    prepare=lambda _: accuracy,
)
