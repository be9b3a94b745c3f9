"""The real MeQSum file from end to end, and the published scores, as a visitor and an operator meet them."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from rouge_score.rouge_scorer import RougeScorer

from tests.journeys.program import command, environment_of, evaluation, running
from tests.loopback.models import tiny_llama
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
    environment = environment_of(tmp_path / "var", CLUE_DATA=str(folder), CLUE_BATCH_SIZE="64")
    if not genuine:
        refused = command(environment, "evaluate", *words)
        assert refused.returncode == 1
        assert "is not the published file" in refused.stderr
        return
    run = evaluation(environment, *words)["tasks"]["meqsum"]
    lines = [json.loads(line) for line in (out / "meqsum.jsonl").read_text(encoding="utf-8").splitlines()]
    assert run["n"] == len(lines) == len({line["example_id"] for line in lines}) == 997
    scorer = RougeScorer(list(ROUGE.values()), use_stemmer=False)
    judged = [scorer.score(line["reference"], line["answer"]) for line in lines]
    for ours, theirs in ROUGE.items():
        mean = 100 * sum(each[theirs].fmeasure for each in judged) / len(judged)
        assert run["scores"][ours]["value"] == pytest.approx(mean, abs=1e-9)
    assert run["scores"]["bertscore_f1"]["value"] is None
    assert "CLUE_SCIBERT" in run["scores"]["bertscore_f1"]["missing"]


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
