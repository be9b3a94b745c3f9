"""Invented answers and references that share about half of their words, the same every time for the same seed."""

import random
from collections.abc import Mapping

from backend.domain import Dataset, Finish, Prediction

OPTIONS = "ABCDE"
_WORDS = (
    *("patient", "admitted", "with", "chest", "pain", "and", "shortness", "of", "breath", "after", "surgery", "Fever"),
    *("39.5", "resolved", "on", "day", "two", "no", "signs", "bleeding", "Follow-up", "in", "the", "clinic", "is"),
    *("continue", "aspirin", "100", "mg", "daily", "renal", "function", "stable", "at", "discharge", "what", "are"),
    *("treatments", "for", "gout", "hypertension", "was", "known", "CT", "showed", "a", "small", "lesion", "left"),
)


def invented_pairs(count: int, shortest: int, longest: int, seed: int) -> tuple[list[str], list[str]]:
    """Answers and references of so many words."""
    chance = random.Random(seed)
    references = [_text(chance, shortest, longest) for _ in range(count)]
    return [_answer(chance, reference) for reference in references], references


def invented_predictions(dataset: Dataset, seed: int) -> Mapping[str, Prediction]:
    """What an invented model wrote for each example: its reference, or some of its words, or an option."""
    chance = random.Random(seed)
    found = {}
    for example in dataset.examples:
        letter = chance.choice(OPTIONS)
        option = example.fields.get(f"option {letter}")
        exact = chance.random() < 0.2
        text = example.reference if exact else _answer(chance, example.reference)
        if option is not None:
            text = f"The correct answer is {letter}: {option}"
        found[example.id] = Prediction(example_id=example.id, text=text, finish=Finish.STOP)
    return found


def _text(chance: random.Random, shortest: int, longest: int) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(shortest, longest)))


def _answer(chance: random.Random, reference: str) -> str:
    """Half of the reference's words in their order, among as many others."""
    return " ".join(word if chance.random() < 0.5 else chance.choice(_WORDS) for word in reference.split())
