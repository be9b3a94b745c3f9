"""A desk of literal records, and the site over it on a real server."""

import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from socket import socket

import httpx
from fastapi import FastAPI
from uvicorn.config import LOGGING_CONFIG

from backend.domain import Edition, Model, Provenance, Standing
from backend.errors import Declined, FailureCode
from backend.settings import Settings
from backend.submission import (
    LOCAL_USER,
    Estimate,
    Event,
    Person,
    PublicPerson,
    Pulse,
    Receipt,
    Status,
    Submission,
    SubmissionForm,
)
from frontend_config.desk import Compare, Desk, Ranges, compare_nothing
from storage.score_rows import Publication
from tests.loopback.serving import serve

from . import publications as published
from . import records


@dataclass
class Shelf:
    """What the desk tells, open to change by a test; `taken` is everything that was submitted."""

    measured: tuple[Standing, ...] = records.MEASURED
    published: tuple[Standing, ...] = records.PUBLISHED
    rehearsed: tuple[Standing, ...] = records.REHEARSED
    ranges: Ranges = field(default_factory=dict)
    compare: Compare = compare_nothing
    publications: tuple[Publication, ...] = ()
    submissions: tuple[Submission, ...] = records.SUBMISSIONS
    estimates: dict[str, Estimate] = field(default_factory=lambda: dict(records.ESTIMATES))
    version: str = "1"
    pulse: Pulse = field(default_factory=lambda: Pulse(seen_at=datetime.now(UTC), silent_seconds=0))
    taken: list[tuple[SubmissionForm, str]] = field(default_factory=list)
    met: list[Person] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)

    def standings(self, provenance: Provenance, edition: Edition) -> tuple[Standing, ...]:
        if edition is Edition.REHEARSAL:
            return self.rehearsed if provenance is Provenance.MEASURED else ()
        return self.measured if provenance is Provenance.MEASURED else self.published

    def publication(self, number: int) -> Publication | None:
        return next((one for one in self.publications if one.number == number), None)

    def publications_of(self, hub_id: str) -> list[Publication]:
        found = [one for one in self.publications if one.result.model.hub_id.lower() == hub_id.lower()]
        return sorted(found, key=lambda one: -one.number)

    def submit(self, form: SubmissionForm, submitter: str) -> Receipt:
        if form.model_id == "gated/model":
            raise Declined(FailureCode.GATED.sentence, FailureCode.GATED)
        self.taken.append((form, submitter))
        stored = records.submission(
            77, form.model_id, Status.QUEUED, 0, model=Model(hub_id=form.model_id, revision="main"), submitter=submitter
        )
        return Receipt(submission=stored, position=3, sentence="Queued: two models are evaluated before it.")

    def events(self, submission_id: str) -> list[Event]:
        return records.events(next(each for each in self.submissions if each.id == submission_id))

    def move(self, submission_id: str, actor: str) -> Submission:
        return next(each for each in self.submissions if each.id == submission_id)

    def person(self, subject: str) -> PublicPerson:
        known = {LOCAL_USER, *(each.submitter for each in self.submissions)}
        return PublicPerson(subject, f"key of {subject}", met=subject in known)

    def desk(self) -> Desk:
        return Desk(
            settings=self.settings,
            tasks=records.TASKS,
            standings=self.standings,
            version=lambda: self.version,
            ranges=lambda edition: self.ranges,
            compare=lambda rows, pairs, metrics=True: self.compare(rows, pairs, metrics=metrics),
            publication=self.publication,
            publications=self.publications_of,
            answered=published.answered,
            submissions=lambda: self.submissions,
            waiting=lambda: records.WAITING,
            pulse=lambda: self.pulse,
            events=self.events,
            estimates=lambda submissions, waiting, pulse: self.estimates,
            submit=self.submit,
            meet=lambda person: self.met.append(person),
            cancel=self.move,
            retry=self.move,
            withdraw=lambda submission_id, actor, reason: self.move(submission_id, actor),
            supersede=lambda submission_id, actor, reason: self.move(submission_id, actor),
            people=self.person,
        )


def ask_island(address: str, name: str, function: str, data: object, **headers: str) -> httpx.Response:
    """What a function of the island on the page /`name` answers to a request that was not made by the page.

    Where the page has no such island, the question goes to whatever part comes first.
    """
    found = re.search(r"window\.gradio_config = (.*?);?</script>", httpx.get(f"{address}/{name}").text)
    assert found
    parts = json.loads(found[1])["components"]
    islands = [part["id"] for part in parts if part["props"].get("elem_id") == f"island-{name}"]
    body = {"session_hash": "by-hand", "component_id": [*islands, 1][0], "fn_name": function, "data": data}
    return httpx.post(f"{address}/gradio_api/component_server/", json=body, headers=headers)


def serving(app: FastAPI, listener: socket | None = None) -> AbstractContextManager[str]:
    """The address of a server that runs until the block is left, and tells the test's log of its errors."""
    return serve(
        app, listener, lifespan="auto", timeout_graceful_shutdown=1, log_config=LOGGING_CONFIG, log_level="warning"
    )
