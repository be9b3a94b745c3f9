"""The folder in which MeDiSumQA is made: what lies in it, and what it was made of."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backend.builders.drafts import draft, file_sha256, write_json
from backend.builders.letters import SplitLetter
from backend.builders.pairs import Pair
from backend.builders.review import review_text
from backend.errors import UsageError

LETTERS, LETTERS_REPORT = "letters.jsonl", "letters.report.json"
PAIRS, PAIRS_REPORT = "proposed.jsonl", "proposed.report.json"
REVIEW = "review.csv"
RELEASED, RELEASE_REPORT = "MeDiSumQA.jsonl", "MeDiSumQA.report.json"


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder with the outcome of each stage; only its owner can read what is written there."""

    folder: Path

    @property
    def review(self) -> Path:
        """The file that the physician edits."""
        return self.folder / REVIEW

    @property
    def released(self) -> Path:
        """The finished data set."""
        return self.folder / RELEASED

    def write_letters(self, letters: Iterable[SplitLetter], report: Mapping[str, Any]) -> None:
        """The letters are kept, and what they were made of."""
        _write_lines(self.folder / LETTERS, letters)
        write_json(self.folder / LETTERS_REPORT, {**report, "sha256": file_sha256(self.folder / LETTERS)})

    def letters(self) -> dict[str, SplitLetter]:
        """By note_id; UsageError when there are none or they are not those that were written."""
        return {row["note_id"]: SplitLetter(**row) for row in self._lines(LETTERS, LETTERS_REPORT)}

    def write_pairs(self, pairs: Iterable[Pair], report: Mapping[str, Any]) -> None:
        """The pairs as they were proposed are kept, how they came about, and the review file that is to be edited.

        The review file comes last, and an older one goes first: whenever this breaks off, none that is there passes for
        an edited one.
        """
        pairs = list(pairs)
        review = review_text(pairs)
        self.review.unlink(missing_ok=True)
        _write_lines(self.folder / PAIRS, pairs)
        digests = {
            "sha256": file_sha256(self.folder / PAIRS),
            "review_sha256": hashlib.sha256(review.encode()).hexdigest(),
        }
        write_json(self.folder / PAIRS_REPORT, {**report, **digests})
        with draft(self.review) as stream:
            stream.write(review)

    def review_edited(self) -> bool:
        """Whether there is a review file that is not as it was written."""
        return self.review.is_file() and file_sha256(self.review) != self.report(PAIRS_REPORT).get("review_sha256")

    def pairs(self) -> dict[str, Pair]:
        """As they were proposed, by id; UsageError when there are none or they are not those that were written."""
        return {row["id"]: Pair(**row) for row in self._lines(PAIRS, PAIRS_REPORT)}

    def report(self, name: str) -> dict[str, Any]:
        """The report of a stage; empty before the stage is done."""
        try:
            found: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _lines(self, name: str, report: str) -> list[dict[str, Any]]:
        path = self.folder / name
        if not path.is_file() or file_sha256(path) != self.report(report).get("sha256"):
            raise UsageError(f"{path} is missing or was changed by hand. Build again, without --release.")
        return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def digest_of(records: Iterable[Any]) -> str:
    """SHA-256 of the records as lines, in hex."""
    return hashlib.sha256("".join(map(_line, records)).encode()).hexdigest()


def _write_lines(path: Path, records: Iterable[Any]) -> None:
    with draft(path) as stream:
        stream.writelines(map(_line, records))


def _line(record: Any) -> str:
    return json.dumps(asdict(record), ensure_ascii=False) + "\n"
