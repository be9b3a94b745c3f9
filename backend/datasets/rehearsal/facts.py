"""Facts of an invented record that can be asked about: a sentence, a question, the right option and wrong ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from backend.datasets.rehearsal.wording import fill, resource

OPTIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFact:
    """One thing that a text of the record says, once."""

    text: int
    sentence: str
    question: str
    correct: str
    wrong: tuple[str, ...]


def draw_facts(count: int, days: Sequence[str], rng: Random) -> list[RecordFact]:
    """`count` facts of four kinds in turn, each of another subject, spread over texts of the given days."""
    kinds = [_measured(rng), _prescribed(rng), _seen(rng), _done(rng)]
    facts = []
    for number in range(count):
        text = number % len(days)
        facts.append(kinds[number % len(kinds)](text, days[text]))
    return facts


def day_between(first: int, last: int, rng: Random) -> str:
    """A day as MM/DD/YYYY."""
    return f"{rng.randint(1, 12):02}/{rng.randint(1, 28):02}/{rng.randint(first, last)}"


def _measured(rng: Random) -> Callable[[int, str], RecordFact]:
    subjects = iter(rng.sample(resource("longhealth")["analytes"], 12))

    def fact(text: int, day: str) -> RecordFact:
        name, numbers, unit = next(subjects).split("|")
        values = _different(lambda: f"{fill(numbers, rng)} {unit}")
        sentence = f"On {day} the value of {name} was {values[0]}."
        return _fact(text, sentence, f"What was the value of {name} on {day}?", values)

    return fact


def _prescribed(rng: Random) -> Callable[[int, str], RecordFact]:
    texts = resource("longhealth")
    subjects = iter(rng.sample(texts["drugs"], len(texts["drugs"])))

    def fact(text: int, day: str) -> RecordFact:
        drug, doses = next(subjects), rng.sample(texts["doses"], OPTIONS)
        sentence = f"From {day} on, {drug} was prescribed at {doses[0]}."
        return _fact(text, sentence, f"At which dose was {drug} prescribed from {day} on?", doses)

    return fact


def _seen(rng: Random) -> Callable[[int, str], RecordFact]:
    texts = resource("longhealth")
    subjects = iter(rng.sample(texts["sights"], len(texts["sights"])))

    def fact(text: int, day: str) -> RecordFact:
        sight, findings = next(subjects), rng.sample(texts["findings"], OPTIONS)
        return _fact(text, f"The {sight} of {day} showed {findings[0]}.", f"What did the {sight} show?", findings)

    return fact


def _done(rng: Random) -> Callable[[int, str], RecordFact]:
    texts = resource("longhealth")
    subjects = iter(rng.sample(texts["events"], len(texts["events"])))

    def fact(text: int, day: str) -> RecordFact:
        event, days = next(subjects), [day, *_different(lambda: day_between(2195, 2199, rng), but=day)]
        return _fact(text, f"The {event} took place on {day}.", f"On which date did the {event} take place?", days)

    return fact


def _fact(text: int, sentence: str, question: str, options: Sequence[str]) -> RecordFact:
    right, *wrong = options[:OPTIONS]
    return RecordFact(text=text, sentence=sentence, question=question, correct=right, wrong=tuple(wrong))


def _different(draw: Callable[[], str], but: str = "") -> list[str]:
    found: dict[str, None] = {}
    while len(found) < OPTIONS:
        value = draw()
        if value != but:
            found[value] = None
    return list(found)
