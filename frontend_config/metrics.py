"""The instruments that Prometheus reads, made from the stores whenever it asks."""

import math
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend import __version__
from backend.domain import PROTOCOL
from backend.errors import FailureCode
from backend.submission import Spent, Status
from frontend_config.desk import Desk
from frontend_config.submission_payload import WAITING

PATH = "/metrics"


class Instruments(Collector):
    """Reads the desk at each scrape. No label is made of what people type: statuses, codes, tasks, editions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def describe(self) -> list[Metric]:
        """Nothing, so that registering reads no store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every family with its values now."""
        yield InfoMetricFamily("clue_build", "This program.", {"version": __version__, "protocol": PROTOCOL})
        yield from self._of_the_queue()
        yield from self._of_the_worker()
        yield from self._of_the_rest()

    def _of_the_queue(self) -> Iterator[Metric]:
        found = self._desk.submissions()
        statuses = Tally(each.status for each in found)
        submissions = GaugeMetricFamily("clue_submissions", "Submissions by status.", labels=["status"])
        for status in Status:
            submissions.add_metric([status], statuses[status])
        yield submissions
        codes = Tally(each.failure_code for each in found if each.status is Status.FAILED)
        failures = GaugeMetricFamily("clue_failed", "Failed submissions by failure code.", labels=["code"])
        for code in FailureCode:
            failures.add_metric([code], codes[code])
        yield failures
        waiting = [each.created_at for each in found if each.status in WAITING]
        oldest = (datetime.now(UTC) - min(waiting)).total_seconds() if waiting else 0.0
        yield GaugeMetricFamily("clue_queue_length", "Submissions that wait.", value=len(waiting))
        yield GaugeMetricFamily(
            "clue_oldest_waiting_seconds", "Age of the oldest submission that waits.", value=max(0.0, oldest)
        )

    def _of_the_worker(self) -> Iterator[Metric]:
        pulse = self._desk.pulse()
        silent = math.inf if pulse.silent_seconds is None else pulse.silent_seconds
        yield GaugeMetricFamily(
            "clue_worker_silent_seconds",
            "Since a worker was last seen; +Inf: never, or before a restart.",
            value=silent,
        )
        yield GaugeMetricFamily("clue_paused", "1 while the queue is paused.", value=int(pulse.reason is not None))

    def _of_the_rest(self) -> Iterator[Metric]:
        vitals = self._desk.vitals()
        yield GaugeMetricFamily("clue_ledger_lines", "Lines of the ledger on the board.", value=vitals.ledger_lines)
        yield GaugeMetricFamily("clue_ledger_ok", "0 when it does not verify.", value=int(vitals.ledger_fault is None))
        if vitals.free_bytes is not None:
            yield GaugeMetricFamily("clue_disk_free_bytes", "Free on the home's disk.", value=vitals.free_bytes)
        labels = ["task", "edition"]
        seconds = SummaryMetricFamily("clue_task_seconds", "What a task of an evaluation took.", labels=labels)
        items = CounterMetricFamily("clue_task_items", "Items answered in those seconds.", labels=labels)
        took: dict[tuple[str, str], list[Spent]] = defaultdict(list)
        for spent in vitals.spent():
            took[spent.task, spent.edition].append(spent)
        for key, each in sorted(took.items()):
            seconds.add_metric(list(key), len(each), sum(spent.seconds for spent in each))
            items.add_metric(list(key), sum(spent.items for spent in each))
        yield from (seconds, items)


class RequestCount:
    """ASGI middleware that counts answers by the first digit of their status."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry) -> None:
        self.app = app
        self._answers = Counter("clue_answers", "Answers to requests.", ["status"], registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answers.labels(f"{message['status'] // 100}xx").inc()
            await send(message)

        await self.app(scope, receive, counted if scope["type"] == "http" else send)


def instruments(desk: Desk) -> CollectorRegistry:
    """Everything that is measured of this desk and this process."""
    registry = CollectorRegistry()
    registry.register(Instruments(desk))
    ProcessCollector(registry=registry)
    return registry


def metrics_router(registry: CollectorRegistry) -> APIRouter:
    """The page under /metrics."""
    router = APIRouter()

    @router.get(PATH)
    def metrics() -> Response:
        """Every instrument in Prometheus' text form."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
