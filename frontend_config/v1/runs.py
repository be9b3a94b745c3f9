"""Single results of the ledger under /v1: manifest, digests and scores, and the forms that others take them in."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from backend.domain import Edition
from backend.reporting import run_record
from frontend_config.columns import hub_link, task_titles
from frontend_config.desk import Desk
from frontend_config.exports.bibtex import BIBTEX, bibtex
from frontend_config.exports.eval_results import eval_results_yaml, row_page
from frontend_config.exports.every_eval_ever import every_eval_ever
from frontend_config.exports.record_files import record_name
from frontend_config.history_payload import history_payload, scores_of
from frontend_config.manifest_payload import manifest_payload, run_payload
from frontend_config.representations import OPEN_TO_ALL, KeptRepresentations, Representation
from frontend_config.reproduction import reproduction
from frontend_config.words import notice
from storage.score_rows import Publication

YAML = "application/yaml; charset=utf-8"


def router(desk: Desk) -> APIRouter:
    """Answers that are made once for each state of the board, the last few hundred of them."""
    routes = APIRouter(tags=["Models"])
    kept = KeptRepresentations(desk.version, most_bytes=desk.most_kept)

    @routes.get("/runs/{number}")
    def run(request: Request, number: int) -> Response:
        """What a line of the ledger published, whether or not it still stands."""
        publication = _found(desk, number)
        return kept.get(number, lambda: Representation.of_json(run_of(publication, desk))).respond(
            request, headers=OPEN_TO_ALL
        )

    _add_exports(routes, desk)
    _add_citations(routes, desk)
    return routes


def _add_exports(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/runs/{number}/eval_results.yaml")
    def eval_results(request: Request, number: int) -> Response:
        """The file for .eval_results of the model's own repository."""
        publication, dataset = _exported(desk, number), desk.settings.benchmark_dataset
        if dataset is None:
            raise HTTPException(404, notice("no benchmark dataset"))
        text = eval_results_yaml(publication, dataset, row_page(publication, desk.settings.public_url))
        return Representation(text.encode(), YAML).respond(request, headers=OPEN_TO_ALL | _file("clue.yaml"))

    @routes.get("/runs/{number}/eee.json")
    def eee(request: Request, number: int) -> Response:
        """The record for Every Eval Ever, aggregates only, under the name its datastore wants."""
        publication = _exported(desk, number)
        content = every_eval_ever(publication, desk.tasks, desk.settings.public_url)
        return Representation.of_json(content).respond(request, headers=OPEN_TO_ALL | _file(record_name(publication)))


def _add_citations(routes: APIRouter, desk: Desk) -> None:
    paper = Representation(bibtex().encode(), BIBTEX)

    @routes.get("/runs/{number}/cite.bib")
    def cite(request: Request, number: int) -> Response:
        """How to cite the paper and this line of the ledger."""
        publication = _found(desk, number)
        text = bibtex(publication, row_page(publication, desk.settings.public_url))
        return Representation(text.encode(), BIBTEX).respond(request, headers=OPEN_TO_ALL | _file(f"clue-{number}.bib"))

    @routes.get("/cite.bib")
    def cite_paper(request: Request) -> Response:
        """How to cite the paper."""
        return paper.respond(request, headers=OPEN_TO_ALL | _file("clue.bib"))


def run_of(publication: Publication, desk: Desk) -> dict[str, object]:
    """A result as plain data: who, how it stands, scores with intervals, and what is needed to make it again."""
    result, titles = publication.result, task_titles(desk.tasks)
    (line,) = history_payload([publication])
    model = result.model
    return {
        **line,
        "model": {**asdict(model), "link": hub_link(model.hub_id)},
        "scores": scores_of(result),
        "tasks": {
            run.task: {**run_record(run), "facts": run_payload(run, titles.get(run.task, run.task))["facts"]}
            for run in result.runs
        },
        "manifest": {fact["name"]: fact["value"] for fact in manifest_payload(result)},
        "reproduce": reproduction(result),
    }


def _found(desk: Desk, number: int) -> Publication:
    publication = desk.publication(number)
    if publication is None:
        raise HTTPException(404, notice("no such line"))
    return publication


def _exported(desk: Desk, number: int) -> Publication:
    publication = _found(desk, number)
    if publication.result.edition is Edition.REHEARSAL:
        raise HTTPException(404, notice("no export"))
    if publication.retired is not None:
        raise HTTPException(404, notice("not standing"))
    return publication


def _file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
