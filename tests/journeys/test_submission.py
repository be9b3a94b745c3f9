"""From a model id in the browser to a row on the board, with every engine."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.board import assert_same_numbers
from tests.journeys.conftest import submit, wait_until_ended
from tests.journeys.program import CLIENT, Program, command_line, evaluation, free_port, running
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import tiny_llama
from tests.loopback.tgi import TgiServer
from tests.waiting import wait_for

# Real servers answer on processors that other tests share.
pytestmark = pytest.mark.timeout(600)

MODEL = "acme/tiny-clinical"


def watch_it_run(page: Page, program: Program, submission_id: str) -> None:
    """The queue page shows its progress, then that it has finished, without a reload."""
    page.goto(f"{program.address}/queue?id={submission_id}")
    expect(page.get_by_role("progressbar").first).to_be_visible(timeout=120_000)
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=420_000)


def see_the_row(page: Page, program: Program) -> None:
    """The rehearsal board shows the model, its accuracy with an interval, and says that the data are invented."""
    page.goto(f"{program.address}/?view=rehearsal")
    row = page.locator("tbody tr").filter(has_text=MODEL)
    expect(row).to_be_visible()
    expect(row).to_contain_text("–")
    expect(page.locator(".notice")).to_contain_text("nvented")
    page.goto(f"{program.address}/?view=measured")
    expect(page.get_by_text("No model has been measured here yet.")).to_be_visible()


def test_a_model_goes_from_the_form_to_a_row_with_the_numbers_of_the_command_line(
    hub: LoopbackHub, tmp_path: Path, page: Page
) -> None:
    sha = hub.add(MODEL, tiny_llama(tmp_path / "model", layers=6))
    with running(tmp_path / "var", CLUE_BATCH_TOKENS="1") as program:
        submission_id = submit(page, program, MODEL)
        watch_it_run(page, program, submission_id)
        assert program.submission(submission_id)["revision"] == sha
        see_the_row(page, program)
        assert_same_numbers(
            program,
            evaluation(program.cli, MODEL, "--engine", "transformers", "--edition", "rehearsal"),
        )
        assert "1 lines" in program.cli.run("ledger", "verify").stdout


def test_the_same_way_leads_through_a_tgi_endpoint(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, page: Page
) -> None:
    sha = hub.add(MODEL, tiny_model)
    server = TgiServer(answer_slowly, model_id=MODEL, model_sha=sha)
    settings = {"CLUE_ENGINE": "endpoint", "CLUE_ENDPOINT_CONCURRENCY": "2"}
    with (
        server.serving() as address,
        running(tmp_path / "var", CLUE_ENDPOINT_URL=address, **settings) as program,
    ):
        submission_id = submit(page, program, MODEL)
        watch_it_run(page, program, submission_id)
        see_the_row(page, program)
        assert_same_numbers(program, evaluation(program.cli, MODEL, "--engine", "endpoint", "--edition", "rehearsal"))


def test_the_same_way_leads_through_transformers_serve(hub: LoopbackHub, tmp_path: Path, page: Page) -> None:
    hub.add(MODEL, tiny_llama(tmp_path / "model", brief=True))  # it takes its time for every token
    with (
        transformers_serve(tmp_path) as address,
        running(tmp_path / "var", CLUE_ENGINE="endpoint", CLUE_ENDPOINT_URL=address) as program,
    ):
        submission_id = submit(page, program, MODEL)
        wait_until_ended(program, submission_id)
        see_the_row(page, program)
        options = ("--engine", "endpoint", "--edition", "rehearsal", "--tasks", "meqsum,longhealth")
        assert_same_numbers(program, evaluation(program.cli, MODEL, *options))


def answer_slowly(question: str) -> str:
    """A label or a question of sorts, after long enough for a person to watch the queue."""
    time.sleep(0.3)
    return "neutral" if "Hypothesis" in question else "What are the treatments?"


@contextmanager
def transformers_serve(folder: Path) -> Iterator[str]:
    """The address of `transformers serve`, which fetches models from the loopback Hub."""
    port = free_port()
    words = [str(Path(sys.executable).with_name("transformers")), "serve", "--port", str(port), "--device", "cpu"]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(words, env=command_line(folder).environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: server.poll() is None and answers(f"{address}/health"))
        yield address
    finally:
        server.kill()  # it would first wait for those who hold a connection
        server.wait()


def answers(url: str) -> bool:
    """Whether a request is answered with success."""
    try:
        return CLIENT.get(url).is_success
    except httpx.HTTPError:
        return False
