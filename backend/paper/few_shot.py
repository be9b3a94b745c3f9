"""How the paper's scripts asked with worked examples: templates from the clone, rows from the file."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backend.datasets.catalog import read_rows, source_name
from backend.domain import PAPERS_PROTOCOL, DataFile, Dataset, Example, Prompt, Window
from backend.paper.clone import CloneScript
from backend.paper.prompts import beginning_cut, conversation
from backend.paper.templates import Template, read_template

# Answers to the paper's prompts are never answers to ours, so their examples are others too.
MARK = f"{PAPERS_PROTOCOL}:"
AGAIN = "#again"
SEED = 1
GOLD = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotForm:
    """What a script says to a model: the instruction, and templates of the question and of the answer to it."""

    instruction: str
    question: Template
    answer: Template
    max_new_tokens: int

    @property
    def begun(self) -> str:
        """What every answer begins with."""
        return self.answer.fill({GOLD: ""})

    def ask(self, example: Example, window: Window) -> Prompt:
        """The worked examples, then this one, with the beginning of the answer already written."""
        shots = [(self.question.fill(shot.fields), self.answer.fill({GOLD: shot.reference})) for shot in example.shots]
        return beginning_cut(
            example_id=example.id,
            messages=conversation(self.instruction, shots, self.question.fill(example.fields)),
            begun=self.begun,
            max_new_tokens=self.max_new_tokens,
            window=window,
        )

    def read(self, text: str) -> str:
        """The text without the answer's beginning, where a model that was not given it has written it."""
        return text.removeprefix(self.begun.strip()).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Where examples come from: a file, its reader, and what becomes of a row; None for one that cannot be asked.

    `shots` rows are shown, the first of the file, or of the file in an order drawn with seed 1.
    """

    file: DataFile
    read: Callable[[Path], Sequence[Mapping[str, str]]]
    example: Callable[[int, Mapping[str, str]], Example | None]
    shots: int
    drawn: bool = False

    def load(self, data_dir: Path) -> Dataset:
        """The scored examples, each carrying the shots; the first counts twice."""
        rows, sha256 = read_rows(self.file, data_dir, self.read)
        made = [self.example(number, row) for number, row in enumerate(rows, 1)]
        examples = [replace(example, id=MARK + example.id) for example in made if example is not None]
        if self.drawn:
            random.Random(SEED).shuffle(examples)
        left_out = len(made) - len(examples)
        return Dataset(
            examples=first_shown(examples, self.shots),
            sha256=sha256,
            source=source_name(self.file, data_dir),
            rows=len(rows),
            anomalies=(f"Rows without a reference, neither shown nor scored: {left_out}.",) if left_out else (),
        )


def read_form(script: CloneScript, gaps: Mapping[str, str], gold: str, max_new_tokens: int) -> FewShotForm:
    """The script's form; `gaps` maps names in its question to our fields, `gold` is the name in its answer.

    UsageError names the constant that is not there or has other gaps.
    """
    return FewShotForm(
        instruction=script.text("sys_prompt"),
        question=read_template(script, "user_prompt_template", gaps),
        answer=read_template(script, "assistant_response_template", {gold: GOLD}),
        max_new_tokens=max_new_tokens,
    )


def first_shown(examples: Sequence[Example], shots: int) -> tuple[Example, ...]:
    """All but the first `shots` examples, each carrying those; the first of them comes twice, under a second id.

    The scripts put the first item's values into their lists twice, so that a mean over n items is one over n + 1.
    """
    shown = tuple(examples[:shots])
    scored = [replace(example, shots=shown) for example in examples[shots:]]
    again = [replace(example, id=example.id + AGAIN) for example in scored[:1]]
    return (*scored[:1], *again, *scored[1:])
