"""Everything the page may ask of the rest of the program, handed to it by app.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from backend.domain import Edition, Provenance, Standing, Task
from backend.settings import Settings
from backend.submission import Estimate, Event, Pulse, Receipt, Submission, SubmissionForm
from frontend_config.vitals import Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The way of page and command line to the stores.

    `version()` changes whenever `standings` may answer differently. `submissions()` is newest first; `waiting()` lists
    the ids of queued submissions in the order they will be taken. `events(id)` is all that befell a submission.
    `estimates()` has what can be said of open submissions, by id. `submit(form, submitter)` raises Declined;
    `cancel(id, actor)`, `retry(id, actor)`, `withdraw(id, actor, reason)` and `supersede(id, actor, reason)` return the
    submission as it stands then and raise UsageError, with the sentence to show, when that may not be. `vitals()` is
    for whoever watches over it all.
    """

    settings: Settings
    tasks: Sequence[Task]
    standings: Callable[[Provenance, Edition], Sequence[Standing]]
    version: Callable[[], str]
    submissions: Callable[[], Sequence[Submission]]
    waiting: Callable[[], Sequence[str]]
    pulse: Callable[[], Pulse]
    events: Callable[[str], Sequence[Event]]
    estimates: Callable[[], Mapping[str, Estimate]]
    submit: Callable[[SubmissionForm, str], Receipt]
    cancel: Callable[[str, str], Submission]
    retry: Callable[[str, str], Submission]
    withdraw: Callable[[str, str, str], Submission]
    supersede: Callable[[str, str, str], Submission]
    vitals: Callable[[], Vitals] = Vitals
