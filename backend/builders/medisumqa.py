"""Builds MeDiSumQA up to the file that a physician reviews: letters, statements, pairs, screening."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from backend.builders.asking import Asking
from backend.builders.drafts import file_sha256
from backend.builders.letters import SplitLetter, draw_letters
from backend.builders.pairs import Pair, ask_for_pair, read_pair
from backend.builders.review import write_review
from backend.builders.screening import Drop, screen
from backend.builders.statements import Statement, ask_for_statements, read_statements
from backend.builders.workshop import LETTERS_REPORT, PAIRS_REPORT, Workshop, digest_of
from backend.datasets.mimic import Table
from backend.errors import DataMissing, UsageError

LETTERS = 200
SEED = 44
METHOD = 1  # raised whenever splitting, prompts or screening change what is made of the same letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """How far the building came; `left_alone` when the review file had been edited and was not touched."""

    letters: int
    statements: int
    pairs: int
    review: Path
    left_alone: bool


def propose(*, notes: Table, workshop: Workshop, asking: Asking, letters: int = LETTERS, seed: int = SEED) -> Proposed:
    """The workshop holds a review file with every pair that passed the screening.

    What an earlier call has done is not done again: letters are drawn anew only from another file or with another
    number or seed, and a model is asked only what its journal does not answer. A review file that was edited is left
    alone; UsageError when it belongs to other pairs than these.
    """
    split = _letters(notes, workshop, letters, seed)
    with asking:
        statements, lines_dropped = _statements(split, asking, workshop)
        pairs, unreadable = _pairs(statements, asking)
    kept, dropped = screen(pairs, split)
    dropped[Drop.UNREADABLE] += unreadable
    report = {
        "method": METHOD,
        "model": asking.model.hub_id,
        "revision": asking.model.revision,
        "engine": asking.engine.name,
        "facts": dict(asking.facts),
        "statements": {"kept": len(statements), "dropped": dict(lines_dropped)},
        "pairs": {"kept": len(kept), "dropped": dict(dropped)},
    }
    left_alone = _write_proposals(workshop, kept, report)
    return Proposed(
        letters=len(split), statements=len(statements), pairs=len(kept), review=workshop.review, left_alone=left_alone
    )


def _letters(notes: Table, workshop: Workshop, count: int, seed: int) -> Mapping[str, SplitLetter]:
    made_of = {"method": METHOD, "notes": str(notes.path.resolve()), "letters": count, "seed": seed}
    if notes.path.is_file():
        state = notes.path.stat()
        made_of.update(bytes=state.st_size, changed_ns=state.st_mtime_ns)
    if workshop.report(LETTERS_REPORT).get("made_of") == made_of:
        return workshop.letters()
    drawn, counts = draw_letters(notes, count, seed)
    if not drawn:
        raise DataMissing(f"No letter of {notes.path} has discharge instructions that questions could be made from.")
    workshop.write_letters(drawn, {"made_of": made_of, "notes_sha256": notes.sha256, "counts": counts})
    return {letter.note_id: letter for letter in drawn}


def _statements(
    letters: Mapping[str, SplitLetter], asking: Asking, workshop: Workshop
) -> tuple[list[Statement], Counter[str]]:
    asked = {note_id: partial(ask_for_statements, letter) for note_id, letter in letters.items()}
    made_of = f"{METHOD} {workshop.report(LETTERS_REPORT)['sha256']}"
    written = asking.answers("statements", asked, made_of)
    found: list[Statement] = []
    dropped: Counter[str] = Counter()
    for note_id, letter in letters.items():
        statements, without = read_statements(letter, written[note_id])
        found += statements
        dropped += without
    return found, dropped


def _pairs(statements: list[Statement], asking: Asking) -> tuple[list[Pair], int]:
    asked = {statement.id: partial(ask_for_pair, statement) for statement in statements}
    written = asking.answers("pairs", asked, f"{METHOD} {digest_of(statements)}")
    read = [read_pair(statement, written[statement.id]) for statement in statements]
    pairs = [pair for pair in read if pair is not None]
    return pairs, len(read) - len(pairs)


def _write_proposals(workshop: Workshop, pairs: list[Pair], report: Mapping[str, Any]) -> bool:
    """Proposals and review file are these; true when the review file had been edited and was left alone."""
    before = workshop.report(PAIRS_REPORT)
    edited = workshop.review.is_file() and file_sha256(workshop.review) != before.get("review_sha256")
    if edited and before.get("sha256") != digest_of(pairs):
        raise UsageError(
            f"{workshop.review} has been edited and belongs to other pairs than these. "
            "Move it away to have it written again, or build into another folder."
        )
    if not edited:
        write_review(workshop.review, pairs)
        report = {**report, "review_sha256": file_sha256(workshop.review)}
    else:
        report = {**report, "review_sha256": before["review_sha256"]}
    workshop.write_pairs(pairs, report)
    return edited
