"""Writes LongHealth's file: records of invented patients, questions on them, and what is odd in the published one."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from backend.datasets.rehearsal.facts import OPTIONS, RecordFact, day_between, draw_facts
from backend.datasets.rehearsal.problems import all_problems
from backend.datasets.rehearsal.scale import Sizes
from backend.datasets.rehearsal.wording import fill, phrase, resource

LETTERS = "abcde"
# Not the published file's: this one marks invented records.
CANARY_KEY, CANARY = "canaray-string", "LongHealth:0000:invented-for-rehearsal-not-the-benchmark"
EXPLODED = 3_000
# A text may end that many words early; that share of its paragraphs is followed by a table.
SLACK, TABLES = 50, 0.35
SUBSTRING, DUPLICATE, BLANK_AT_END, CHRONOLOGY, DOUBLE_BLANKS, BLANK_QUESTION = range(6)


def write_longhealth(path: Path, sizes: Sizes) -> None:
    """The file holds a record for each of the sizes' patients, indented and in ASCII as the published one."""
    records = {
        f"patient_{number:02}": _patient(number, texts, words, sizes.questions)
        for number, (texts, words) in enumerate(zip(sizes.texts, sizes.words, strict=True), 1)
    }
    path.write_text(json.dumps(records, indent=4), encoding="ascii", newline="\n")


def _patient(number: int, texts: int, words: int, questions: int) -> dict[str, Any]:
    rng = Random(f"patient {number}")
    days = sorted((day_between(2195, 2199, rng) for _ in range(texts)), key=lambda day: day[6:] + day[:5])
    facts = draw_facts(questions, days, rng)
    birthday = f"{rng.randint(2150, 2152)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    name, diagnosis = f"Rehearsal {chr(64 + number)}.", rng.choice(resource("longhealth")["diagnoses"])
    shares = _shares(texts, words, rng)
    written = {}
    for place, (day, share) in enumerate(zip(days, shares, strict=True)):
        here = [fact.sentence for fact in facts if fact.text == place]
        written[f"text_{place}"] = _text(f"{name}, born {birthday}", day, diagnosis, here, share, place, rng)
    asked = [_question(place, fact, written, rng) for place, fact in enumerate(facts)]
    _make_odd(number, asked, facts, written)
    return {
        "texts": written,
        "name": name,
        "birthday": birthday,
        "diagnosis": diagnosis,
        "questions": asked,
        CANARY_KEY: CANARY,
    }


def _shares(texts: int, words: int, rng: Random) -> list[int]:
    weights = [rng.uniform(0.5, 2.0) for _ in range(texts)]
    return [round(words * weight / sum(weights)) for weight in weights]


def _text(who: str, day: str, diagnosis: str, facts: Sequence[str], words: int, place: int, rng: Random) -> str:
    greeting = "**Dear colleague, ****Dear colleague, **" if place == 0 else "**Dear colleague,**"
    parts = [
        f"{greeting}\n\nWe report on our patient {who}, who was in our care until {day}.",
        f"**Diagnosis:**\n\n-   {diagnosis}\n\n-   {phrase(rng.choice(all_problems()).names[0], rng)}",
    ]
    told = list(facts)
    while told or words - _words(parts) > SLACK:
        parts += [_paragraph(rng), *([told.pop(0)] if told else [])]
        if words - _words(parts) > 3 * SLACK and rng.random() < TABLES:
            parts.append(_table(day, rng))
    return "\n\n".join([*parts, "With kind regards"])


def _words(parts: Sequence[str]) -> int:
    return sum(len(part.split()) for part in parts)


def _paragraph(rng: Random) -> str:
    courses = [fill(sentence, rng) for sentence in rng.sample(resource("longhealth")["courses"], 2)]
    problem = rng.choice(all_problems())
    told = problem.course if rng.random() < 0.5 else (*problem.history, problem.imaging)
    return " ".join([*courses, *(phrase(sentence, rng) for sentence in told)])


def _table(day: str, rng: Random) -> str:
    """A pandoc table: columns padded with blanks, which is why such a record has many characters to a word."""
    rule = f"  {'-' * 34} {'-' * 16} {'-' * 22}"
    rows = [f"  {'**Parameter**':<34} {f'**{day}**':<16} {'**Reference Range**':<22}", rule]
    for parameter in rng.sample(resource("longhealth")["parameters"], rng.randint(8, 16)):
        name, unit, span, value = parameter.split("|")
        rows.append(f"  {name:<34} {f'{fill(value, rng)} {unit}':<16} {f'{span} {unit}':<22}")
    return "\n".join(["**Lab results:**\n", *rows, rule])


def _question(number: int, fact: RecordFact, texts: dict[str, str], rng: Random) -> dict[str, Any]:
    options = [fact.correct, *fact.wrong]
    rng.shuffle(options)
    return {
        "No": number,
        "question": fact.question,
        **_lettered(options),
        "correct": fact.correct,
        "answer_location": _location([fact], texts),
    }


def _lettered(options: Sequence[str]) -> dict[str, str]:
    return {f"answer_{letter}": option for letter, option in zip(LETTERS, options, strict=True)}


def _location(facts: Sequence[RecordFact], texts: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    spans: dict[str, dict[str, list[float]]] = {}
    for fact in facts:
        key = f"text_{fact.text}"
        start = texts[key].index(fact.sentence)
        span = spans.setdefault(key, {"start": [], "end": []})
        span["start"].append(start / len(texts[key]))
        span["end"].append((start + len(fact.sentence)) / len(texts[key]))
    return spans


def _make_odd(number: int, asked: list[dict[str, Any]], facts: Sequence[RecordFact], texts: dict[str, str]) -> None:
    if number % 2:
        asked[CHRONOLOGY] |= _chronology(facts, texts)
    if number == 1:
        for place, change in (
            (SUBSTRING, _hidden_in_an_earlier_option),
            (DUPLICATE, _offered_twice),
            (DOUBLE_BLANKS, _spaced_out),
        ):
            asked[place] |= change(facts[place])
        asked[BLANK_AT_END]["correct"] += " "
        asked[BLANK_QUESTION]["question"] += " "


def _chronology(facts: Sequence[RecordFact], texts: dict[str, str]) -> dict[str, Any]:
    """Evidence in several texts, and in one of them a location for every character: an empty string was looked for."""
    told = sorted({fact.text: fact for fact in facts}.values(), key=lambda fact: fact.text)[:3]
    steps = [fact.sentence.rstrip(".") for fact in told]
    orders = [" - ".join(steps[shift:] + steps[:shift]) for shift in range(len(steps))]
    orders += [" - ".join(reversed(order.split(" - "))) for order in orders]
    right, *wrong = list(dict.fromkeys([*orders, "All on the same day", "Cannot be told", "None took place"]))[:OPTIONS]
    location = _location(told, texts)
    places = [step / EXPLODED for step in range(EXPLODED)]
    location[f"text_{told[0].text}"] = {"start": places, "end": [place + 1 / EXPLODED for place in places]}
    return {
        "question": "In which order did the following take place?",
        **_lettered([*wrong[:3], right, wrong[3]]),
        "correct": right,
        "answer_location": location,
    }


def _hidden_in_an_earlier_option(fact: RecordFact) -> dict[str, Any]:
    return _lettered([f"1{fact.correct}", fact.correct, *fact.wrong[:3]])


def _offered_twice(fact: RecordFact) -> dict[str, Any]:
    return _lettered([*fact.wrong[:2], fact.correct, fact.correct, fact.wrong[2]])


def _spaced_out(fact: RecordFact) -> dict[str, Any]:
    correct = fact.correct.replace(" ", "  ")
    return {**_lettered([correct, *fact.wrong]), "correct": correct}
