"""What is refused or fails, with which sentence, and that nothing is lost by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.errors import FailureCode
from tests.journeys.conftest import refusal, submit, wait_until_ended
from tests.journeys.program import Program, running
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import ChatTemplate, pickle_only, tiny_llama
from tests.waiting import wait_for

KINDS = ("running", "waiting", "history_total")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program as it is started without any setting, for all that need no other."""
    with running(tmp_path_factory.mktemp("home") / "var") as program:
        yield program


def test_what_may_not_enter_is_refused_in_the_browser_and_stays_in_the_form(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, page: Page, program: Program
) -> None:
    hub.add("acme/gated", tiny_model, gated=True)
    hub.add("acme/pickled", pickle_only(tmp_path / "pickled"))
    sentences = {
        "not a model id": "That is not a model id",
        "acme/nowhere": FailureCode.NOT_FOUND.sentence,
        "acme/gated": FailureCode.GATED.sentence,
        "acme/pickled": FailureCode.NO_SAFETENSORS.sentence,
    }
    before = program.get("/v1/queue")
    for model_id, sentence in sentences.items():
        assert sentence in refusal(page, program, model_id)
        expect(page.get_by_label("Model", exact=True)).to_have_value(model_id)
    assert "rehearsal edition" in refusal(page, program, "scripted/rules", "Full")
    after = program.get("/v1/queue")
    assert [after[kind] for kind in KINDS] == [before[kind] for kind in KINDS]


def test_a_model_without_a_chat_template_is_asked_in_plain_text(
    hub: LoopbackHub, tiny_model_without_template: Path, page: Page, program: Program
) -> None:
    hub.add("acme/base", tiny_model_without_template)
    ended = wait_until_ended(program, submit(page, program, "acme/base"))
    assert ended["status"] == "finished"
    assert '"template":"plain"' in (program.home / "ledger.jsonl").read_text(encoding="utf-8")


def test_a_template_that_raises_fails_with_its_code_and_shows_no_prompt(
    hub: LoopbackHub, tmp_path: Path, page: Page, program: Program
) -> None:
    hub.add("acme/hostile", tiny_llama(tmp_path / "hostile", chat_template=ChatTemplate.HOSTILE))
    submission_id = submit(page, program, "acme/hostile")
    ended = wait_until_ended(program, submission_id)
    assert ended["status"] == "failed"
    page.goto(f"{program.address}/submission?id={submission_id}")
    expect(page.get_by_text(FailureCode.TEMPLATE_ERROR.sentence).first).to_be_visible()
    assert "Is water wet" not in page.content()
    for kept in (program.home / "runs" / submission_id / "model.log", program.home.with_suffix(".log")):
        assert "Is water wet" not in kept.read_text(encoding="utf-8")


def test_an_endpoint_that_is_down_ends_in_a_visible_failure(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, page: Page
) -> None:
    hub.add("acme/tiny", tiny_model)
    with running(tmp_path / "var", CLUE_ENGINE="endpoint", CLUE_ENDPOINT_URL="http://127.0.0.1:9") as program:
        ended = wait_until_ended(program, submit(page, program, "acme/tiny"))
    assert ended["status"] == "failed"
    assert ended["failure"]["code"] == FailureCode.ENDPOINT_ERROR  # type: ignore[index]
    assert ended["attempt"] == 5


@pytest.mark.parametrize("content", [b"<!doctype html><title>MeQSum</title>", b""], ids=["web page", "empty"])
def test_a_broken_data_file_pauses_the_queue_and_uses_up_no_attempt(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, page: Page, content: bytes
) -> None:
    hub.add("acme/tiny", tiny_model)
    data = tmp_path / "data"
    data.mkdir()
    (data / "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx").write_bytes(content)
    with running(tmp_path / "var", CLUE_DATA=str(data)) as program:
        submission_id = submit(page, program, "acme/tiny", "Full")
        wait_for(lambda: program.get("/v1/queue")["worker"]["paused"])
        page.goto(f"{program.address}/queue")
        expect(page.get_by_text("is not the published one").first).to_be_visible()
        waiting = program.submission(submission_id)
    assert (waiting["status"], waiting["attempt"]) == ("queued", 0)
    assert str(data) not in str(waiting)


def test_a_hub_that_is_down_keeps_the_submission_until_it_answers(
    hub: LoopbackHub, tiny_model: Path, page: Page, program: Program
) -> None:
    hub.add("acme/tiny", tiny_model)
    hub.down = True
    submission_id = submit(page, program, "acme/tiny")
    assert program.submission(submission_id)["status"] == "received"
    hub.down = False
    assert wait_until_ended(program, submission_id)["status"] == "finished"
