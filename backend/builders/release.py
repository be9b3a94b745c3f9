"""The reviewed pairs become MeDiSumQA, or every row that stands in the way is named."""

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.builders.custody import is_invented
from backend.builders.drafts import draft, file_sha256, write_json
from backend.builders.letters import SplitLetter
from backend.builders.pairs import Pair
from backend.builders.review import Reviewed, read_review, rows_named
from backend.builders.screening import stands_in
from backend.builders.statements import REMOVED
from backend.builders.workshop import LETTERS_REPORT, PAIRS_REPORT, RELEASE_REPORT, Workshop
from backend.errors import UsageError
from backend.metrics.rouge import words

UNDECIDED = "it is not decided whether to keep the pair: write yes or no under keep"


def release(workshop: Workshop) -> tuple[Path, int]:
    """MeDiSumQA.jsonl holds the kept pairs with their letters, a report lies beside it; returns its path and size.

    UsageError lists the rows of the review file that are undecided or cannot be released, and why; then nothing was
    written. No released answer stands in the letter that is shown with it.
    """
    letters, proposed = workshop.letters(), workshop.pairs()
    rows = read_review(workshop.review)
    faults = _faults(rows, letters, proposed)
    if faults:
        listed = "".join(f"\n  {rows_named(numbers)}: {fault}" for fault, numbers in faults.items())
        raise UsageError(f"{workshop.review.name} cannot be released yet:{listed}")
    kept = [row for row in rows if row.keep]
    if not kept:
        raise UsageError(f"No row of {workshop.review.name} is kept, so there is nothing to release.")
    with draft(workshop.released) as stream:
        for row in kept:
            stream.write(json.dumps(_record(row, letters[row.note_id].shown), ensure_ascii=False) + "\n")
    _write_report(workshop, rows, proposed)
    return workshop.released, len(kept)


def _record(row: Reviewed, shown: str) -> dict[str, str]:
    return {"note_id": row.note_id, "Question": row.question, "Answer": row.answer, "discharge_summary": shown}


def _faults(
    rows: Sequence[Reviewed], letters: Mapping[str, SplitLetter], proposed: Mapping[str, Pair]
) -> dict[str, list[int]]:
    """The rows that have each fault."""
    found: dict[str, list[int]] = {}
    seen: set[str] = set()
    asked: set[tuple[str, str]] = set()
    for row in rows:
        question = (row.note_id, " ".join(words(row.question)))
        fault = _identity_fault(row, letters, proposed, seen)
        if fault is None and row.keep is None:
            fault = UNDECIDED
        if fault is None and row.keep:
            again = "the same question is asked about this letter in an earlier row" if question in asked else None
            fault = _content_fault(row, letters[row.note_id].shown) or again
            asked.add(question)
        if fault is not None:
            found.setdefault(fault, []).append(row.row)
        seen.add(row.id)
    return found


def _identity_fault(
    row: Reviewed, letters: Mapping[str, SplitLetter], proposed: Mapping[str, Pair], seen: set[str]
) -> str | None:
    if row.note_id not in letters:
        return "its note_id is none of the letters'"
    if row.id == "":
        return None
    if row.id not in proposed or proposed[row.id].note_id != row.note_id:
        return "its id is none of this letter's: leave ids as they were, and empty in a row of your own"
    return "its id has come in an earlier row" if row.id in seen else None


def _content_fault(row: Reviewed, shown: str) -> str | None:
    if not words(row.question) or not words(row.answer):
        return "question or answer is empty"
    if not row.question.endswith("?"):
        return "the question does not end with a question mark"
    if REMOVED in row.question or REMOVED in row.answer:
        return f"{REMOVED} stands for a removed word; put it otherwise"
    return "the answer stands in the letter that is shown, word for word" if stands_in(row.answer, shown) else None


def _write_report(workshop: Workshop, rows: Sequence[Reviewed], proposed: Mapping[str, Pair]) -> None:
    kept = [row for row in rows if row.keep]
    own = [row for row in kept if row.id == ""]
    edited = [
        row
        for row in kept
        if row.id and (row.question, row.answer) != (proposed[row.id].question, proposed[row.id].answer)
    ]
    record = {
        "dataset": "MeDiSumQA",
        "invented": is_invented(workshop.folder),
        "pairs": len(kept),
        "letters": len({row.note_id for row in kept}),
        "left_out": len(proposed) - (len(kept) - len(own)),
        "edited": len(edited),
        "added": len(own),
        "categories": dict(Counter(row.category or "none given" for row in kept)),
        "review_sha256": file_sha256(workshop.review),
        "sha256": file_sha256(workshop.released),
        "python": platform.python_version(),
        "letters_report": workshop.report(LETTERS_REPORT),
        "proposed_report": workshop.report(PAIRS_REPORT),
    }
    write_json(workshop.folder / RELEASE_REPORT, record)
