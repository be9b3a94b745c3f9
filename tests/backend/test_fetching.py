"""A download in a process of its own: seen, halted, killed, stalled, and gone on with, over a real socket."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from backend.domain import Model
from backend.errors import (
    ClueError,
    DiskFull,
    FailureCode,
    Halted,
    HubSilent,
    ModelFault,
    PassingFault,
)
from backend.hub import fetch
from backend.hub.fetching import fault_of, fault_record
from backend.isolation import PROJECT
from backend.settings import Settings
from tests.backend.asking import changed
from tests.loopback.hub import LoopbackHub
from tests.waiting import wait_for

SMALL_FILES = 5  # all but the weights
SLOW = 0.3  # seconds for each 64 KiB
MODULE = "backend.hub.fetching_child"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everybody's, on a disk that need not have room to spare."""
    return changed(settings, min_free_gb=0)


@pytest.fixture
def pinned(hub: LoopbackHub, tiny_model: Path) -> Model:
    """A model on the Hub."""
    return Model(hub_id="acme/tiny", revision=hub.add("acme/tiny", tiny_model))


def ignore(done: int, total: int) -> None:
    """Nobody looks."""


def left_behind(settings: Settings) -> list[Path]:
    return list((settings.home / "models").glob("models--*/blobs/*.incomplete"))


def downloaders(family: psutil.Process | None = None) -> list[psutil.Process]:
    """Downloading processes below one, this one by default."""
    below = (family or psutil.Process()).children(recursive=True)
    return [one for one in below if one.status() != psutil.STATUS_ZOMBIE and MODULE in one.cmdline()]


def asked_bytes(hub: LoopbackHub, name: str) -> int:
    return len([one for one in hub.requests if one.startswith("GET") and one.endswith(name)])


@contextmanager
def when_it_runs(hub: LoopbackHub, settings: Settings, then: Event) -> Iterator[None]:
    """The event is set once the smaller files are whole and the weights have begun to come."""

    def watch() -> None:
        blobs = settings.home / "models" / "models--acme--tiny" / "blobs"
        wait_for(lambda: len([path for path in blobs.glob("*") if path.suffix != ".incomplete"]) == SMALL_FILES)
        wait_for(lambda: left_behind(settings))
        then.set()

    hub.chunk_delay = SLOW
    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    yield
    watcher.join(60)
    hub.chunk_delay = 0


def test_what_is_fetched_is_what_the_repository_has_and_progress_is_told(
    hub: LoopbackHub, pinned: Model, tiny_model: Path, settings: Settings
) -> None:
    hub.chunk_delay = SLOW
    told: list[tuple[int, int]] = []
    folder = fetch(pinned, settings, Event(), lambda done, total: told.append((done, total)))
    assert folder.is_relative_to(settings.home / "models") and folder.name == pinned.revision
    for path in folder.iterdir():
        assert path.read_bytes() == (tiny_model / path.name).read_bytes()
    total = sum(path.stat().st_size for path in folder.iterdir())
    assert {one for _, one in told} == {total} and len({done for done, _ in told}) > 1
    assert all(0 <= done <= total for done, _ in told) and told == sorted(told)
    assert not downloaders() and not left_behind(settings)


def test_a_halt_ends_the_transfer_at_once_and_the_next_one_goes_on_with_what_is_there(
    hub: LoopbackHub, pinned: Model, settings: Settings
) -> None:
    halt = Event()
    with when_it_runs(hub, settings, halt), pytest.raises(Halted):
        fetch(pinned, settings, halt, ignore)
    assert not downloaders()
    hub.requests.clear()
    folder = fetch(pinned, settings, Event(), ignore)
    assert (folder / "model.safetensors").is_file() and not left_behind(settings)
    assert asked_bytes(hub, "model.safetensors") == 1 and asked_bytes(hub, "config.json") == 0


def test_whoever_watches_may_stop_it(hub: LoopbackHub, pinned: Model, settings: Settings) -> None:
    def refuse(done: int, total: int) -> None:
        raise Halted("The evaluation was told to stop.")

    hub.chunk_delay = SLOW
    with pytest.raises(Halted):
        fetch(pinned, settings, Event(), refuse)
    assert not downloaders()


def test_a_killed_transfer_is_nobodys_fault_and_the_next_one_is_whole(
    hub: LoopbackHub, pinned: Model, tiny_model: Path, settings: Settings
) -> None:
    ready = Event()

    def kill() -> None:
        ready.wait(60)
        for process in downloaders():
            process.kill()

    killer = Thread(target=kill, daemon=True)
    killer.start()
    with when_it_runs(hub, settings, ready), pytest.raises(PassingFault) as caught:
        fetch(pinned, settings, Event(), ignore)
    assert caught.value.code is FailureCode.DOWNLOAD_ERROR and left_behind(settings)
    folder = fetch(pinned, settings, Event(), ignore)
    assert (folder / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()
    assert not left_behind(settings)


def test_a_transfer_ends_with_the_process_that_asked_for_it(
    hub: LoopbackHub, pinned: Model, settings: Settings
) -> None:
    code = f"""
from pathlib import Path
from threading import Event
from backend.domain import Model
from backend.hub import fetch
from backend.settings import Settings
model = Model(hub_id={pinned.hub_id!r}, revision={pinned.revision!r})
fetch(model, Settings(home=Path({str(settings.home)!r}), min_free_gb=0), Event(), lambda done, total: None)
"""
    ready = Event()
    with when_it_runs(hub, settings, ready):
        parent = psutil.Popen([sys.executable, "-c", code], cwd=PROJECT)
        ready.wait(60)
        (child,) = downloaders(parent)
        scratch = Path(child.cwd())
        parent.kill()
        parent.wait()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    wait_for(lambda: not scratch.exists())
    fetch(pinned, settings, Event(), ignore)
    assert not left_behind(settings)


def test_a_transfer_that_brings_next_to_nothing_is_given_up(
    hub: LoopbackHub, pinned: Model, settings: Settings
) -> None:
    hub.chunk_delay = 3
    with pytest.raises(PassingFault, match="next to nothing") as caught:
        fetch(pinned, settings, Event(), ignore, stalled_seconds=0.1)
    assert caught.value.code is FailureCode.DOWNLOAD_ERROR and not downloaders()


def test_faults_of_the_download_arrive_as_they_were(hub: LoopbackHub, pinned: Model, settings: Settings) -> None:
    hub.ailing["acme/tiny"], hub.retry_after = 429, 44
    with pytest.raises(PassingFault) as passing:
        fetch(pinned, settings, Event(), ignore)
    assert passing.value.retry_after == 44
    hub.clear()
    with pytest.raises(ModelFault) as gone:
        fetch(pinned, settings, Event(), ignore)
    assert gone.value.code is FailureCode.NOT_FOUND
    hub.down = True
    with pytest.raises(HubSilent):
        fetch(pinned, settings, Event(), ignore)


@pytest.mark.parametrize(
    "fault",
    [
        ModelFault(FailureCode.GATED),
        ModelFault(FailureCode.TOO_LARGE, "All files are 9 GB."),
        PassingFault(FailureCode.DOWNLOAD_ERROR, "It broke.", retry_after=7),
        HubSilent(),
        HubSilent("(http://127.0.0.1)"),
        DiskFull("/home lacks 3 GB."),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_is_the_same_beyond_its_record(fault: ClueError) -> None:
    again = fault_of(fault_record(fault))
    assert type(again) is type(fault) and str(again) == str(fault)
    for name in ("code", "retry_after", "public"):
        assert getattr(again, name, None) == getattr(fault, name, None)


def test_the_transfer_runs_in_our_own_environment_and_its_log_is_ours_alone(
    hub: LoopbackHub, pinned: Model, settings: Settings
) -> None:
    fetch(pinned, settings, Event(), ignore)
    log = settings.home / "logs" / "download.log"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_cache_that_was_thrown_away_is_filled_anew(hub: LoopbackHub, pinned: Model, settings: Settings) -> None:
    fetch(pinned, settings, Event(), ignore)
    shutil.rmtree(settings.home / "models")
    assert (fetch(pinned, settings, Event(), ignore) / "model.safetensors").is_file()


def test_importing_it_loads_no_model_library() -> None:
    code = f"import sys, {MODULE}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0
