"""What a person may do here: everything, or their own submissions and so many of them; and the sentences if not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.domain import Edition
from backend.errors import Blocked, FailureCode, UsageError, WeekSpent
from backend.settings import Settings
from backend.submission import ENDED_IN_VAIN, LOCAL_USER, OPEN_STATUSES, OPERATOR, Left, Status, Submission
from storage.admissions import WeekFull, Weekly
from storage.submissions import Submissions

NOT_YOURS = "Only the person who submitted it, or the operator, may do that."


@dataclass(frozen=True, slots=True)
class When:
    """In which statuses something may be done to a submission; `otherwise` ends the sentence that refuses it."""

    statuses: frozenset[Status]
    otherwise: str

    def check(self, found: Submission) -> None:
        """Nothing, in one of the statuses; UsageError in any other."""
        if found.status not in self.statuses:
            raise UsageError(f"Submission {found.id} is {found.status} and {self.otherwise}.")


CANCEL = When(OPEN_STATUSES, "can be cancelled only while it waits or runs")
RETRY = When(ENDED_IN_VAIN, "can be retried only after it failed or was cancelled")
WITHDRAW = When(frozenset({Status.FINISHED}), "can be withdrawn only after it was published")
SUPERSEDE = When(frozenset({Status.FINISHED}), "can be superseded only once published")


class Rights:
    """Whose word counts for what. The local user sits at the machine, so they are an operator.

    `holds_credentialed()` is whether a full evaluation here runs credentialed tasks. `operators` are the subjects of
    those who may do everything; without it the local user and those of the settings.
    """

    def __init__(
        self,
        settings: Settings,
        holds_credentialed: Callable[[], bool] = lambda: False,
        operators: frozenset[str] | None = None,
    ) -> None:
        self._settings = settings
        self._holds_credentialed = holds_credentialed
        self._operators = {LOCAL_USER} | settings.operator_subjects if operators is None else operators

    def is_operator(self, subject: str) -> bool:
        """Whether they may cancel, retry and withdraw what is not theirs, and have no weekly quota."""
        return subject == OPERATOR or subject in self._operators

    def own(self, submissions: Submissions, submission_id: str, actor: str) -> Submission:
        """The submission, if this person may speak for it: its submitter or an operator, and not shut out."""
        found = submissions.find(submission_id)
        if found is None:
            raise UsageError(f"There is no submission {submission_id}. `python app.py queue` lists them.")
        if actor != found.submitter and not self.is_operator(actor):
            raise UsageError(NOT_YOURS)
        self.refuse_blocked(submissions, actor)
        return found

    def refuse_set_aside(self, found: Submission, actor: str) -> None:
        """UsageError when only an operator may retry it, and this is none."""
        if found.failure_code is FailureCode.QUARANTINED and not self.is_operator(actor):
            raise UsageError("It was set aside because it brought its process down twice. The operator can retry it.")

    def most_open(self, subject: str) -> int | None:
        """How many they may have waiting or running; None: any number.

        Also the local user has as many as anybody: this limit holds back a loop gone wild and is lifted by a setting.
        """
        return None if self.is_operator(subject) and subject != LOCAL_USER else self._settings.open_submissions

    def weekly(self, subject: str, edition: Edition) -> Weekly | None:
        """How many they may submit in a week, for a submission of this edition; None: any number."""
        if self.is_operator(subject):
            return None
        return Weekly(
            most=self._settings.weekly_submissions,
            most_credentialed=self._settings.weekly_credentialed,
            credentialed=edition is Edition.FULL and self._holds_credentialed(),
        )

    def refuse_blocked(self, submissions: Submissions, subject: str) -> None:
        """Blocked, with the operator's reason and whom to write to, when they may do nothing here."""
        block = submissions.people.blocked(subject)
        if block is None:
            return
        submissions.audit.refused(subject, "blocked")
        contact = (self._settings.contact or "").removeprefix("mailto:")
        whom = f"write to {contact}" if contact else "ask the operator"
        raise Blocked(
            f"The operator has blocked you on this leaderboard: {block.reason.rstrip('.')}. If you think that is a "
            f"mistake, {whom}."
        )


def week_spent(full: WeekFull) -> WeekSpent:
    """The refusal when a week's quota is used up: which one, and when the next submission is possible."""
    spent = [each for each in full.left if each.left == 0]
    next_at = max(each.next_at for each in spent if each.next_at)
    kinds = " and ".join(f"{each.most}{_kind(each)}" for each in spent)
    return WeekSpent(
        f"You have submitted {kinds} in the last seven days, which is the most one person may. The next is possible "
        f"on {told_time(next_at)}.",
        next_at,
    )


def told_left(left: Sequence[Left]) -> str:
    """What is left of the week, in a sentence; empty where there is no quota."""
    if not left:
        return ""
    counts = " and ".join(f"{each.left} of {each.most}{_kind(each)}" for each in left)
    fewest = min(each.left for each in left)
    freeing = [each.next_at for each in left if each.left == fewest and each.next_at]
    freed = f"; the next is free on {told_time(max(freeing))}" if freeing else ""
    return f"You have {counts} left this week{freed}."


def told_time(moment: datetime) -> str:
    """A moment to the minute, never before it: "Tuesday 24 November 2026, 10:40 UTC"."""
    utc = moment.astimezone(UTC)
    if utc.second or utc.microsecond:
        utc = utc.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return f"{utc:%A} {utc.day} {utc:%B %Y, %H:%M} UTC"


def _kind(left: Left) -> str:
    return " with credentialed tasks" if left.credentialed else ""
