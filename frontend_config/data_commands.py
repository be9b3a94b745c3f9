"""The commands under `data`: how it stands with the benchmark's files, fetching the open ones, building others."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from math import ceil
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.builders.asking import StagedModel
from backend.builders.custody import check_engine, check_places, is_invented
from backend.builders.medisumcode import COUNT, build_medisumcode
from backend.builders.medisumqa import LETTERS, SEED, Proposed, propose
from backend.builders.release import release as release_pairs
from backend.builders.workshop import PAIRS_REPORT, Workshop
from backend.credentialed import read_readers
from backend.datasets.catalog import fetch, state_of
from backend.datasets.mimic import DIAGNOSES, DISCHARGE, CsvTable
from backend.datasets.rehearsal import Scale, write_rehearsal
from backend.domain import DataFile, Engine, Fact, Model, ModelSource, Task
from backend.errors import DataMissing, OperatorFault, PassingFault, UsageError
from backend.progress import StageProgress
from backend.settings import read_settings
from frontend_config.custody_status import installed, unread_concerns
from frontend_config.terminal import file_bar, print_data, stage_bar
from storage.predictions import RunJournal

MB = 1_000_000
NO_NETWORK = (
    "HF_HUB_OFFLINE says that there is no network. Bring the open files with `python app.py carry FOLDER` from a "
    "machine that has one and `python app.py receive FOLDER` here, or name a mirror within reach in CLUE_MIRROR."
)
Tasks = Callable[[], Mapping[str, Task]]
FindEngine = Callable[[str], Engine]
Resolve = Callable[[str, Engine, str | None], tuple[Model, ModelSource]]

Notes = Annotated[Path | None, typer.Option("--notes", help="MIMIC-IV-Note's discharge.csv or discharge.csv.gz")]
Diagnoses = Annotated[Path, typer.Option(help="MIMIC-IV's hosp/diagnoses_icd.csv or diagnoses_icd.csv.gz")]
Seed = Annotated[int, typer.Option(help="which letters are drawn")]


def data_commands(tasks: Tasks, find_engine: FindEngine, resolve: Resolve) -> typer.Typer:
    """The commands under `data`. Nothing is called before one of them runs.

    `find_engine` raises UsageError for an unknown name; `resolve(model, engine, url)` says what is asked, and where.
    """
    data = typer.Typer(help="The benchmark's data files.", no_args_is_help=True)
    _add_files(data, tasks)
    _add_rehearsal(data)
    _add_medisumcode(data)
    _add_medisumqa(data, find_engine, resolve)
    return data


def _add_files(data: typer.Typer, tasks: Tasks) -> None:
    @data.command("status")
    def status(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
        """Which data files are here, and how to get the others."""
        settings = read_settings()
        folder = settings.data_dir
        states = [state_of(task, file, folder) for task, file in _files(tasks)]
        if as_json:
            typer.echo(json.dumps([asdict(state) for state in states], indent=1, ensure_ascii=False, default=str))
        else:
            print_data(states, folder)
        here = installed(settings, tasks().values())
        for concern in unread_concerns(read_readers(settings.home), here, datetime.now(UTC).date()):
            typer.echo(concern, err=True)

    @data.command("fetch")
    def fetch_open() -> None:
        """Download the open data files from their public sources and check them."""
        settings = read_settings()
        if settings.offline and not settings.mirror:
            raise UsageError(NO_NETWORK)
        failed = False
        for task, file in _files(tasks):
            if file.url is None:
                typer.echo(f"{task.name}: cannot be fetched for you. {file.obtain}", err=True)
                continue
            try:
                with _on_disk(), file_bar() as show:
                    path = fetch(task, file, settings.data_dir, settings.mirror, partial(show, task.name))
                typer.echo(f"{task.name}: {path}")
            except (PassingFault, DataMissing) as fault:
                code = f"{fault.code}: " if isinstance(fault, PassingFault) else ""
                typer.echo(f"{task.name}: {code}{fault}", err=True)
                failed = True
        if failed:
            raise typer.Exit(1)


def _add_rehearsal(data: typer.Typer) -> None:
    @data.command("rehearsal")
    def rehearsal(
        folder: Path,
        scale: Annotated[Scale, typer.Option(help="full: as many rows as the published files have")] = Scale.SMALL,
    ) -> None:
        """Write invented files for all six tasks into FOLDER, and MIMIC-IV's tables to try the builders on."""
        with _on_disk():
            write_rehearsal(folder, scale)
        typer.echo(f"{folder} holds invented data. Name it in CLUE_REHEARSAL to have the rehearsal edition read it.")


def _add_medisumcode(data: typer.Typer) -> None:
    @data.command("build-medisumcode")
    def build(
        notes: Annotated[Path, typer.Option(help="MIMIC-IV-Note's discharge.csv or discharge.csv.gz")],
        diagnoses: Diagnoses,
        count: Annotated[int, typer.Option(min=1, help="how many letters")] = COUNT,
        seed: Seed = SEED,
        into: Annotated[Path | None, typer.Option(help="folder; default: medisumcode in CLUE_DATA")] = None,
    ) -> None:
        """Build MeDiSumCode: discharge letters of MIMIC-IV with the ICD-10-CM codes of their stay."""
        folder = into or read_settings().data_dir / "medisumcode"
        check_places([notes, diagnoses], folder)
        with _on_disk(), file_bar() as show:
            built = build_medisumcode(
                notes=CsvTable(notes, DISCHARGE, partial(show, "letters")),
                diagnoses=CsvTable(diagnoses, DIAGNOSES, partial(show, "diagnoses")),
                folder=folder,
                count=count,
                seed=seed,
            )
        if built.written < count:
            typer.echo(
                f"Only {built.written:,} letters have codes, not {count:,}: all of them are in the file.", err=True
            )
        typer.echo(f"{built.path}: {built.written:,} letters; what was left out and why is in the report beside it.")


def _add_medisumqa(data: typer.Typer, find_engine: FindEngine, resolve: Resolve) -> None:
    @data.command("build-medisumqa")
    def build(
        into: Annotated[Path, typer.Option(help="folder to work in; a second call goes on from there")],
        notes: Notes = None,
        model: Annotated[str | None, typer.Option(help="a Hub id or a local folder: who writes the pairs")] = None,
        engine: Annotated[str | None, typer.Option(help="transformers, endpoint or scripted")] = None,
        url: Annotated[str | None, typer.Option(help="the endpoint's address")] = None,
        letters: Annotated[int, typer.Option(min=1, help="how many letters")] = LETTERS,
        seed: Seed = SEED,
        release: Annotated[bool, typer.Option("--release", help="last step: release the reviewed pairs")] = False,
    ) -> None:
        """Build question-answer pairs on MIMIC-IV's discharge letters, for a physician to review and then release."""
        workshop = Workshop(into)
        if release:
            with _on_disk():
                path, pairs = release_pairs(workshop)
            typer.echo(f"{path}: {pairs:,} pairs; how they came about is in the report beside it.")
            return
        if notes is None or model is None:
            raise UsageError("Name the letters with --notes and the model with --model, or add --release.")
        settings = read_settings()
        chosen = find_engine(engine or settings.engine)
        check_places([notes], into)
        check_engine(chosen, notes)
        found, source = resolve(model, chosen, url)
        with _on_disk(), stage_bar() as report:
            asking = StagedModel(
                model=found,
                source=replace(source, confides=frozenset()) if is_invented(notes) else source,
                engine=chosen,
                settings=settings,
                journal=partial(_journal, into),
                report=report,
            )
            table = CsvTable(notes, DISCHARGE, partial(_in_megabytes, report, "letters, in MB"))
            proposed = propose(notes=table, workshop=workshop, asking=asking, letters=letters, seed=seed)
        typer.echo(_next_step(proposed))


def _in_megabytes(report: StageProgress, name: str, done: int, total: int) -> None:
    report(name, ceil(done / MB), ceil(total / MB))


def _next_step(proposed: Proposed) -> str:
    made = f"{proposed.letters:,} letters, {proposed.statements:,} statements, {proposed.pairs:,} pairs to review."
    if not proposed.pairs:
        return f"{made} {PAIRS_REPORT} beside it says what became of them."
    if proposed.left_alone:
        return f"{made} {proposed.review} has been edited and was left as it is."
    return (
        f"{made} Now open {proposed.review} in a spreadsheet, write yes or no under keep in every row, mend what needs "
        "mending, save it as CSV UTF-8, and release it with --release."
    )


def _files(tasks: Tasks) -> Iterator[tuple[Task, DataFile]]:
    return ((task, task.file) for task in tasks().values() if task.file is not None)


@contextmanager
def _journal(
    folder: Path, stage: str, run: Mapping[str, Any], facts: Mapping[str, Fact] | None
) -> Iterator[RunJournal]:
    journal = RunJournal(folder / f"{stage}.journal.jsonl", run, facts)
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise OperatorFault(f"The disk did not do what it was asked to: {error.strerror or error}{where}.") from error
