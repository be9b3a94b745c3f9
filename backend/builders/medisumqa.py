"""Builds MeDiSumQA up to the file that a physician reviews: letters, statements, pairs, screening."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from backend.builders.asking import StagedModel
from backend.builders.letters import SplitLetter, draw_letters
from backend.builders.pairs import Pair, ask_for_pair, read_pair
from backend.builders.screening import Drop, screen
from backend.builders.statements import Statement, ask_for_statements, read_statements
from backend.builders.workshop import LETTERS_REPORT, PAIRS_REPORT, Workshop, digest_of
from backend.datasets.mimic import CsvTable
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


def propose(
    *, notes: CsvTable, workshop: Workshop, asking: StagedModel, letters: int = LETTERS, seed: int = SEED
) -> Proposed:
    """The workshop holds a review file with every pair that passed the screening.

    What an earlier call has done is not done again: letters are drawn anew only from another file or with another
    number or seed, and a model is asked only what its journal does not answer. Once the review file was edited nothing
    is touched any more; UsageError when other letters or another model are asked for then.
    """
    drawing = _drawing(notes, letters, seed)
    origin = {
        "method": METHOD,
        "letters": drawing,
        "model": asking.model.hub_id,
        "revision": asking.model.revision,
        "engine": asking.engine.name,
    }
    if workshop.review_edited():
        return _as_it_was(workshop, origin)
    split = _letters(notes, workshop, drawing, letters, seed)
    with asking:
        statements, lines_dropped = _statements(split, asking, workshop)
        pairs, unreadable = _pairs(statements, asking)
    kept, dropped = screen(pairs, split)
    dropped[Drop.UNREADABLE] += unreadable
    report = {
        "origin": origin,
        "facts": dict(asking.facts),
        "letters": len(split),
        "statements": {"kept": len(statements), "dropped": dict(lines_dropped)},
        "pairs": {"kept": len(kept), "dropped": dict(dropped)},
    }
    workshop.write_pairs(kept, report)
    return _proposed(workshop, left_alone=False)


def _proposed(workshop: Workshop, *, left_alone: bool) -> Proposed:
    report = workshop.report(PAIRS_REPORT)
    return Proposed(
        letters=report["letters"],
        statements=report["statements"]["kept"],
        pairs=report["pairs"]["kept"],
        review=workshop.review,
        left_alone=left_alone,
    )


def _as_it_was(workshop: Workshop, origin: Mapping[str, Any]) -> Proposed:
    if workshop.report(PAIRS_REPORT).get("origin") != origin:
        raise UsageError(
            f"{workshop.review} has been edited, and it belongs to other letters or another model than these. "
            "Move it away to have it written again, or build into another folder."
        )
    return _proposed(workshop, left_alone=True)


def _drawing(notes: CsvTable, count: int, seed: int) -> dict[str, Any]:
    """What decides which letters are drawn; the state of the file stands for its content, which takes long to read."""
    drawing: dict[str, Any] = {"notes": str(notes.path.resolve()), "letters": count, "seed": seed}
    if notes.path.is_file():
        state = notes.path.stat()
        drawing |= {"bytes": state.st_size, "changed_ns": state.st_mtime_ns}
    return drawing


def _letters(
    notes: CsvTable, workshop: Workshop, drawing: Mapping[str, Any], count: int, seed: int
) -> Mapping[str, SplitLetter]:
    made_of = {"method": METHOD, **drawing}
    if workshop.report(LETTERS_REPORT).get("made_of") == made_of:
        return workshop.letters()
    drawn, counts = draw_letters(notes, count, seed)
    if not drawn:
        raise DataMissing(f"No letter of {notes.path} has discharge instructions that questions could be made from.")
    workshop.write_letters(drawn, {"made_of": made_of, "notes_sha256": notes.sha256, "counts": counts})
    return {letter.note_id: letter for letter in drawn}


def _statements(
    letters: Mapping[str, SplitLetter], asking: StagedModel, workshop: Workshop
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


def _pairs(statements: list[Statement], asking: StagedModel) -> tuple[list[Pair], int]:
    asked = {statement.id: partial(ask_for_pair, statement) for statement in statements}
    written = asking.answers("pairs", asked, f"{METHOD} {digest_of(statements)}")
    read = [read_pair(statement, written[statement.id]) for statement in statements]
    pairs = [pair for pair in read if pair is not None]
    return pairs, len(read) - len(pairs)
