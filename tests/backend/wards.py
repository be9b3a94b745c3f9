"""Invented patients in LongHealth's format: three with every odd case of it, or twenty of full size."""

import json
import random
from pathlib import Path
from typing import Any

from backend.datasets.longhealth import LONGHEALTH
from backend.datasets.rehearsal import MARKER

LETTERS = "abcde"


def document(patient: str, name: str, length: int) -> str:
    """An invented record that says whose it is, of so many characters."""
    chance = random.Random(f"{patient}/{name}")
    words = [
        "creatinine",
        "mg/dL",
        "**Technique:**",
        "[Findings]{.underline}",
        'a \\"quoted\\" word',
        "dosis",
        "{x}",
        "µg",
    ]
    text = f"Record {patient}/{name}.\n"
    while len(text) < length:
        text += f"{chance.choice(words)} {chance.randint(1, 999)} "
    return text[:length]


def question(number: int, options: list[str], correct: str, *locations: str, **changed: Any) -> dict[str, Any]:
    """A question with its keys in the order of the published file."""
    return {
        "No": number,
        "question": f"What was found in examination {number}? ",
        **{f"answer_{letter}": option for letter, option in zip(LETTERS, options, strict=True)},
        "correct": correct,
        "answer_location": {name: {"start": [0.1, 0.7], "end": [0.2, 0.8]} for name in locations},
        **changed,
    }


def patient(name: str, lengths: list[int], questions: list[dict[str, Any]]) -> dict[str, Any]:
    """A patient's record with documents of these lengths."""
    return {
        "texts": {f"text_{n}": document(name, f"text_{n}", length) for n, length in enumerate(lengths)},
        "name": "Nobody",
        "birthday": "1.1.1900",
        "diagnosis": "none",
        "questions": questions,
        "canaray-string": "LongHealth:invented",
    }


def odd_ward() -> dict[str, Any]:
    """Three patients with four questions each; two of the twelve cannot be scored."""
    plain = ["Aspirin and heparin", "Aspirin", "Heparin", "Warfarin", "Nothing"]
    exploded = {"text_1": {"start": [n / 3000 for n in range(3000)], "end": [(n + 1) / 3000 for n in range(3000)]}}
    return {
        "patient_01": patient(
            "patient_01",
            [500, 700, 900],
            [
                question(0, plain, "Aspirin", "text_0"),
                question(1, ["1 mg/dL", "2 mg/dL", "1025 mg/dL", "1025 mg/dL", "5 mg/dL"], "1025 mg/dL", "text_2"),
                question(2, ["Low  sodium", *plain[1:]], "Low  sodium ", "text_1"),
                question(3, plain, "Warfarin", answer_location=exploded),
            ],
        ),
        "patient_02": patient(
            "patient_02",
            [12_000, 30_000, 12_000, 9_000],
            [
                question(0, plain, "Nothing", "text_0"),
                question(1, plain, "Heparin", "text_1"),
                question(2, plain, "Heparin", "text_3", "text_2"),
                question(3, plain, "Aspirin", "text_2", "text_1"),
            ],
        ),
        "patient_03": patient(
            "patient_03",
            [3_000, 2_000, 2_500, 4_000, 1_000],
            [
                question(0, plain, "Aspirin", "text_4", "text_0"),
                question(1, plain, "Aspirin 100", "text_1"),
                question(2, [*plain[:4], " "], "Warfarin", "text_2", "text_9"),
                question(3, plain, "Heparin"),
            ],
        ),
        "about": "invented",
    }


def full_ward() -> dict[str, Any]:
    """Twenty patients with twenty questions each and documents of about the published lengths."""
    ward = {}
    for number in range(1, 21):
        name, count = f"patient_{number:02}", 2 + number % 12
        asked = [
            question(n, [f"{letter} {n}" for letter in LETTERS], f"{LETTERS[n % 5]} {n}", f"text_{n % count}")
            for n in range(20)
        ]
        ward[name] = patient(name, [44_000 // count] * count, asked)
    return ward


def put(folder: Path, ward: Any, *, synthetic: bool = True) -> Path:
    """The folder with the ward's file in it, marked as invented unless it is to be taken for the published one."""
    place = folder / LONGHEALTH.places[0]
    place.mkdir(parents=True, exist_ok=True)
    (place / LONGHEALTH.name).write_text(json.dumps(ward, indent=4), encoding="utf-8")
    if synthetic:
        (folder / MARKER).touch()
    return folder
