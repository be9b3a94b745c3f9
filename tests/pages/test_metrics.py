"""What Prometheus and a container's health check are told, and what they are not."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from backend.domain import Edition
from backend.errors import FailureCode
from backend.submission import Pulse, Spent, Status
from frontend_config.health import health_payload
from frontend_config.metrics import RequestCount, instruments
from frontend_config.vitals import Vitals

from . import records
from .conftest import Site
from .serving import Shelf

Values = dict[str, dict[tuple[str, ...], float]]
SEEN = Pulse(seen_at=datetime.now(UTC), silent_seconds=3)


def values(text: str) -> Values:
    """Each sample by its name and its labels' values, in the order of the labels' names."""
    found: Values = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def scraped(shelf: Shelf, vitals: Vitals | None = None) -> Values:
    desk = replace(shelf.desk(), vitals=lambda: vitals or Vitals())
    return values(generate_latest(instruments(desk)).decode())


def test_the_queue_is_counted_by_status_and_failures_by_code() -> None:
    found = scraped(Shelf())
    assert found["clue_submissions"] == {
        ("received",): 1, ("queued",): 2, ("running",): 1, ("scoring",): 0, ("finished",): 2, ("failed",): 3,
        ("cancelled",): 1, ("withdrawn",): 1,
    }  # fmt: skip
    assert {code for (code,) in found["clue_failed"]} == set(FailureCode)
    failed = {code: n for (code,), n in found["clue_failed"].items() if n}
    assert failed == {"generation_timeout": 1, "out_of_memory": 1, "template_error": 1}
    assert found["clue_queue_length"] == {(): 3}
    oldest = (datetime.now(UTC) - records.submission(7, "x", Status.QUEUED, 9).created_at).total_seconds()
    assert found["clue_oldest_waiting_seconds"][()] == pytest.approx(oldest, abs=30)


def test_an_empty_queue_has_nobody_waiting() -> None:
    found = scraped(Shelf(submissions=()))
    assert found["clue_queue_length"] == found["clue_oldest_waiting_seconds"] == {(): 0}
    assert sum(found["clue_submissions"].values()) == 0


def test_the_worker_is_silent_for_so_long_or_for_ever() -> None:
    assert scraped(Shelf(pulse=SEEN))["clue_worker_silent_seconds"] == {(): 3}
    unseen = scraped(Shelf(pulse=Pulse(seen_at=None, paused="The disk is full.")))
    assert unseen["clue_worker_silent_seconds"] == {(): float("inf")}
    assert unseen["clue_paused"] == {(): 1} and scraped(Shelf())["clue_paused"] == {(): 0}


def test_ledger_disk_and_times_are_the_vitals() -> None:
    def spent(task: str, items: int, seconds: float) -> Spent:
        return Spent(task=task, items=items, seconds=seconds, engine="transformers", edition=Edition.FULL, params=None)

    times = [spent("meqsum", 10, 4.5), spent("meqsum", 20, 5.5), spent("mednli", 7, 1.0)]
    found = scraped(Shelf(), Vitals(ledger_lines=12, ledger_fault=None, free_bytes=9_000, spent=lambda: times))
    assert found["clue_ledger_lines"] == {(): 12} and found["clue_ledger_ok"] == {(): 1}
    assert found["clue_disk_free_bytes"] == {(): 9_000}
    assert found["clue_task_seconds_sum"] == {("full", "meqsum"): 10, ("full", "mednli"): 1}
    assert found["clue_task_seconds_count"] == {("full", "meqsum"): 2, ("full", "mednli"): 1}
    assert found["clue_task_items_total"] == {("full", "meqsum"): 30, ("full", "mednli"): 7}
    assert scraped(Shelf(), Vitals(ledger_fault="line 3: it is not so"))["clue_ledger_ok"] == {(): 0}


def test_no_label_is_made_of_what_people_typed(site: Site) -> None:
    text = httpx.get(f"{site.address}/metrics").text
    for private in ("hunter2", "secret.example", "j.doe", "<i>", "quill", "ward/", "s0004"):
        assert private not in text


def test_the_page_tells_its_instruments_and_counts_its_answers(site: Site) -> None:
    first = httpx.get(f"{site.address}/metrics")
    assert first.headers["content-type"].startswith("text/plain; version=")
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    httpx.get(f"{site.address}/v1/submissions/none")
    before, after = values(first.text), values(httpx.get(f"{site.address}/metrics").text)
    assert after["clue_answers_total"][("4xx",)] == before["clue_answers_total"].get(("4xx",), 0) + 1
    assert after["clue_build_info"] and after["process_resident_memory_bytes"][()] > 1_000_000
    assert httpx.post(f"{site.address}/metrics").status_code == 405


def test_the_operators_guide_names_metrics_that_exist() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    desk = replace(Shelf().desk(), vitals=lambda: Vitals(free_bytes=1))
    registry = instruments(desk)
    RequestCount(lambda scope, receive, send: None, registry=registry)  # type: ignore[arg-type, return-value]
    known = {family.name for family in registry.collect()}
    named = {name.removesuffix("_total") for name in re.findall(r"`(clue_\w+)", guide)}
    assert len(named) >= 12 and named <= known


def health(pulse: Pulse, vitals: Vitals | None = None) -> dict[str, Any]:
    told = health_payload(pulse, vitals or Vitals())
    assert json.loads(json.dumps(told)) == told
    return told


def test_health_says_which_of_worker_and_ledger_is_not_well() -> None:
    assert health(SEEN)["status"] == "ok" and "reason" not in health(SEEN)
    broken = Vitals(ledger_lines=3, ledger_fault="ledger.jsonl line 2: it is not so.")
    told = health(SEEN, broken)
    assert (told["status"], told["reason"], told["ledger"]["ok"]) == ("degraded", broken.ledger_fault, False)
    both = health(Pulse(seen_at=None), broken)["reason"]
    assert "line 2" in both and "never been seen" in both


def test_a_pause_is_told_and_is_no_alarm() -> None:
    paused = replace(SEEN, paused="The disk is full.")
    assert health(paused)["status"] == "paused" and health(paused)["reason"] == "The disk is full."
    assert health(replace(paused, silent_seconds=121))["status"] == "degraded"


def test_a_pause_answers_200_and_a_silent_worker_503(site: Site) -> None:
    site.shelf.pulse = replace(SEEN, paused="The disk is full.")
    assert httpx.get(f"{site.address}/v1/health").status_code == 200
    site.shelf.pulse = replace(SEEN, silent_seconds=120.5)
    assert httpx.get(f"{site.address}/v1/health").status_code == 503
