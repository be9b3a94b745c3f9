"""The commands about people and the queue as a whole: who is here, block, unblock, pause, resume, what was done."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

import typer

from backend.errors import UsageError
from backend.settings import Settings
from backend.submission import OPERATOR, Submission
from frontend_config.people_tables import print_deeds, print_people
from frontend_config.queue_commands import AsJson
from storage.admissions import WEEK_SECONDS
from storage.submissions import Submissions

Reason = Annotated[str, typer.Option("--reason", help="why; whoever it concerns reads it")]
MOMENTS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
Moment = datetime | None


class Rules(Protocol):
    """What the queue's rules do to people."""

    def block(self, subject: str, actor: str, reason: str) -> list[Submission]:
        """What waited of this person, cancelled, for they may do nothing here any more."""

    def pause(self, actor: str, reason: str, until: datetime | None) -> None:
        """Nothing is begun until then, or until the operator ends it."""


class House(Protocol):
    """The parts that these commands need."""

    @property
    def settings(self) -> Settings:
        """What the operator decided."""

    @property
    def submissions(self) -> Submissions:
        """The queue's store."""

    @property
    def queue(self) -> Rules:
        """The queue's rules."""


def people_commands(house: Callable[[], House]) -> typer.Typer:
    """The commands over a house, which is asked for when one of them runs. Whoever types them is the operator."""
    commands = typer.Typer()
    _add_people(commands, house)
    _add_pauses(commands, house)
    _add_audit(commands, house)
    return commands


def _add_people(commands: typer.Typer, house: Callable[[], House]) -> None:
    @commands.command()
    def people(as_json: AsJson = False) -> None:
        """List everybody who was ever here, with their subject, what they submitted and whether they are blocked."""
        asked = house()
        since = (datetime.now(UTC) - timedelta(seconds=WEEK_SECONDS)).timestamp()
        operators = asked.settings.operator_subjects
        known = asked.submissions.people.everybody(since)
        if as_json:
            _print_json([{**asdict(each), "operator": each.subject in operators} for each in known])
        else:
            print_people(known, operators)

    @commands.command()
    def block(person: str, reason: Reason) -> None:
        """Shut a person (name, key or subject) out and cancel what waits of theirs; what runs or is published stays."""
        asked = house()
        subject = asked.submissions.people.subject_of(person)
        cancelled = asked.queue.block(subject, OPERATOR, reason)
        typer.echo(f"{subject} is blocked; waiting submissions cancelled: {_ids(cancelled)}.")

    @commands.command()
    def unblock(person: str) -> None:
        """Let a person take part again; what was cancelled they may retry."""
        known = house().submissions.people
        subject = known.subject_of(person)
        if not known.unblock(subject, by=OPERATOR):
            raise UsageError(f"{subject} is not blocked.")
        typer.echo(f"{subject} may take part again.")

    @commands.command()
    def forget(person: str) -> None:
        """Drop a person's name, at their wish; what they submitted stays, shown as somebody's."""
        known = house().submissions.people
        subject = known.subject_of(person)
        known.forget(subject, by=OPERATOR)
        typer.echo(f"The name of {subject} is forgotten.")


def _add_pauses(commands: typer.Typer, house: Callable[[], House]) -> None:
    @commands.command()
    def pause(
        reason: Annotated[str, typer.Option("--reason", help="why; the queue page shows it to everybody")],
        until: Annotated[Moment, typer.Option("--until", formats=MOMENTS, help="when it ends by itself, UTC")] = None,
    ) -> None:
        """Begin nothing new: what runs is finished, what is submitted is taken and waits."""
        house().queue.pause(OPERATOR, reason, _utc(until))
        ends = f"until {until:%F %H:%M} UTC" if until else "until `python app.py resume`"
        typer.echo(f"The queue is paused {ends}.")

    @commands.command()
    def resume() -> None:
        """End the operator's pause; what the worker itself waits for it goes on waiting for."""
        submissions = house().submissions
        if not submissions.operator_pauses.end(OPERATOR):
            raise UsageError("The operator has not paused the queue.")
        waits = submissions.pulse().paused
        typer.echo(f"The queue goes on once this is over: {waits}" if waits else "The queue goes on.")


def _add_audit(commands: typer.Typer, house: Callable[[], House]) -> None:
    @commands.command()
    def audit(
        since: Annotated[Moment, typer.Option("--since", formats=MOMENTS, help="only from this moment on, UTC")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Show what people and operators did, oldest first. It names subjects: it is not for publication."""
        submissions = house().submissions
        begin = _utc(since)
        deeds = submissions.audit.since(begin.timestamp() if begin else 0)
        if as_json:
            _print_json([asdict(each) for each in deeds])
        else:
            print_deeds(deeds, {each.subject: each.name for each in submissions.people.everybody()})


def _utc(moment: Moment) -> Moment:
    return moment.replace(tzinfo=UTC) if moment else None


def _ids(submissions: Sequence[Submission]) -> str:
    return ", ".join(each.id for each in submissions) or "none"


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))
