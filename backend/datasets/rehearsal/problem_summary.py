"""Writes the Problem Summary file: progress notes of intensive care and the list of problems they lead to."""

import csv
from collections.abc import Mapping
from pathlib import Path
from random import Random

from backend.datasets.rehearsal.canaries import CANARIES, marked
from backend.datasets.rehearsal.problems import Problem, all_problems
from backend.datasets.rehearsal.wording import fill, resource

COLUMNS = ("File ID", "Subjectives", "Objectives", "Assessment", "Summary")
# Rows that are odd, by number.
TRAILING, IRREGULAR, EMPTY_SUBJECTIVES, LONG_SUBJECTIVES = 4, 5, 6, 7
LONG_WORDS = 2_000


def progress_notes(count: int) -> list[dict[str, str]]:
    """`count` rows under the test file's headers."""
    return [_row(number) for number in range(count)]


def write_progress_notes(path: Path, rows: list[dict[str, str]], headers: Mapping[str, str] | None = None) -> None:
    """The file holds the rows; `headers` renames columns and decides their order."""
    names = headers or {column: column for column in COLUMNS}
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names.values())
        writer.writerows([row[name] for name in names] for row in rows)


def _row(number: int) -> dict[str, str]:
    rng = Random(f"progress note {number}")
    problems = rng.sample(all_problems(), 3 if number in (TRAILING, IRREGULAR) else 1 + number % 5)
    return {
        "File ID": f"{900_000 + number}.txt",
        "Subjectives": _subjectives(number, problems, rng),
        "Objectives": "\n".join(fill(line, rng) for line in resource("progress_notes")["flowsheet"]),
        "Assessment": _assessment(number, problems, rng),
        "Summary": _summary(number, problems, rng),
    }


def _subjectives(number: int, problems: list[Problem], rng: Random) -> str:
    if number == EMPTY_SUBJECTIVES:
        return ""
    texts = resource("progress_notes")
    head = rng.sample(texts["subjective"], 5)
    lines = [fill(line, rng) for line in [*head, *(problem.event for problem in problems)]]
    lines += [fill(rng.choice(problem.history), rng) for problem in problems]
    words = len(" ".join(lines).split())
    while number == LONG_SUBJECTIVES and words < LONG_WORDS:
        lines.append(fill(rng.choice(texts["wandering"]), rng))
        words += len(lines[-1].split())
    if number % 2:
        lines.insert(1, f"Reviewed by {marked('problem_summary')}.")
    return "\n".join(lines)


def _assessment(number: int, problems: list[Problem], rng: Random) -> str:
    found = ", ".join(fill(problem.assessment, rng) for problem in problems)
    past = fill("‹hyperlipidemia|osteoarthritis|hypothyroidism|an old stroke›", rng)
    who = fill("‹38..91› y/o ‹M|F› with a history of", rng)
    seen_at = f" Seen at {marked('problem_summary')}." if number % 3 == 0 else ""
    return f"{who} {past}, now {found}.{seen_at}"


def _summary(number: int, problems: list[Problem], rng: Random) -> str:
    names = [rng.choice(problem.names) for problem in problems]
    if number % 10 == 0:
        names[-1] = f"{names[-1]} {CANARIES['problem_summary']}"
    if number == IRREGULAR:
        return f"{names[0]} ;{names[1]};{names[2]}"
    return "; ".join(names) + (";" if number == TRAILING else "")
