"""Everything the page may ask of the rest of the program, handed to it by app.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from backend.comparison import Compared, Hindrance
from backend.domain import Edition, Provenance, Standing, Task
from backend.errors import NotKept, UsageError
from backend.hub.search import Suggestion
from backend.settings import Settings
from backend.statistics import RankRange, RowPair
from backend.submission import (
    Estimate,
    Event,
    Outlook,
    Person,
    PublicPerson,
    Pulse,
    Receipt,
    Submission,
    SubmissionForm,
)
from frontend_config.chronicle import Chronicle, Unwritten
from frontend_config.vitals import Vitals
from storage.answered import Answered
from storage.moments import Moment
from storage.score_rows import Publication

Ranges = Mapping[str, Mapping[int, RankRange | Hindrance]]


class Compare(Protocol):
    """Judges the differences between pairs of rows, by their places."""

    def __call__(self, rows: Sequence[Standing], pairs: Sequence[RowPair], *, metrics: bool = True) -> Compared:
        """What was found in every cell; without `metrics`, only in the tasks and their averages."""


def compare_nothing(rows: Sequence[Standing], pairs: Sequence[RowPair], *, metrics: bool = True) -> Compared:
    """What is found where no judged values are kept."""
    return Compared(pairs=pairs)


class ProposalBook(Protocol):
    """Where it is kept which results were proposed to their models' repositories."""

    def proposed(self, submission_id: str, line: int) -> str | None:
        """The address of the pull request with the result in this line of the ledger, if there is one."""

    def propose(self, actor: str, submission_id: str, line: int, address: str) -> None:
        """The pull request is kept."""


class Unproposed:
    """Nothing was ever proposed, and nothing is kept."""

    def proposed(self, submission_id: str, line: int) -> str | None:
        """None."""

    def propose(self, actor: str, submission_id: str, line: int, address: str) -> None:
        """Nothing."""


def nobody_may(submission_id: str, actor: str) -> Submission:
    """Whose a submission is where none are kept."""
    raise UsageError("Submissions are not kept here.")


def nobody_met(subject: str) -> PublicPerson:
    """What is known of anybody where no people are kept."""
    return PublicPerson("somebody", "", met=False)


def nothing_kept(publication: Publication, task: str) -> Sequence[Answered]:
    """A desk without answers."""
    raise NotKept("Its answers are not kept on this server.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The way of page and command line to the stores.

    The board: `version()` changes whenever `standings` or `ranges` may answer differently; `ranges(edition)` holds for
    each cell the best and worst rank of a line of the ledger, by its number, or why it has none; `compare(rows, pairs)`
    judges differences between rows; `publication(number)` is such a line that published a result, and
    `publications(hub_id)` are all of a model's, newest first. `answered(publication, task)` is what a model was asked
    and wrote; it raises CredentialedText where that is not for everybody, NotKept where it is gone.

    The past: `chronicle` remembers every line of the ledger; `as_of` is the moment that this desk tells of, None for
    now; `most_kept` is how many bytes of answers made of it each part of the interface may hold.

    The queue: `submissions()` is newest first; `waiting()` lists the ids of queued submissions in the order they will
    be taken; `events(id)` is all that befell a submission; `estimates(submissions, waiting, pulse)` has what can be
    said of the open ones among them, by id.

    Before submitting: `preflight(form, person)` is what the form would meet; `suggest(words, person)` are models that
    the Hub's search finds, and raises PassingFault when it cannot be asked.

    Deeds: `submit(form, submitter)` raises Declined; `cancel(id, actor)`, `retry(id, actor)`, `withdraw(id, actor,
    reason)` and `supersede(id, actor, reason)` return the submission as it stands then and raise UsageError, with the
    sentence to show, when that may not be. `own(id, actor)` does nothing but raise for who may not speak for it, and
    `proposals` keeps what was proposed to models' repositories. `elsewhere`: they are only asked for, and another
    machine carries them out.

    People: `meet(person)` keeps the name of somebody who has signed in; `people(subject)` is what everybody may know of
    whoever has a subject; `is_operator(subject)` is whether they may do everything.

    `vitals()` is for whoever watches over it all; `last_heard()` is how it stands with the other side of a
    mailbox, None without one.
    """

    settings: Settings
    tasks: Sequence[Task]
    standings: Callable[[Provenance, Edition], Sequence[Standing]]
    version: Callable[[], str]
    ranges: Callable[[Edition], Ranges] = lambda edition: {}
    compare: Compare = compare_nothing
    publication: Callable[[int], Publication | None]
    publications: Callable[[str], Sequence[Publication]]
    answered: Callable[[Publication, str], Sequence[Answered]] = nothing_kept
    chronicle: Chronicle = field(default_factory=Unwritten)
    as_of: Moment | None = None
    most_kept: int = 32_000_000
    submissions: Callable[[], Sequence[Submission]]
    waiting: Callable[[], Sequence[str]]
    pulse: Callable[[], Pulse]
    events: Callable[[str], Sequence[Event]]
    estimates: Callable[[Sequence[Submission], Sequence[str], Pulse], Mapping[str, Estimate]]
    preflight: Callable[[SubmissionForm, str], Outlook] = lambda form, person: Outlook()
    suggest: Callable[[str, str], Sequence[Suggestion]] = lambda words, person: []
    submit: Callable[[SubmissionForm, str], Receipt]
    cancel: Callable[[str, str], Submission]
    retry: Callable[[str, str], Submission]
    withdraw: Callable[[str, str, str], Submission]
    supersede: Callable[[str, str, str], Submission]
    own: Callable[[str, str], Submission] = nobody_may
    proposals: ProposalBook = field(default_factory=Unproposed)
    elsewhere: bool = False
    meet: Callable[[Person], None] = lambda person: None
    people: Callable[[str], PublicPerson] = nobody_met
    is_operator: Callable[[str], bool] = lambda subject: False
    vitals: Callable[[], Vitals] = Vitals
    last_heard: Callable[[], Mapping[str, Any] | None] = lambda: None
