"""Models make way for others on a disk that is really small, and a full one damages nothing."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from backend.domain import Model
from backend.errors import DiskFull
from backend.hub import download, fetch
from backend.hub.room import make_room
from backend.settings import Settings
from tests.loopback.hub import LoopbackHub
from tests.small_disk import fill, small_disk
from tests.waiting import wait_for

pytestmark = pytest.mark.small_disk
MEGABYTES = 4  # room for five tiny models


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", MEGABYTES) as folder:
        yield folder


def publish(hub: LoopbackHub, folder: Path, *names: str) -> list[Model]:
    return [Model(hub_id=name, revision=hub.add(name, folder)) for name in names]


def kept(cache: Path) -> set[str]:
    return {path.name.removeprefix("models--acme--") for path in cache.glob("models--*")}


def test_the_model_least_recently_used_makes_way(hub: LoopbackHub, tiny_model: Path, disk: Path) -> None:
    first, second, third, fourth = publish(hub, tiny_model, "acme/a", "acme/b", "acme/c", "acme/d")
    for model in (first, second, third, first):
        download(model, disk, max_gb=1)
    folder = download(fourth, disk, max_gb=1, min_free_gb=1.5e-3)
    assert kept(disk) == {"a", "c", "d"}
    assert (folder / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()


def test_nothing_is_removed_where_there_is_room(hub: LoopbackHub, tiny_model: Path, disk: Path) -> None:
    for model in publish(hub, tiny_model, "acme/a", "acme/b"):
        download(model, disk, max_gb=1, min_free_gb=1e-3)
    assert kept(disk) == {"a", "b"}


def test_what_is_half_there_makes_way_before_any_whole_model(hub: LoopbackHub, tiny_model: Path, disk: Path) -> None:
    whole, wanted = publish(hub, tiny_model, "acme/whole", "acme/wanted")
    download(whole, disk, max_gb=1)
    torn = disk / "models--acme--torn" / "blobs"
    torn.mkdir(parents=True)
    (torn / "abc.123.incomplete").write_bytes(bytes(1_500_000))
    download(wanted, disk, max_gb=1, min_free_gb=1.5e-3)
    assert kept(disk) == {"whole", "wanted"}


def test_a_disk_that_stays_too_small_is_the_operators_to_mend(hub: LoopbackHub, tiny_model: Path, disk: Path) -> None:
    first, second = publish(hub, tiny_model, "acme/a", "acme/b")
    download(first, disk, max_gb=1)
    with pytest.raises(DiskFull, match="CLUE_MIN_FREE_GB") as caught:
        download(second, disk, max_gb=1, min_free_gb=1)
    assert str(disk) in str(caught.value) and "disk is full" in caught.value.public
    assert str(disk) not in caught.value.public
    assert download(second, disk, max_gb=1).is_dir()


def test_a_model_that_is_here_needs_no_room_and_never_makes_way_for_itself(
    hub: LoopbackHub, tiny_model: Path, disk: Path
) -> None:
    (model,) = publish(hub, tiny_model, "acme/a")
    download(model, disk, max_gb=1)
    assert download(model, disk, max_gb=1, min_free_gb=1).is_dir()
    with pytest.raises(DiskFull):
        make_room(disk, 1, disk / "models--acme--a", min_free=1e9)
    assert kept(disk) == {"a"}


def test_copies_that_share_a_commit_make_way_one_by_one(hub: LoopbackHub, tiny_model: Path, disk: Path) -> None:
    first, second, wanted = publish(hub, tiny_model, "acme/a", "acme/b", "acme/c")
    for model in (first, second):
        download(model, disk, max_gb=1)
    same = "f" * 40
    for model in (first, second):
        snapshots = disk / f"models--{model.hub_id.replace('/', '--')}" / "snapshots"
        (snapshots / model.revision).rename(snapshots / same)
    download(wanted, disk, max_gb=1, min_free_gb=2.2e-3)
    assert kept(disk) == {"b", "c"}


def test_a_disk_that_fills_up_in_mid_transfer_damages_nothing_and_the_transfer_goes_on_after_room_is_made(
    hub: LoopbackHub, tiny_model: Path, disk: Path
) -> None:
    (model,) = publish(hub, tiny_model, "acme/a")
    settings = Settings(home=disk, min_free_gb=0)
    hub.chunk_delay = 0.3
    blobs = disk / "models" / "models--acme--a" / "blobs"
    fillers: list[Path] = []

    def fill_when_begun() -> None:
        wait_for(lambda: list(blobs.glob("*.incomplete")))
        fillers.append(fill(disk, leave=100_000))

    filling = Thread(target=fill_when_begun)
    filling.start()
    with pytest.raises(DiskFull) as caught:
        fetch(model, settings, Event(), lambda done, total: None)
    filling.join()
    assert "disk is full" in caught.value.public and not list(blobs.glob("*.incomplete"))
    fillers[0].unlink()
    hub.chunk_delay = 0
    folder = fetch(model, settings, Event(), lambda done, total: None)
    assert (folder / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()
