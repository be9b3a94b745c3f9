"""What becomes of a submission whose files do not come: a silent Hub, a full disk, a stop, a kill."""

import signal
from pathlib import Path

import pytest

from backend import hub as hub_module
from backend.domain import Edition, Stage
from backend.settings import Settings
from backend.submission import Status
from eval_queue.verdict import MOST_ATTEMPTS
from eval_queue.worker import Download
from tests.commands import CommandLine
from tests.eval_queue.at_work import gone
from tests.eval_queue.toys import House, toy_engine
from tests.loopback.hub import LoopbackHub
from tests.rehearsals import short_rehearsal
from tests.small_disk import fill, small_disk
from tests.storage.records import wish
from tests.waiting import wait_for

GRACE_SECONDS = 10
SMALL_FILES = 5  # all but the weights
SLOW = 1.0  # seconds for each 64 KiB


def downloads(settings: Settings) -> Download:
    """The real thing, on a disk that need not have room to spare."""
    return lambda model, halt, report: hub_module.fetch(
        model, settings.model_copy(update={"min_free_gb": 0}), halt, report
    )


def submit(house: House, hub: LoopbackHub, folder: Path) -> str:
    sha = hub.add("acme/tiny", folder)
    return house.submissions.add(wish("acme/tiny", revision=sha, edition=Edition.REHEARSAL), most_open=10).id


def test_a_hub_that_is_down_for_hours_uses_up_no_attempt(hub: LoopbackHub, tiny_model: Path, tmp_path: Path) -> None:
    house = House(tmp_path)
    worker = house.worker(toy_engine(needs_files=True), downloads(house.settings))
    submission_id = submit(house, hub, tiny_model)
    hub.down = True
    for _ in range(MOST_ATTEMPTS + 1):
        assert worker.run_next()
        found = house.found(submission_id)
        assert (found.status, found.attempt, found.failure_stage) == (Status.QUEUED, 0, Stage.DOWNLOAD)
        assert "The Hub does not answer" in (house.submissions.pulse().paused or "")
        house.clock.advance(3600)
    hub.down = False
    worker.run_next()
    assert house.found(submission_id).status is Status.FINISHED and house.published() == [submission_id]
    assert house.submissions.pulse().paused is None


def test_a_repository_that_ails_waits_as_long_as_the_hub_asks_and_the_others_go_on(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path
) -> None:
    house = House(tmp_path, retry_seconds=0.001)
    worker = house.worker(toy_engine(needs_files=True), downloads(house.settings))
    submission_id = submit(house, hub, tiny_model)
    hub.ailing["acme/tiny"], hub.retry_after = 429, 600
    worker.run_next()
    found = house.found(submission_id)
    assert (found.status, found.attempt) == (Status.QUEUED, 1) and house.submissions.pulse().paused is None
    house.clock.advance(590)
    assert not worker.run_next(), "it was left alone"
    house.clock.advance(20)
    hub.ailing.clear()
    assert worker.run_next() and house.found(submission_id).status is Status.FINISHED


@pytest.mark.small_disk
def test_a_disk_without_room_pauses_the_queue_and_uses_up_no_attempt(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path
) -> None:
    house = House(tmp_path / "home")
    with small_disk(tmp_path / "disk", 2) as disk:
        settings = house.settings.model_copy(update={"home": disk})
        worker = house.worker(toy_engine(needs_files=True), downloads(settings))
        submission_id = submit(house, hub, tiny_model)
        filler = fill(disk, leave=300_000)
        worker.run_next()
        found = house.found(submission_id)
        assert (found.status, found.attempt) == (Status.QUEUED, 0)
        assert (house.submissions.pulse().paused or "").startswith("This installation's disk is full")
        assert str(disk) not in (found.note or "") + (house.submissions.pulse().paused or "")
        filler.unlink()
        house.clock.advance(3600)
        worker.run_next()
        assert house.found(submission_id).status is Status.FINISHED


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(home=tmp_path, settings={"CLUE_REHEARSAL": str(short_rehearsal()), "CLUE_MIN_FREE_GB": "0"})


def stand(cli: CommandLine) -> dict[str, object]:
    found: dict[str, object]
    (found,) = cli.json("queue", "--json")
    return found


def begin(cli: CommandLine, hub: LoopbackHub, folder: Path) -> None:
    hub.add("acme/tiny", folder)
    cli.json("submit", "acme/tiny", "--edition", "rehearsal")
    hub.chunk_delay = SLOW


def wait_for_the_weights(cli: CommandLine) -> None:
    blobs = cli.home / "models" / "models--acme--tiny" / "blobs"
    wait_for(lambda: len([path for path in blobs.glob("*") if path.suffix != ".incomplete"]) == SMALL_FILES)


def test_a_worker_told_to_stop_does_not_wait_for_a_download(
    cli: CommandLine, hub: LoopbackHub, tiny_model: Path
) -> None:
    begin(cli, hub, tiny_model)
    with cli.running("work") as worker:
        wait_for_the_weights(cli)
        family = worker.children(recursive=True)
        assert any("backend.hub.fetching_child" in one.cmdline() for one in family)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(GRACE_SECONDS) == 0
        assert gone(family)
    found = stand(cli)
    assert (found["status"], found["attempt"]) == ("queued", 0)


def test_a_worker_killed_in_mid_download_takes_it_along_and_the_next_one_goes_on_with_what_is_there(
    cli: CommandLine, hub: LoopbackHub, tiny_model: Path
) -> None:
    begin(cli, hub, tiny_model)
    with cli.running("work") as worker:
        wait_for_the_weights(cli)
        family = worker.children(recursive=True)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    wait_for(lambda: gone(family))
    hub.chunk_delay = 0
    hub.requests.clear()
    with cli.running("work"):
        models = cli.home / "models" / "models--acme--tiny"
        wait_for(lambda: list(models.glob("snapshots/*/model.safetensors")))
    fetched = [request for request in hub.requests if request.startswith("GET") and "/resolve/" in request]
    assert [request for request in fetched if "model.safetensors" in request]
    assert not [request for request in fetched if "config.json" in request]
    assert not list(models.glob("blobs/*.incomplete"))
