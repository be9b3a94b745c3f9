"""A process that takes too much of anything is ended, with a code that says of what, and nothing else is harmed."""

import os
import time
from pathlib import Path

import psutil
import pytest

from backend.errors import FailureCode, ModelCrash, ModelFault
from backend.isolation import Bounds, Isolation, bounds_under
from backend.isolation.bounds import memory_by_default
from backend.isolation.log import BEGINNING, ENDING
from backend.settings import Settings
from tests.backend.isolated import at, family, gone, receive, started

MB = 1_000_000


@pytest.mark.parametrize("level", [Isolation.FULL, Isolation.NONE])
def test_one_that_grabs_ten_gigabytes_is_ended_as_out_of_memory(tmp_path: Path, level: Isolation) -> None:
    with started(tmp_path / "log", bounds=at(level, memory=400 * MB), do="grab", megabytes=10_000) as process:
        there = family(process.pid)
        with pytest.raises(ModelFault, match="more than 0.4 GB") as caught:
            receive(process)
        assert caught.value.code is FailureCode.OUT_OF_MEMORY
    assert gone(there)


def test_the_systems_own_killer_takes_the_model_first(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="grab", megabytes=1) as process:
        receive(process)
        time.sleep(0.6)
        scores = {Path(f"/proc/{one.pid}/oom_score_adj").read_text().strip() for one in family(process.pid)}
    assert scores == {"1000"}


@pytest.mark.parametrize("level", Isolation)
def test_a_fork_bomb_is_ended_and_all_that_it_started_is_gone(tmp_path: Path, level: Isolation) -> None:
    mark = 20 * MB + os.getpid()
    with started(tmp_path / "log", bounds=at(level, processes=40, threads=200, scratch=mark), do="bomb") as process:
        assert receive(process) == {"bomb": True}
        with pytest.raises(ModelCrash, match="more than 40 processes") as caught:
            receive(process)
        assert caught.value.code is FailureCode.INTERNAL_ERROR
    commands = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    assert not [each for each in commands if str(mark) in " ".join(each)]


@pytest.mark.parametrize("level", [Isolation.FULL, Isolation.NETWORK])
def test_what_is_walled_off_writes_no_more_than_its_scratch_folder_holds(tmp_path: Path, level: Isolation) -> None:
    with started(tmp_path / "log", bounds=at(level, scratch=20 * MB), do="fill", files=3, megabytes=15) as process:
        assert 15 <= receive(process)["written"] <= 20


def test_without_walls_no_file_and_no_folder_grows_beyond_the_bound(tmp_path: Path) -> None:
    bounds = at(Isolation.NONE, scratch=20 * MB)
    with started(tmp_path / "log", bounds=bounds, do="fill", files=1, megabytes=50) as process:
        assert receive(process)["written"] == 20
    with started(tmp_path / "log", bounds=bounds, do="fill", files=3, megabytes=15) as process:
        receive(process)
        with pytest.raises(ModelCrash, match="of files"):
            receive(process)


def test_a_gigabyte_of_noise_leaves_a_log_with_its_beginning_and_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with started(log, do="shout", megabytes=1_000) as process:
        receive(process)
    text = log.read_bytes()
    assert len(text) < BEGINNING + 2 * ENDING + 100 and log.stat().st_mode & 0o777 == 0o600
    assert text.startswith(b"noise noise") and text.endswith(b"the last words") and b" bytes left out]" in text


def test_one_that_takes_too_long_in_all_is_ended_whatever_it_waits_for(tmp_path: Path) -> None:
    begun = time.monotonic()
    with started(tmp_path / "log", bounds=Bounds(memory=4_000 * MB, seconds=1), do="nothing") as process:
        with pytest.raises(ModelCrash, match="CLUE_MODEL_HOURS") as caught:
            receive(process)
        assert caught.value.code is FailureCode.GENERATION_TIMEOUT
    assert time.monotonic() - begun < 30


def test_the_bounds_are_those_that_the_operator_sets(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    found = bounds_under(
        Settings(home=tmp_path, model_memory_gb=2, model_hours=3, isolation="network", signing_key=key)
    )
    assert (found.memory, found.seconds, found.most) == (2_000 * MB, 10_800, Isolation.NETWORK)
    assert {tmp_path, tmp_path / "data", key} <= {*found.hidden}
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < bounds_under(Settings()).memory == memory_by_default() <= 0.9 * machine
