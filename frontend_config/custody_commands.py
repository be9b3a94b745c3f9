"""The commands around credentialed data: which endpoints may receive it, and which people may read it."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from backend import approvals, credentialed
from backend.approvals import Approval, Approvals, signed
from backend.credentialed import Reader, read_readers
from backend.domain import Access, Task
from backend.endpoint_address import Address, split_url
from backend.errors import UsageError
from backend.settings import Settings
from backend.signing import read_signer
from frontend_config.queue_commands import AsJson
from storage.files import replace_file

Tasks = Callable[[], Mapping[str, Task]]
TaskNames = Annotated[str, typer.Option("--tasks", help="names of credentialed tasks, with commas between")]


def custody_commands(settings: Callable[[], Settings], tasks: Tasks) -> typer.Typer:
    """The groups `endpoints` and `credentialed`, over settings and tasks that are asked for when one of them runs."""
    commands = typer.Typer()
    endpoints = typer.Typer(help="Endpoints that may receive credentialed text.", no_args_is_help=True)
    people = typer.Typer(help="People who may read credentialed data.", no_args_is_help=True)
    _add_approving(endpoints, settings, tasks)
    _add_approvals(endpoints, settings)
    _add_people(people, settings, tasks)
    _add_list(people, settings)
    commands.add_typer(endpoints, name="endpoints")
    commands.add_typer(people, name="credentialed")
    return commands


def _add_approving(commands: typer.Typer, settings: Callable[[], Settings], tasks: Tasks) -> None:
    @commands.command()
    def approve(
        url: Annotated[str, typer.Argument(help="the endpoint; everything below this address is meant")],
        wanted: TaskNames,
        provider: Annotated[str, typer.Option(help="who runs it")],
        evidence: Annotated[str, typer.Option(help="where it can be read that they keep nothing and nobody looks")],
        by: Annotated[str, typer.Option(help="who answers for it: somebody of `credentialed list`")],
        days: Annotated[int, typer.Option(min=1, max=approvals.LONGEST.days, help="for how long")] = 30,
    ) -> None:
        """Let an endpoint receive the texts of credentialed tasks, for a time; signed with CLUE_SIGNING_KEY."""
        here, now = settings(), datetime.now(UTC).replace(microsecond=0)
        names = _checked_tasks(wanted, tasks())
        _require_reader(here, by, names, now.date())
        if here.signing_key is None:
            raise UsageError(
                "An approval is signed. Make a key with `python app.py ledger key FILE`, and name it in "
                "CLUE_SIGNING_KEY."
            )
        made = signed(
            Approval(
                id=secrets.token_hex(4),
                endpoint=str(Address.of(split_url(url)[0])),
                provider=provider,
                evidence=evidence,
                tasks=names,
                approved_by=by,
                issued=now,
                expires=now + timedelta(days=days),
            ),
            read_signer(here.signing_key),
        )
        _file(here, approvals.FILE, approvals.filed_bytes((*Approvals(here).filed(), made)))
        typer.echo(f"{made.id}: {made.endpoint} may receive {', '.join(made.tasks)} until {made.expires:%F %R} UTC.")


def _add_approvals(commands: typer.Typer, settings: Callable[[], Settings]) -> None:
    @commands.command("list")
    def show(as_json: AsJson = False) -> None:
        """Show every approval, and whether it holds."""
        filed = Approvals(settings())
        rows = [(one, filed.fault_of(one)) for one in filed.filed()]
        if as_json:
            told = [{**asdict(one), "fault": fault} for one, fault in rows]
            typer.echo(json.dumps(told, indent=1, ensure_ascii=False, default=str))
            return
        for one, fault in rows:
            state = f"does not hold: {fault}" if fault else f"until {one.expires:%F %R} UTC"
            typer.echo(f"{one.id}  {one.endpoint}  {', '.join(one.tasks)}  {state}")
            typer.echo(f"          {one.provider}; {one.evidence}; approved by {one.approved_by}, {one.issued:%F}")
        if not rows:
            typer.echo("No endpoint is approved: credentialed texts stay on this machine.")

    @commands.command()
    def revoke(approval: Annotated[str, typer.Argument(help="its id in `endpoints list`")]) -> None:
        """Take an approval back; whatever runs stops sending at its next request."""
        here = settings()
        filed = Approvals(here).filed()
        left = [one for one in filed if one.id != approval]
        if len(left) == len(filed):
            raise UsageError(f"There is no approval {approval!r}. `python app.py endpoints list` shows them.")
        _file(here, approvals.FILE, approvals.filed_bytes(left))
        typer.echo(f"{approval} is revoked.")


def _add_people(commands: typer.Typer, settings: Callable[[], Settings], tasks: Tasks) -> None:
    day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]

    @commands.command()
    def add(
        name: str,
        wanted: TaskNames,
        account: Annotated[str, typer.Option(help="their account on PhysioNet")],
        since: day,
        training_until: day,
    ) -> None:
        """List a person, or change what is listed: credentialed since, trained until, agreements signed for tasks."""
        here = settings()
        made = Reader(
            name=name,
            account=account,
            since=since.date(),
            training_until=training_until.date(),
            tasks=_checked_tasks(wanted, tasks()),
        )
        if not name.strip() or made.training_until < made.since:
            raise UsageError("Give a name, and a training that ends after the day they were credentialed.")
        others = [one for one in read_readers(here.home) if one.name != name]
        _file(here, credentialed.FILE, credentialed.filed_bytes((*others, made)))
        typer.echo(f"{name} may read {', '.join(made.tasks)} until {made.training_until}.")


def _add_list(commands: typer.Typer, settings: Callable[[], Settings]) -> None:
    @commands.command("list")
    def show(as_json: AsJson = False) -> None:
        """Show who is listed, and until when."""
        people = read_readers(settings().home)
        if as_json:
            typer.echo(json.dumps([asdict(one) for one in people], indent=1, ensure_ascii=False, default=str))
            return
        today = datetime.now(UTC).date()
        for one in people:
            state = "until" if one.training_until >= today else "EXPIRED on"
            typer.echo(f"{one.name} ({one.account})  {', '.join(one.tasks)}  {state} {one.training_until}")
        if not people:
            typer.echo(f"Nobody is listed, so no credentialed task is run. {credentialed.REMEDY}")

    @commands.command()
    def remove(name: str) -> None:
        """Take a person off the list."""
        here = settings()
        people = read_readers(here.home)
        left = [one for one in people if one.name != name]
        if len(left) == len(people):
            raise UsageError(f"Nobody called {name!r} is listed. `python app.py credentialed list` shows who is.")
        _file(here, credentialed.FILE, credentialed.filed_bytes(left))
        typer.echo(f"{name} is listed no more.")


def _checked_tasks(wanted: str, known: Mapping[str, Task]) -> tuple[str, ...]:
    credentialed_tasks = [name for name, task in known.items() if task.access is not Access.OPEN]
    names = tuple(dict.fromkeys(name.strip() for name in wanted.split(",")))
    for name in names:
        if name not in credentialed_tasks:
            raise UsageError(f"{name!r} is no credentialed task. Choose from: {', '.join(credentialed_tasks)}.")
    return names


def _require_reader(settings: Settings, name: str, tasks: Sequence[str], today: date) -> None:
    listed = [one for one in read_readers(settings.home) if one.name == name]
    lacking = [task for task in tasks if not any(one.may_read(task, today) for one in listed)]
    if lacking:
        raise UsageError(
            f"{name} is not listed as somebody who may read {', '.join(lacking)} today, so cannot answer for it. "
            "See `python app.py credentialed list`."
        )


def _file(settings: Settings, name: str, content: bytes) -> None:
    """The home's file holds this, for its owner's eyes."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(Path(settings.home) / name, content)
