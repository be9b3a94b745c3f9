"""From a machine with a network to one without: what is carried, received, submitted, evaluated, and shown."""

import json
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backend.metrics.bertscore import CLINICALBERT, SCIBERT
from tests.commands import CommandLine
from tests.journeys.program import command_line, free_port
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import tiny_bert
from tests.no_network import Cell, no_network
from tests.waiting import wait_for

MODEL = "acme/tiny-clinical"
GET = """
from urllib.request import ProxyHandler, build_opener
print(build_opener(ProxyHandler({{}})).open({address!r}, timeout=20).read().decode())
"""
BOARD = "/v1/leaderboard.json?provenance=measured&edition=rehearsal"
ANSWER_SECONDS = 240


def get(cell: Cell, port: str, path: str) -> str:
    return cell.run(GET.format(address=f"http://127.0.0.1:{port}{path}"))


def carried(hub: LoopbackHub, tiny_model: Path, scratch: Path, crate: Path) -> str:
    """A crate with a model and an encoder, packed where the Hub is; the commit of the model."""
    sha = hub.add(MODEL, tiny_model, licence="mit")
    encoder = tiny_bert(
        scratch / "bert", layers=SCIBERT.layer, hidden=SCIBERT.hidden_size, inner=16, vocabulary=SCIBERT.vocab_size
    )
    hub.add(SCIBERT.hub_id, encoder)
    done = command_line(scratch / "connected").run("carry", str(crate), f"{MODEL}@main", "--no-data")
    assert sha in done.stdout, done.stderr
    assert done.returncode == 1 and f"Not packed: {CLINICALBERT.hub_id}" in done.stderr
    return sha


def test_a_model_that_was_carried_is_evaluated_and_shown_where_there_is_no_network(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path
) -> None:
    sha = carried(hub, tiny_model, tmp_path, tmp_path / "crate")
    asked_so_far = len(hub.requests)
    with no_network(tmp_path / "cell") as cell:
        port = str(free_port())
        usual = command_line(tmp_path / "home", CLUE_PORT=port, HF_HUB_OFFLINE="1", **cell.environment)
        outside = {"HF_ENDPOINT": "https://huggingface.co", "HF_HOME": str(tmp_path / "nothing")}
        cli = CommandLine(home=usual.home, settings={**usual.settings, **outside}, prefix=cell.prefix)
        received = cli.run("receive", str(tmp_path / "crate"))
        assert received.returncode == 0, received.stderr
        assert "MIMIC" in received.stdout and "UMLS F1" in received.stdout
        with cli.running():
            wait_for(partial(_answers, cell, port), 60)
            receipt = cli.json("submit", MODEL, "--edition", "rehearsal")
            assert receipt["revision"] == sha
            ended = wait_for(partial(_ended, cell, port, receipt["id"]), ANSWER_SECONDS)
            assert ended["status"] == "finished", ended
            wait_for(lambda: MODEL in get(cell, port, BOARD))
            assert all("<html" in get(cell, port, path).lower() for path in ("/", "/submit"))
        published = (cli.home / "ledger.jsonl").read_text().splitlines()[-1]
        assert _bertscores(json.loads(published)) and None not in _bertscores(json.loads(published))
        assert cli.run("data", "status").returncode == 0
        absent = cli.run("submit", "acme/absent", "--edition", "rehearsal")
        assert absent.returncode == 2 and "app.py carry FOLDER acme/absent" in absent.stderr
        assert cell.tried_to_leave() == []
        with pytest.raises(subprocess.CalledProcessError):
            cell.run("import socket; socket.create_connection(('192.0.2.1', 443), 5)")
        assert "192.0.2.1" in " ".join(cell.tried_to_leave())  # whoever tries is seen
    assert hub.requests[asked_so_far:] == []


def _answers(cell: Cell, port: str) -> bool:
    try:
        return bool(get(cell, port, "/v1/health"))
    except subprocess.CalledProcessError:
        return False


def _ended(cell: Cell, port: str, submission_id: str) -> dict[str, Any] | None:
    time.sleep(1)
    found: dict[str, Any] = json.loads(get(cell, port, f"/v1/submissions/{submission_id}"))
    return found if found["status"] in {"finished", "failed"} else None


def _bertscores(published: Any) -> list[float | None]:
    """What was measured with the encoder that was brought."""
    if isinstance(published, list):
        return [value for each in published for value in _bertscores(each)]
    if not isinstance(published, dict):
        return []
    if published.get("metric") == "bertscore_f1":
        return [published["value"]]
    return _bertscores(list(published.values()))
