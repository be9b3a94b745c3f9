"""The real MeQSum file from end to end, and the published scores, as a visitor and an operator meet them."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from rouge_score.rouge_scorer import RougeScorer
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from backend.datasets.catalog import locate
from backend.datasets.meqsum import MEQSUM
from tests.journeys.conftest import submit, wait_until_ended
from tests.journeys.program import command_line, evaluation, running
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import tiny_llama
from tests.loopback.serving import serve
from tests.waiting import wait_for
from tests.workbooks import MeqsumData

ROUGE = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}


@pytest.mark.timeout(900)
def test_the_real_file_gives_997_scored_examples_whose_rouge_anyone_can_recompute(
    meqsum_data: MeqsumData, tmp_path: Path
) -> None:
    folder, genuine = meqsum_data
    model = tiny_llama(tmp_path / "tiny", layers=1, hidden=32)
    out = tmp_path / "out"
    words = (str(model), "--engine", "transformers", "--tasks", "meqsum", "--out", str(out))
    cli = command_line(tmp_path / "var", CLUE_DATA=str(folder))
    if not genuine:
        refused = cli.run("evaluate", *words)
        assert refused.returncode == 1
        assert "is not the published file" in refused.stderr
        return
    run = evaluation(cli, *words)["tasks"]["meqsum"]
    lines = [json.loads(line) for line in (out / "meqsum.jsonl").read_text(encoding="utf-8").splitlines()]
    assert run["n"] == len(lines) == len({line["example_id"] for line in lines}) == 997
    scorer = RougeScorer(list(ROUGE.values()), use_stemmer=False)
    judged = [scorer.score(line["reference"], line["answer"]) for line in lines]
    for ours, theirs in ROUGE.items():
        mean = 100 * sum(each[theirs].fmeasure for each in judged) / len(judged)
        assert run["scores"][ours]["value"] == pytest.approx(mean, abs=1e-9)
    assert run["scores"]["bertscore_f1"]["value"] is None
    assert "CLUE_SCIBERT" in run["scores"]["bertscore_f1"]["missing"]


@pytest.mark.timeout(900)
def test_a_fresh_install_fetches_the_open_data_and_puts_the_model_on_the_main_board(
    hub: LoopbackHub, meqsum_data: MeqsumData, tmp_path: Path, page: Page
) -> None:
    hub.add("acme/tiny", tiny_llama(tmp_path / "tiny", layers=1, hidden=32))
    source = Starlette(routes=[Mount("/", StaticFiles(directory=locate(MEQSUM, meqsum_data.folder).parent))])
    with serve(source) as mirror, running(tmp_path / "var", CLUE_MIRROR=mirror) as program:
        submission_id = submit(page, program, "acme/tiny", "Full")
        if not meqsum_data.genuine:
            wait_for(lambda: program.get("/v1/queue")["worker"]["paused"])
            assert program.submission(submission_id)["status"] == "queued"
            return
        assert wait_until_ended(program, submission_id)["status"] == "finished"
        page.goto(program.address)
        expect(page.get_by_role("button", name="Measured")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("tbody tr")).to_contain_text("acme/tiny")
        board = program.get("/v1/leaderboard.json?provenance=measured&edition=full")
    columns = {column["name"]: column for column in board["columns"]}
    assert columns["meqsum.rouge_l"]["n"] == [997]
    assert columns["mednli"]["values"] == [None]
    assert "mli_test_v1.jsonl is not installed" in columns["mednli"]["missing"]["0"]


def test_the_first_visit_shows_the_published_scores_with_dashes_where_nothing_was_published(
    tmp_path: Path, page: Page
) -> None:
    with running(tmp_path / "var") as program:
        page.goto(program.address)
        first = page.locator("tbody tr").first
        expect(first).to_contain_text("Meta-Llama-3-70B-Instruct")
        expect(first).to_contain_text("52.36")
        expect(first).to_contain_text("56.00")
        board = program.get("/v1/leaderboard.json?provenance=published&edition=full")
    assert board["rows"] == 25
    columns = {column["name"]: column for column in board["columns"]}
    assert columns["level_2"]["values"].count(None) == 7
    assert set(columns["longhealth.task1_accuracy"]["missing"].values()) == {"It was not published."}
