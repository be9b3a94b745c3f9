"""What a submission would meet, told before it is made: the door's own rules, and what is worth knowing besides."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock

from cachetools import TTLCache

from backend.domain import Edition, Model, Provenance, Standing
from backend.errors import Blocked, FailureCode, HubSpared, ModelFault, PassingFault, UsageError
from backend.hub.admission import check_architecture, check_scans, check_size, check_weights, weights_digest
from backend.hub.courtesy import Courtesy
from backend.hub.metadata import Repository, TemplateFile, check_id
from backend.settings import Settings
from backend.submission import Check, CheckResult, Outlook, Status, Submission, SubmissionForm
from eval_queue.estimates import Estimates
from eval_queue.intake import CheckedForm, Intake, already_here, too_many_open
from eval_queue.rights import told_left, week_spent
from storage.admissions import WeekFull
from storage.submissions import Submissions

ON_THE_HUB, BROUGHT = "On the Hub", "Brought here"
BYTES_EACH = 2  # of a parameter in bfloat16
SHORT = 12
ROWS_SECONDS = 10
PAUSED = "Checks are paused for a moment. You can submit all the same: everything is checked again then."
SILENT = "The Hub does not answer just now. You can submit all the same: it is kept as received and checked later."
NO_BASE = "No base model is stated. If it was made from another model, name that one."
NO_TYPE = "The Hub does not say what type of model it is; loading it will tell."
OWN_CODE = "The repository brings code of its own, which is never run: the class of transformers is used in its place."
NO_TEMPLATE = "There is none: the model is asked in plain text, as base models are."
NO_LICENCE = "The repository states no licence."

Standings = Callable[[Provenance, Edition], Sequence[Standing]]


class Preflight:
    """Looks at a form before it is submitted. Nothing is stored, and the door decides anew.

    `standings(provenance, edition)` are the rows of the board.
    """

    def __init__(
        self,
        intake: Intake,
        courtesy: Courtesy,
        submissions: Submissions,
        settings: Settings,
        standings: Standings,
        estimates: Estimates,
    ) -> None:
        self._intake = intake
        self._courtesy = courtesy
        self._submissions = submissions
        self._settings = settings
        self._standings = standings
        self._rows: TTLCache[Edition, Sequence[Standing]] = TTLCache(len(Edition), ROWS_SECONDS)
        self._lock = Lock()
        self._estimates = estimates
        self._place = BROUGHT if settings.offline else ON_THE_HUB

    def __call__(self, form: SubmissionForm, person: str) -> Outlook:
        """What the form would meet now if this person submitted it."""
        try:
            self._intake.rights.refuse_blocked(self._submissions, person)
            asked = self._intake.read(form)
        except Blocked as refusal:
            return Outlook(checks=(Check(title="Your turn", finding=CheckResult.REFUSAL, sentence=str(refusal)),))
        except UsageError as error:
            return Outlook(checks=(Check(title="Form", finding=CheckResult.REFUSAL, sentence=str(error)),))
        if not asked.engine.from_hub:
            model = Model(hub_id=asked.model_id, revision=asked.engine.name)
            own = _ok("Model", f"One of {asked.engine.name}'s own: nothing is downloaded.")
            return self._outlook((own, *self._turn(asked, model, person)), asked, model)
        try:
            repository = self._courtesy.repository(asked.model_id, asked.revision, person)
        except ModelFault as fault:
            title = "Access" if fault.code is FailureCode.GATED else self._place
            return Outlook(checks=(_refused(title, fault),))
        except PassingFault as fault:
            sentence = PAUSED if isinstance(fault, HubSpared) else SILENT
            unknown = Check(title=self._place, finding=CheckResult.UNKNOWN, sentence=sentence)
            unpinned = Model(hub_id=asked.model_id, revision=asked.revision or "")
            return Outlook(checks=(unknown, *self._turn(asked, unpinned, person)))
        model = Model(hub_id=repository.hub_id, revision=repository.revision, params=repository.params)
        checks = (
            *_facts(repository, self._settings, loads_here=asked.engine.needs_files),
            self._base(asked, repository, person),
            *self._twins(asked, repository),
            *self._turn(asked, model, person),
        )
        return self._outlook(checks, asked, model, _id_of(repository.base_model))

    def _outlook(
        self, checks: tuple[Check, ...], asked: CheckedForm, model: Model, base_model: str | None = None
    ) -> Outlook:
        """The outlook with the place in the queue and an estimate, unless it is refused or on its way already."""
        found = Outlook(checks=checks, base_model=base_model)
        if found.refused or self._submissions.same(model, asked.edition, asked.engine.name):
            return found
        submissions, waiting = self._submissions.newest(), self._submissions.waiting()
        newcomer = _newcomer(asked, model)
        order = [*waiting, newcomer.id]
        estimates = self._estimates([newcomer, *submissions], order, self._submissions.pulse())
        return replace(found, position=len(order), estimate=estimates.get(newcomer.id))

    def _turn(self, asked: CheckedForm, model: Model, person: str) -> Iterator[Check]:
        """Whether it is there already, and if not whether this person may have another."""
        same = self._submissions.same(model, asked.edition, asked.engine.name)
        if same:
            sentence = already_here(same)
            yield Check(title="New here", finding=CheckResult.WARNING, sentence=sentence, submission_id=same.id)
            return
        most = self._intake.rights.most_open(person)
        if most is not None and self._submissions.open_of(person) >= most:
            yield Check(title="Your turn", finding=CheckResult.REFUSAL, sentence=too_many_open(most))
            return
        yield _ok("New here", "Neither on the board nor on its way.")
        weekly = self._intake.rights.weekly(person, asked.edition)
        if weekly is None:
            return
        left = self._submissions.left_of(person, weekly)
        if any(each.left == 0 for each in left):
            yield Check(title="Your week", finding=CheckResult.REFUSAL, sentence=str(week_spent(WeekFull(left))))
        else:
            yield _ok("Your week", told_left(left))

    def _twins(self, asked: CheckedForm, repository: Repository) -> Iterator[Check]:
        """The row of the board that has the same weights under another name or commit."""
        digest = weights_digest(repository)
        for row in self._board(asked.edition):
            here = row.model and (row.model.hub_id, row.model.revision) == (repository.hub_id, repository.revision)
            if digest and row.weights_sha256 == digest and not here:
                sentence = f"The same weights are on the board already, as {row.label}."
                yield Check(
                    title="Weights elsewhere",
                    finding=CheckResult.WARNING,
                    sentence=sentence,
                    submission_id=row.submission_id,
                )
                return

    def _base(self, asked: CheckedForm, repository: Repository, person: str) -> Check:
        stated = asked.base_model or repository.base_model
        if stated is None:
            return Check(title="Base model", finding=CheckResult.UNKNOWN, sentence=NO_BASE)
        base = _id_of(stated)
        if base is None:
            return _warning("Base model", f"The repository names {stated!r}, which is no id of the Hub.")
        rows = self._board(asked.edition)
        if any(row.model and row.model.hub_id.lower() == base.lower() for row in rows):
            return _ok("Base model", f"{base} is on the board: the two can be compared.")
        try:
            self._courtesy.repository(base, None, person)
        except ModelFault as fault:
            return _warning("Base model", f"{base}: {fault}")
        except PassingFault:
            return Check(
                title="Base model", finding=CheckResult.UNKNOWN, sentence=f"{base}. It could not be looked up."
            )
        return _ok("Base model", f"{base} is not on the board yet: submit it as well, and the two can be compared.")

    def _board(self, edition: Edition) -> Sequence[Standing]:
        """The rows as they were a few seconds ago: a check is made whenever somebody stops typing."""
        with self._lock:
            rows = self._rows.get(edition)
            if rows is None:
                rows = self._rows[edition] = self._standings(Provenance.MEASURED, edition)
            return rows


def no_standings(provenance: Provenance, edition: Edition) -> list[Standing]:
    """The rows where there is no board."""
    return []


def _facts(repository: Repository, settings: Settings, *, loads_here: bool) -> Iterator[Check]:
    """What the repository is, rule by rule."""
    yield _ok(
        BROUGHT if settings.offline else ON_THE_HUB, f"{repository.hub_id}, commit {repository.revision[:SHORT]}."
    )
    if not settings.offline:  # then nobody knows
        yield _ok("Access", "Gated, and open to this installation." if repository.gated else "Open to everybody.")
    yield _ruled("Weights", lambda: check_weights(repository.files), "In safetensors files.")
    if repository.flagged:
        sentence = "The Hub's scanners warn of files that are never fetched from it."
        yield _ruled("Scanners", lambda: check_scans(repository), sentence)
    yield _size(repository, settings, loads_here=loads_here)
    yield _architecture(repository, loads_here=loads_here)
    if repository.template is None:
        sentence = "The Hub does not say whether there is one."
        yield Check(title="Chat template", finding=CheckResult.UNKNOWN, sentence=sentence)
    elif repository.template is TemplateFile.NONE:
        yield _warning("Chat template", NO_TEMPLATE)
    else:
        yield _ok("Chat template", f"Found in {repository.template}.")
    yield _ok("Licence", f"{repository.licence}.") if repository.licence else _warning("Licence", NO_LICENCE)


def _size(repository: Repository, settings: Settings, *, loads_here: bool) -> Check:
    limit, room = settings.max_model_gb, settings.gpu_gb
    try:
        gigabytes = sum(file.size or 0 for file in check_size(repository.files, limit)) / 1e9
    except ModelFault as fault:
        return _refused("Size", fault)
    needed = repository.params * BYTES_EACH / 1e9 if repository.params else gigabytes
    if loads_here and room and needed > room:
        return _warning("Size", f"Its weights take {needed:.1f} GB and the GPU has {room:g} GB: it may not fit.")
    fits = f" The GPU has {room:g} GB." if loads_here and room else ""
    return _ok("Size", f"{gigabytes:.1f} GB in all; the limit is {limit:g} GB.{fits}")


def _architecture(repository: Repository, *, loads_here: bool) -> Check:
    name = repository.architecture or repository.model_type
    known = f"{name}, which the installed transformers knows." if loads_here else f"{name}."
    found = _ruled("Architecture", lambda: check_architecture(repository, loads_here=loads_here), known)
    if found.finding is CheckResult.REFUSAL or not loads_here:
        return found
    if repository.model_type is None:
        return Check(title="Architecture", finding=CheckResult.UNKNOWN, sentence=NO_TYPE)
    return _warning("Architecture", f"{name}. {OWN_CODE}") if repository.own_code else found


def _newcomer(asked: CheckedForm, model: Model) -> Submission:
    now = datetime.now(UTC)
    return Submission(
        id="newcomer",
        model=model,
        edition=asked.edition,
        engine=asked.engine.name,
        url=None,
        submitter="",
        status=Status.QUEUED,
        attempt=0,
        created_at=now,
        updated_at=now,
    )


def _id_of(stated: str | None) -> str | None:
    try:
        return check_id(stated) if stated else None
    except UsageError:
        return None


def _ruled(title: str, rule: Callable[[], None], sentence: str) -> Check:
    try:
        rule()
    except ModelFault as fault:
        return _refused(title, fault)
    return _ok(title, sentence)


def _refused(title: str, fault: ModelFault) -> Check:
    return Check(title=title, finding=CheckResult.REFUSAL, sentence=f"{fault} {fault.code.advice}")


def _ok(title: str, sentence: str) -> Check:
    return Check(title=title, finding=CheckResult.OK, sentence=sentence)


def _warning(title: str, sentence: str) -> Check:
    return Check(title=title, finding=CheckResult.WARNING, sentence=sentence)
