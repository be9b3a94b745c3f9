"""Writes MeDiSumQA: questions on what a patient was told, with a letter that does not tell it."""

import json
from pathlib import Path
from random import Random

from backend.datasets.rehearsal.canaries import CANARIES
from backend.datasets.rehearsal.notes import Note, discharge_letters

QUESTIONS = {
    "reason": (
        "Why did I have to stay in the hospital for my {lay}?",
        "What does it mean when you speak of my {lay}?",
        "What had gone wrong in my body with my {lay}?",
    ),
    "treatment": (
        "What did the doctors do about my {lay}?",
        "How was my {lay} treated during the stay?",
        "What helped me to get through my {lay}?",
    ),
    "advice": (
        "What should I do at home now because of my {lay}?",
        "How do I take care of myself after my {lay}?",
        "What can I do myself against my {lay}?",
    ),
    "warning": (
        "When should I call for help because of my {lay}?",
        "Which signs of my {lay} should make me worry at home?",
        "What would be an emergency after my {lay}?",
    ),
}


def medisumqa_records(count: int, notes: int) -> list[dict[str, str]]:
    """`count` records on letters among the first `notes` notes: one each, then every fifth letter again."""
    letters = discharge_letters(notes)[: count - count // 6]
    asked = [*((letter, 0) for letter in letters), *((letter, 1) for letter in letters[::5])][:count]
    records = [_record(letter, turn, with_canary=number % 8 == 0) for number, (letter, turn) in enumerate(asked)]
    Random("medisumqa").shuffle(records)
    return records


def write_medisumqa(path: Path, count: int, notes: int) -> None:
    """The file holds the records as JSON lines."""
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in medisumqa_records(count, notes))
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def _record(about: Note, turn: int, with_canary: bool) -> dict[str, str]:
    """The question of this turn on the letter: another turn asks about something else."""
    rng = Random(f"questions on {about.note_id}")
    points = [(instruction, topic) for instruction in about.stay.instructions for topic in QUESTIONS]
    instruction, topic = rng.sample(points, 2)[turn]
    answers = {
        "reason": instruction.reason,
        "treatment": instruction.treatment,
        "advice": instruction.advice,
        "warning": instruction.warning,
    }
    letter = about.letter.before + about.letter.after
    return {
        "Answer": answers[topic] + (f" ({CANARIES['medisumqa']})" if with_canary else ""),
        "note_id": about.note_id,
        "Question": rng.choice(QUESTIONS[topic]).format(lay=instruction.problem.lay),
        "discharge_summary": letter.replace(CANARIES["medisumcode"], CANARIES["medisumqa"]),
    }
