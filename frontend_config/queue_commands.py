"""The commands around the queue: submit, list, cancel, retry, withdraw, supersede."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from backend.domain import Domain, Edition
from backend.submission import LOCAL_USER, OPERATOR, PublicPerson, Submission, SubmissionForm, receipt_record
from frontend_config.desk import Desk
from frontend_config.queue_payload import positions
from frontend_config.terminal import print_queue

EngineName = Annotated[str | None, typer.Option("--engine", help="transformers, endpoint or scripted")]
Url = Annotated[str | None, typer.Option("--url", help="the endpoint's address")]
Revision = Annotated[str | None, typer.Option(help="branch, tag or commit; default: the main branch now")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Reason = Annotated[str, typer.Option("--reason", help="why; it stands in the ledger for everybody to read")]


def queue_commands(desk: Callable[[], Desk]) -> typer.Typer:
    """The commands over this desk, which is asked for when one of them runs. Whoever types them is the operator."""
    commands = typer.Typer()
    _add_submit(commands, desk)
    _add_list(commands, desk)
    _add_steps(commands, desk)
    _add_corrections(commands, desk)
    return commands


def _add_submit(commands: typer.Typer, desk: Callable[[], Desk]) -> None:
    @commands.command()
    def submit(
        model: str,
        revision: Revision = None,
        engine: EngineName = None,
        url: Url = None,
        edition: Edition = Edition.FULL,
        base: Annotated[str | None, typer.Option(help="the model it was made from")] = None,
        domain: Domain | None = None,
    ) -> None:
        """Put a model of the Hub into the queue and print the receipt."""
        form = SubmissionForm(
            model_id=model, revision=revision, edition=edition, engine=engine, url=url, base_model=base, domain=domain
        )
        _print_json(receipt_record(desk().submit(form, LOCAL_USER)))


def _add_list(commands: typer.Typer, desk: Callable[[], Desk]) -> None:
    @commands.command("queue")
    def show_queue(as_json: AsJson = False) -> None:
        """List every submission, newest first."""
        asked = desk()
        waiting, found = asked.waiting(), asked.submissions()
        if as_json:
            places = positions(waiting)
            _print_json([_listed(one, places, asked.people(one.submitter)) for one in found])
        else:
            print_queue(found, waiting)


def _add_steps(commands: typer.Typer, desk: Callable[[], Desk]) -> None:
    @commands.command()
    def cancel(submission_id: str) -> None:
        """Cancel a submission that waits or runs; what was answered is kept."""
        typer.echo(f"{desk().cancel(submission_id, OPERATOR).id} is cancelled.")

    @commands.command()
    def retry(submission_id: str) -> None:
        """Queue a failed or cancelled submission again; it goes on from where it stopped."""
        again = desk().retry(submission_id, OPERATOR)
        typer.echo(f"{again.id} is {again.status} again.")


def _add_corrections(commands: typer.Typer, desk: Callable[[], Desk]) -> None:
    @commands.command()
    def withdraw(submission_id: str, reason: Reason) -> None:
        """Take a published result off the board; ledger and history keep it, with the reason."""
        typer.echo(f"{desk().withdraw(submission_id, OPERATOR, reason).id} is withdrawn.")

    @commands.command()
    def supersede(submission_id: str, reason: Reason) -> None:
        """Evaluate a published model again; when that is done, the new result takes the place of the old one."""
        again = desk().supersede(submission_id, OPERATOR, reason)
        typer.echo(f"{again.id} is queued; its result will take the place of {submission_id}.")


def _listed(one: Submission, places: Mapping[str, int], person: PublicPerson) -> dict[str, Any]:
    return {**asdict(one), "submitter_name": person.name, "position": places.get(one.id)}


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))
