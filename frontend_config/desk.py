"""Everything the page may ask of the rest of the program, handed to it by app.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.domain import Edition, Provenance, Standing, Task
from backend.settings import Settings
from backend.submission import Pulse, Receipt, Submission, SubmissionForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The page's only way to the stores.

    `version()` changes whenever `standings` may answer differently. `submissions()` is newest first; `waiting()` lists
    the ids of queued submissions in the order they will be taken. `submit(form, submitter)` raises Declined.
    """

    settings: Settings
    tasks: Sequence[Task]
    standings: Callable[[Provenance, Edition], Sequence[Standing]]
    version: Callable[[], str]
    submissions: Callable[[], Sequence[Submission]]
    waiting: Callable[[], Sequence[str]]
    pulse: Callable[[], Pulse]
    submit: Callable[[SubmissionForm, str], Receipt]
