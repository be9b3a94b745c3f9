"""The door: what may enter the queue, and the sentence if not."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from backend.domain import Domain, Edition, Engine, Model
from backend.errors import Declined, HubSpared, ModelFault, PassingFault, QueueBusy, TooManyOpen, UsageError, WeekSpent
from backend.hub import check_id
from backend.settings import Settings
from backend.submission import Receipt, Status, Submission, SubmissionForm, new_id
from eval_queue.rights import Rights, told_left, week_spent
from storage.admissions import WeekFull
from storage.submissions import ShutOut, Submissions

REVISION = re.compile(r"[!-~]{1,250}")
ADDRESS = re.compile(r"https?://[^\s/?#]{1,250}([/?#]\S{0,1000})?", re.ASCII | re.IGNORECASE)
BUSY = "The queue is busy just now and your submission was not stored. Submit it again in a minute."
SILENT = "The Hub does not answer just now. Your submission is kept and checked as soon as it does."
SPARED = "Checks are paused for a moment. Your submission is kept and checked as soon as they go on."
LookUp = Callable[[str, str | None, str], Model]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedForm:
    """What a form asks for, once everything that can be told without the Hub is as it should be."""

    model_id: str
    revision: str | None
    engine: Engine
    edition: Edition
    base_model: str | None
    domain: Domain | None
    url: str | None


class Intake:
    """Takes submissions in. `look_up(model_id, revision, engine)` asks the Hub and pins the commit."""

    def __init__(
        self,
        submissions: Submissions,
        engines: Mapping[str, Engine],
        settings: Settings,
        look_up: LookUp,
        rights: Rights | None = None,
    ) -> None:
        self.rights = rights or Rights(settings)
        self._submissions = submissions
        self._engines = engines
        self._settings = settings
        self._look_up = look_up

    def submit(self, form: SubmissionForm, submitter: str) -> Receipt:
        """The receipt of what is stored now, or was before for the same commit. Declined stores nothing and says why.

        When the Hub does not answer, the submission is kept as received and checked later.
        """
        try:
            return self._submit(form, submitter)
        except ModelFault as fault:
            raise Declined(f"{fault} {fault.code.advice}", fault.code) from fault
        except Declined:
            raise
        except UsageError as error:
            raise Declined(str(error)) from error

    def read(self, form: SubmissionForm) -> CheckedForm:
        """What the form asks for; UsageError, with the sentence to show, when it asks for what there is not."""
        model_id = check_id(form.model_id)
        engine = self._engine(model_id, form)
        if not engine.from_hub:
            engine.accept(model_id)
        base_model = check_id(form.base_model) if form.base_model and form.base_model.strip() else None
        return CheckedForm(
            model_id=model_id,
            revision=_checked_revision(form.revision),
            engine=engine,
            edition=form.edition,
            base_model=base_model,
            domain=form.domain,
            url=_checked_url(form.url),
        )

    def _submit(self, form: SubmissionForm, submitter: str) -> Receipt:
        self.rights.refuse_blocked(self._submissions, submitter)
        asked = self.read(form)
        status, unasked = Status.QUEUED, ""
        try:
            model = self._pinned(asked)
        except PassingFault as fault:
            unasked = SPARED if isinstance(fault, HubSpared) else SILENT
            model, status = Model(hub_id=asked.model_id, revision=asked.revision or ""), Status.RECEIVED
        now = datetime.now(UTC)
        wanted = Submission(
            id=new_id(now),
            model=replace(model, base_model=asked.base_model or model.base_model, domain=asked.domain),
            edition=asked.edition,
            engine=asked.engine.name,
            url=asked.url,
            submitter=submitter,
            status=status,
            attempt=0,
            created_at=now,
            updated_at=now,
        )
        stored = self._stored(wanted)
        return self._receipt(stored, unasked, is_new=stored.id == wanted.id)

    def _stored(self, wanted: Submission) -> Submission:
        """What is stored, or was before; a refusal for the person's sake is kept in the audit trail."""
        person, most = wanted.submitter, self.rights.most_open(wanted.submitter)
        try:
            return self._submissions.add(wanted, most_open=most, weekly=self.rights.weekly(person, wanted.edition))
        except WeekFull as full:
            refusal: Declined = week_spent(full)
        except OverflowError:
            refusal = TooManyOpen(too_many_open(self._settings.open_submissions))
        except ShutOut:
            self.rights.refuse_blocked(self._submissions, person)
            raise QueueBusy(BUSY) from None  # and unblocked again since
        except sqlite3.OperationalError:
            raise QueueBusy(BUSY) from None
        self._submissions.audit.refused(person, "week" if isinstance(refusal, WeekSpent) else "open")
        raise refusal

    def _engine(self, model_id: str, form: SubmissionForm) -> Engine:
        own = self._engines.get(model_id.partition("/")[0])
        named = form.engine or (own.name if own and not own.from_hub else self._settings.engine)
        if named not in self._engines:
            raise Declined(f"There is no engine {named!r}. The engines are: {', '.join(self._engines)}.")
        engine = self._engines[named]
        if form.edition not in engine.editions:
            raise Declined(f"{engine.name} answers by rules and is no model: choose the rehearsal edition for it.")
        if engine.name == "endpoint" and not (form.url or self._settings.endpoint_url):
            raise Declined("No endpoint is configured. Give its address with --url, or set CLUE_ENDPOINT_URL.")
        return engine

    def _pinned(self, asked: CheckedForm) -> Model:
        if asked.engine.from_hub:
            return self._look_up(asked.model_id, asked.revision, asked.engine.name)
        return Model(hub_id=asked.model_id, revision=asked.engine.name)

    def _receipt(self, stored: Submission, unasked: str, *, is_new: bool) -> Receipt:
        waiting = self._submissions.waiting()
        weekly = self.rights.weekly(stored.submitter, stored.edition)
        left = self._submissions.left_of(stored.submitter, weekly) if weekly and is_new else ()
        position = waiting.index(stored.id) + 1 if stored.id in waiting else None
        if not is_new:
            return Receipt(submission=stored, position=position, sentence=already_here(stored), is_new=False)
        if stored.status is Status.RECEIVED:
            sentence = unasked
        else:
            sentence = f"It is number {position} in the queue." if position else "It is being evaluated."
        return Receipt(
            submission=stored, position=position, sentence=f"{sentence} {told_left(left)}".strip(), left=left
        )


def look_up_with(settings: Settings, engines: Mapping[str, Engine], ask_hub: Callable[..., Model]) -> LookUp:
    """The Hub's word on a model under this installation's size limit, and under what the engine can load."""
    return lambda model_id, revision, engine: ask_hub(
        model_id, revision, max_gb=settings.max_model_gb, loads_here=engines[engine].needs_files
    )


def already_here(stored: Submission) -> str:
    """Why a commit that has this submission needs no other."""
    return f"This commit is already {'on the board' if stored.status is Status.FINISHED else 'on its way'}."


def too_many_open(most: int) -> str:
    """Why a person who has so many submissions waiting or running may not have another."""
    return (
        f"You have {most} submissions waiting or running, which is the most one person may have. Wait for one to "
        "finish, or cancel one."
    )


def _checked_revision(revision: str | None) -> str | None:
    trimmed = (revision or "").strip()
    if trimmed and not REVISION.fullmatch(trimmed):
        raise Declined("That is not a revision. Give a branch, a tag or a commit as the Hub shows it, or nothing.")
    return trimmed or None


def _checked_url(url: str | None) -> str | None:
    trimmed = (url or "").strip()
    if trimmed and not ADDRESS.fullmatch(trimmed):
        raise Declined("That is not an endpoint's address. Write it with http:// or https:// and the host's name.")
    return trimmed or None
