"""One example of a published run: what the model was asked, what it wrote, and how that was judged."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.domain import Example, Prediction, Prompt, Task, Window

WHOLE = Window(tokens=None, count=lambda messages: 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One example of a run, with each metric's value in 0..1 as far as it is known.

    `prediction` is what the model wrote, raw; `answer` what was read from it, None where nothing could be.
    """

    example: Example
    prediction: Prediction
    answer: str | None
    metrics: Mapping[str, float | None]


def prompt_of(task: Task, example: Example) -> Prompt:
    """The prompt with nothing left out: what was sent, unless the prediction says that it was truncated."""
    return task.ask(example, WHOLE)
