"""The composition root and the command line: the one place that knows every part. Importing it does nothing."""

import logging
import os
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer

from backend import hub
from backend.datasets.catalog import fetch_missing, holds_credentialed
from backend.domain import Edition, Engine, Model, Task
from backend.engines import all_engines, engines_under
from backend.errors import ClueError, ModelCrash, ModelFault, PassingFault, UsageError
from backend.isolation import exit_with_parent
from backend.logbook import keeping_log
from backend.paper import benchmark_under
from backend.progress import ByteProgress, FractionProgress
from backend.settings import Settings, read_settings
from backend.signing import read_signer
from backend.submission import Pulse
from backend.tasks import all_tasks
from eval_queue.companion import companion
from eval_queue.estimates import Estimates
from eval_queue.intake import Intake, LookUp, look_up_with
from eval_queue.last_heard import last_heard
from eval_queue.page_mail import PageMail, claim_home, page_mail
from eval_queue.preflight import Preflight, no_standings
from eval_queue.queue import Queue
from eval_queue.rescoring import Rescoring
from eval_queue.rights import Rights
from eval_queue.schedule import RESCUE_SECONDS, publishing, run_worker, run_worker_once
from eval_queue.storm.arena import Kit
from eval_queue.storm.storm import Force, run_storm
from eval_queue.worker import Worker
from eval_queue.worker_mail import worker_mail
from frontend_config.bench_commands import bench_commands
from frontend_config.chronicle import Unwritten
from frontend_config.compare_commands import compare_commands
from frontend_config.crate_commands import crate_commands
from frontend_config.custody_commands import custody_commands
from frontend_config.data_commands import data_commands
from frontend_config.desk import Desk
from frontend_config.evaluate_commands import EvaluationKit, evaluate_commands, pick
from frontend_config.judged_board import JudgedBoard
from frontend_config.ledger_commands import ledger_commands
from frontend_config.named_models import NamedModels
from frontend_config.operator_commands import operator_commands
from frontend_config.people_commands import people_commands
from frontend_config.published import published_standings
from frontend_config.queue_commands import queue_commands
from frontend_config.rescore_commands import rescore_commands
from frontend_config.snapshot_commands import snapshot_commands
from frontend_config.speed_commands import speed_commands
from frontend_config.vitals import Vitals
from storage.answered_runs import AnsweredRuns
from storage.isolation_note import note_isolation
from storage.known_submissions import KnownSubmissions
from storage.ledger import Ledger
from storage.lock import alone
from storage.privacy import keep_private, tighten
from storage.scores import Scores
from storage.snapshot import Snapshots
from storage.submissions import Submissions

_LOG = logging.getLogger(__name__)
cli = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=__doc__)


class House:
    """Every part, built on first use from one set of settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """The benchmark."""
        return all_tasks()

    @cached_property
    def engines(self) -> dict[str, Engine]:
        """The ways of asking."""
        return engines_under(self.settings)

    @cached_property
    def submissions(self) -> Submissions:
        """The queue's store."""
        return self.mail.mirror if self.mail else Submissions(self.settings.home / "queue.sqlite")

    @cached_property
    def mail(self) -> PageMail | None:
        """The way to a worker on another machine, on a page that has none here."""
        return page_mail(self.settings)

    @cached_property
    def ledger(self) -> Ledger:
        """The published results."""
        key = self.settings.signing_key
        return Ledger(self.settings.home / "ledger.jsonl", signer=read_signer(key) if key else None)

    @cached_property
    def look_up(self) -> LookUp:
        """What the Hub says of a model."""
        return look_up_with(self.settings, self.engines, hub.source_under(self.settings).look_up)

    @cached_property
    def courtesy(self) -> hub.Courtesy:
        """The page's way to the Hub."""
        return hub.Courtesy(hub.source_under(self.settings))

    @cached_property
    def models(self) -> NamedModels:
        """What the command line may name."""
        logs = self.settings.home / "logs"
        return NamedModels(look_up=self.look_up, download=self.download, url=self.settings.endpoint_url, logs=logs)

    @cached_property
    def rights(self) -> Rights:
        """What people may do here."""
        return Rights(self.settings, self._holds_credentialed)

    @cached_property
    def queue(self) -> Queue:
        """The queue's rules."""
        return self._rules(self.submissions, self.rights)

    @cached_property
    def intake(self) -> Intake:
        """The door."""
        return self._door(self.submissions, self.rights)

    def afar(self, submissions: Submissions) -> tuple[Intake, Queue]:
        """Door and rules for what comes through a mailbox, where nobody is an operator."""
        nobody = Rights(self.settings, self._holds_credentialed, operators=frozenset())
        return self._door(submissions, nobody), self._rules(submissions, nobody)

    def _door(self, submissions: Submissions, rights: Rights) -> Intake:
        look_up = look_up_with(self.settings, self.engines, self.courtesy.look_up)
        return Intake(submissions, self.engines, self.settings, look_up, rights)

    def _rules(self, submissions: Submissions, rights: Rights) -> Queue:
        return Queue(submissions, self.ledger, self.settings, self.look_up, rights)

    def _holds_credentialed(self) -> bool:
        return holds_credentialed(self.tasks.values(), self.settings.data_dir)

    def scores(self, path: Path | None = None) -> Scores:
        """The board's tables, opened for this process alone."""
        where = path or self.settings.home / "scores.duckdb"
        return Scores(where, self.ledger, list(self.tasks.values()), published_standings())

    def download(self, model: Model, halt: Event, report: ByteProgress) -> Path:
        """The model's files."""
        return hub.fetch(model, self.settings, halt, report)

    def pulse(self, scores: Scores) -> Pulse:
        """How worker and queue are; a broken ledger comes before any other reason to pause."""
        found = self.submissions.pulse()
        return replace(found, paused=str(scores.broken)) if scores.broken else found

    def vitals(self, scores: Scores) -> Vitals:
        """How board and disk are."""
        return Vitals(
            ledger_lines=scores.head().number,
            ledger_fault=str(scores.broken) if scores.broken else None,
            free_bytes=shutil.disk_usage(self.settings.home).free,
            spent=partial(self.submissions.spent, most=1_000_000),
        )

    @cached_property
    def estimates(self) -> Estimates:
        """What can be said of those running and waiting."""
        return Estimates(self.submissions.spent, list(self.tasks))

    def prepare(self, edition: Edition) -> None:
        """The open data files are here, if their sources can be reached."""
        if edition is Edition.FULL and (self.settings.mirror or not self.settings.offline):
            failures = fetch_missing(self.tasks.values(), self.settings.data_dir, self.settings.mirror)
            if failures:
                _LOG.warning("open data not fetched; `app.py data fetch` says why", extra={"count": len(failures)})

    def worker(self, stop: Event) -> Worker:
        """The worker of this process."""
        return Worker(
            name=f"{socket.gethostname()}:{os.getpid()}",
            settings=self.settings,
            submissions=self.submissions,
            queue=self.queue,
            ledger=self.ledger,
            tasks=list(self.tasks.values()),
            engines=self.engines,
            download=self.download,
            stop=stop,
            prepare=self.prepare,
        )

    def evaluation_kit(self) -> EvaluationKit:
        """What evaluates without a queue."""
        return EvaluationKit(
            settings=self.settings,
            engines=self.engines,
            benchmark=lambda protocol, clone: benchmark_under(protocol, self.tasks, clone),
            resolve=self.models.find,
        )

    def rescoring(self) -> Rescoring:
        """What judges published answers again."""
        return Rescoring(settings=self.settings, ledger=self.ledger, submissions=self.submissions, tasks=all_tasks)

    def desk(self, scores: Scores | None = None) -> Desk:
        """What page and command line may ask for; without scores, nothing about the board."""
        standings = scores.standings if scores else no_standings
        found = Desk(
            settings=self.settings,
            tasks=list(self.tasks.values()),
            standings=standings,
            chronicle=scores or Unwritten(),
            version=scores.version if scores else lambda: "",
            publication=scores.publication if scores else lambda number: None,
            publications=scores.publications if scores else lambda hub_id: [],
            answered=AnsweredRuns(self.settings, list(self.tasks.values())),
            submissions=KnownSubmissions(self.submissions),
            waiting=self.submissions.waiting,
            pulse=partial(self.pulse, scores) if scores else self.submissions.pulse,
            events=self.submissions.events,
            estimates=self.estimates,
            preflight=Preflight(self.intake, self.courtesy, self.submissions, self.settings, standings, self.estimates),
            suggest=self.courtesy.suggestions,
            submit=self.intake.submit,
            cancel=self.queue.cancel,
            retry=self.queue.retry,
            withdraw=self.queue.withdraw,
            supersede=self.queue.supersede,
            own=self.queue.own,
            proposals=self.submissions.audit,
            meet=self.submissions.people.meet,
            people=self.submissions.people.public,
            is_operator=self.rights.is_operator,
            vitals=partial(self.vitals, scores) if scores else Vitals,
            last_heard=partial(last_heard, self.settings),
        )
        return replace(found, **self.mail.desk()) if self.mail else found


@cli.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Start the page and a worker on this machine, until Ctrl-C."""
    if context.invoked_subcommand is None:
        house = House(read_settings())
        with alone(house.settings.home, "worker"):
            pass
        # A Space can only run app.py as it is: with a mailbox its worker is elsewhere.
        _serve(house, with_worker=not (house.settings.on_space and house.settings.mailbox))


@cli.command()
def serve() -> None:
    """Start the page alone."""
    _serve(House(read_settings()), with_worker=False)


@cli.command()
def work(
    once: Annotated[bool, typer.Option("--once", help="evaluate what waits, then exit")] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Start the worker alone."""
    house = House(read_settings())
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if with_parent:
        exit_with_parent()
    with _service(house.settings), alone(house.settings.home, "worker"):
        note_isolation(house.settings)
        worker = house.worker(stop)
        mail = worker_mail(house.settings, house.submissions, house.ledger, house.afar)
        if once:
            worked = run_worker_once(worker, house.queue, mail)
            typer.echo(f"{worked} submissions worked on; `python app.py queue` shows how they stand.")
        else:
            run_worker(worker, house.queue, house.submissions, house.settings, stop, mail)


cli.add_typer(evaluate_commands(lambda: House(read_settings()).evaluation_kit()))
cli.add_typer(custody_commands(lambda: House(read_settings()).settings, all_tasks))
cli.add_typer(compare_commands(lambda: list(all_tasks().values())))
cli.add_typer(queue_commands(lambda: House(read_settings()).desk()))
cli.add_typer(people_commands(lambda: House(read_settings())))
cli.add_typer(snapshot_commands(lambda: House(read_settings())))
cli.add_typer(rescore_commands(lambda: House(read_settings()).rescoring().run))
cli.add_typer(
    operator_commands(
        lambda: House(read_settings()).desk(),
        lambda: House(read_settings()).ledger,
        lambda: House(read_settings()).settings.home,
    )
)
cli.add_typer(
    ledger_commands(lambda: House(read_settings()).ledger, lambda: House(read_settings()).scores()), name="ledger"
)
cli.add_typer(crate_commands(read_settings, all_tasks, lambda: House(read_settings()).look_up))
cli.add_typer(
    data_commands(
        all_tasks,
        lambda name: pick(all_engines(), name, "engine"),
        lambda model, engine, url: House(read_settings()).models.find(model, engine, url),
    ),
    name="data",
)


_BENCH = bench_commands(lambda *asked: _storm(*asked), lambda *asked: _visits(*asked))
cli.add_typer(speed_commands(_BENCH, all_tasks), name="bench")


def main() -> None:
    """Runs the command line; exit code 2 for bad usage, 1 for a failure, each with one sentence."""
    keep_private()
    try:
        cli(standalone_mode=True)
    except UsageError as error:
        _stop(2, str(error))
    except (ModelFault, PassingFault, ModelCrash) as fault:
        _stop(1, f"{fault.code}: {fault} {fault.code.advice}")
    except ClueError as error:
        _stop(1, str(error))
    except sqlite3.OperationalError as error:
        _stop(1, f"The queue cannot be read or written just now: {error}. Try again in a minute.")


def _serve(house: House, *, with_worker: bool) -> None:
    from frontend_config.serving import check_port, run_site
    from frontend_config.site import build_site

    settings = house.settings
    claim_home(settings, with_worker=with_worker)
    with ExitStack() as stack:
        stack.enter_context(_service(settings))
        stack.enter_context(alone(settings.home, "page"))
        check_port(settings)
        scores = house.scores()
        stack.callback(scores.close)

        board = JudgedBoard(house.desk(scores))
        site = build_site(board.desk)
        snapshots = Snapshots(scores, settings.home / "snapshots")
        verify = partial(scores.follow, thorough=True)
        rescue, every = (house.mail.look, house.mail.seconds) if house.mail else (house.queue.rescue, RESCUE_SECONDS)
        often = (scores.follow, rescue, snapshots.keep_up)
        stack.enter_context(
            publishing(*often, verify, settings.verify_seconds, rank=board.keep_up, rescue_seconds=every)
        )
        if with_worker:
            command = [__file__, "work", "--with-parent"]
            stack.enter_context(companion(command, lambda: house.submissions.pulse().silent_seconds))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        _LOG.info("the page is up; Ctrl-C stops it", extra={"address": f"http://{settings.host}:{settings.port}"})
        run_site(site, settings)


def _storm(kills: int, minutes: float, seed: int, report: FractionProgress) -> dict[str, Any]:
    scripts = ("scripted/rules", "scripted/silent", "scripted/first-sentence")
    kit = Kit(tasks=list(all_tasks().values()), engine=all_engines()["scripted"], models=scripts)
    with tempfile.TemporaryDirectory(prefix="clue-storm-") as home:
        return run_storm(kit, Path(home), Force(kills=kills, minutes=minutes, seed=seed), report)


def _visits(models: int, columns: int, report: FractionProgress) -> dict[str, Any]:
    from frontend_config.bench_page.measurement import measure_page

    return measure_page(list(all_tasks().values()), models, columns, report)


def _service(settings: Settings) -> AbstractContextManager[None]:
    tighten(settings.home)
    return keeping_log(settings.log)


def _stop(code: int, sentence: str) -> None:
    typer.echo(sentence, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
