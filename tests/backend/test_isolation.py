"""A model's process knows nothing, harms nothing and is gone afterwards."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest

from backend.errors import FailureCode, Halted, ModelCrash
from backend.isolation import PROJECT, Isolation, ModelProcess
from tests.backend.isolated import ROGUE, TESTS, at, family, gone, receive, rogue_of, started
from tests.waiting import wait_for

SECRETS = {"HF_TOKEN": "hf_secret", "AWS_SECRET_ACCESS_KEY": "aws_secret", "CLUE_ENDPOINT_TOKEN": "endpoint_secret"}
at_every_level = pytest.mark.parametrize("level", Isolation)
walled_off = pytest.mark.parametrize("level", [Isolation.FULL, Isolation.NETWORK])


@at_every_level
def test_a_child_sees_no_secret_and_no_home_of_ours(tmp_path: Path, level: Isolation) -> None:
    code = f"""
import json
from pathlib import Path
from threading import Event
from backend.errors import FailureCode
from backend.isolation import Bounds, Isolation, ModelProcess
bounds = Bounds(memory=4_000_000_000, most=Isolation({str(level)!r}))
process = ModelProcess({ROGUE!r}, Path({str(tmp_path / "log")!r}), Event(), reads=[Path({str(TESTS)!r})], bounds=bounds)
process.send({{"do": "environment"}})
print(json.dumps(process.receive(60, FailureCode.LOAD_TIMEOUT)))
process.close()
"""
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "HOME": "/root", "HTTPS_PROXY": "http://p", **SECRETS},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(said.stdout)
    environ = seen["environment"]
    assert not SECRETS.keys() & environ.keys() and not [text for text in environ.values() if "secret" in text]
    assert environ["HF_HUB_OFFLINE"] == "1" and "HTTPS_PROXY" not in environ
    assert environ["HOME"] == environ["HF_HOME"] == environ["TMPDIR"] == seen["cwd"]
    assert level is not Isolation.NONE or not Path(seen["cwd"]).exists(), "its scratch folder is gone"


def test_noise_of_libraries_goes_to_the_log_and_not_into_the_protocol(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "model.log"
    with started(log, do="noise") as process:
        assert receive(process) == {"said": "the one true message"}
    text = log.read_text()
    assert "a library greets you" in text and "its C code" in text and "a child of it" in text
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("code", [0, 3])
def test_a_process_that_ends_is_a_crash_that_names_its_code(tmp_path: Path, code: int) -> None:
    with started(tmp_path / "log", do="exit", code=code) as process:
        with pytest.raises(ModelCrash, match=f"ended with code {code}") as caught:
            receive(process)
        assert caught.value.code is FailureCode.INTERNAL_ERROR


def test_a_killed_process_counts_as_out_of_memory(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="stubborn") as process:
        receive(process)
        rogue_of(process.pid).kill()
        with pytest.raises(ModelCrash) as caught:
            receive(process)
        assert caught.value.code is FailureCode.OUT_OF_MEMORY
        with pytest.raises(ModelCrash):
            process.send({"do": "anything", "with": "x" * 1_000_000})


@pytest.mark.parametrize("text", ["not json", "[1, 2]", "7", "null", '{"half": ', "\udcff\udcfe", "[" * 200_000, ""])
def test_an_unreadable_line_is_a_crash_and_never_repeated_in_its_text(tmp_path: Path, text: str) -> None:
    halves = text
    process = ModelProcess(ROGUE, tmp_path / "log", Event(), reads=[TESTS])
    try:
        process.send({"do": "write", "text": halves})
        with pytest.raises(ModelCrash, match="something unreadable") as caught:
            receive(process)
        assert text == "" or text not in str(caught.value).replace("something unreadable", "")
    finally:
        process.close()


def test_silence_is_a_crash_with_the_code_of_what_was_waited_for(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="nothing") as process:
        there = family(process.pid)
        with pytest.raises(ModelCrash) as caught:
            process.receive(0.3, FailureCode.LOAD_TIMEOUT)
    assert caught.value.code is FailureCode.LOAD_TIMEOUT
    assert gone(there)


def test_a_halt_ends_the_waiting(tmp_path: Path) -> None:
    halt = Event()
    with started(tmp_path / "log", halt, do="nothing") as process:
        there = family(process.pid)
        halt.set()
        with pytest.raises(Halted):
            process.receive(3600, FailureCode.GENERATION_TIMEOUT)
    assert gone(there)


def test_a_process_that_does_not_read_is_a_crash_and_a_halt_does_not_wait_for_it(tmp_path: Path) -> None:
    halt = Event()
    with started(tmp_path / "log", halt, do="freeze") as process:
        receive(process)
        there = family(process.pid)
        with pytest.raises(ModelCrash, match="does not read"):
            process.send({"prompt": "x" * 1_000_000}, timeout=0.3)
        halt.set()
        with pytest.raises(Halted):
            process.send({"prompt": "x" * 1_000_000})
    assert gone(there)


def test_a_message_longer_than_a_pipe_arrives_whole(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="write", text=json.dumps({"long": "x" * 1_000_000})) as process:
        assert len(receive(process)["long"]) == 1_000_000


def test_a_flood_is_held_back_and_ends_with_the_process(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="flood") as process:
        there = family(process.pid)
        before = psutil.Process().memory_info().rss
        for _ in range(200):
            assert receive(process).keys() == {"flood"}
        Event().wait(1)
        assert psutil.Process().memory_info().rss - before < 100_000_000
    assert gone(there) and not process._reader.is_alive()


@pytest.mark.parametrize(
    ("level", "how"),
    [(level, how) for level in Isolation for how in ("fork", "escape", "disown")][:-1],  # the last is not promised
)
def test_children_of_the_process_end_with_it_also_from_a_session_of_their_own(
    tmp_path: Path, level: Isolation, how: str
) -> None:
    with started(tmp_path / "log", bounds=at(level), do=how) as process:
        receive(process)
        wait_for(lambda: "sleep" in [one.name() for one in family(process.pid)])
        there = family(process.pid)
    assert gone(there)


@at_every_level
def test_a_process_that_ignores_requests_to_end_is_ended(tmp_path: Path, level: Isolation) -> None:
    with started(tmp_path / "log", bounds=at(level), do="stubborn") as process:
        receive(process)
        there = family(process.pid)
    assert not [one for one in there if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def parent_of(do: str, log: Path, level: Isolation) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Another program with a rogue of its own, and what the rogue said; the program is killed in the end."""
    code = f"""
import json, sys, time
from pathlib import Path
from threading import Event
from backend.errors import FailureCode
from backend.isolation import Bounds, Isolation, ModelProcess
bounds = Bounds(memory=4_000_000_000, most=Isolation({str(level)!r}))
process = ModelProcess({ROGUE!r}, Path({str(log)!r}), Event(), reads=[Path({str(TESTS)!r})], bounds=bounds)
process.send({{"do": {do!r}}})
said = process.receive(60, FailureCode.LOAD_TIMEOUT)
print(json.dumps(said | {{"process": process.pid}}), flush=True)
time.sleep(3600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    try:
        yield parent, json.loads(parent.stdout.readline())
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()


@pytest.mark.parametrize("how", ["fork", "escape"])
def test_a_process_its_children_and_its_folder_are_gone_when_its_parent_is_killed(tmp_path: Path, how: str) -> None:
    with parent_of(how, tmp_path / "log", Isolation.NONE) as (_, said):
        there = family(said["process"])
        scratch = Path(there[0].cwd())
        assert scratch.is_dir() and "sleep" in [one.name() for one in there]
    assert gone(there)
    wait_for(lambda: not scratch.exists())


@walled_off
def test_one_that_is_walled_off_is_gone_with_its_parent_even_if_it_is_frozen(tmp_path: Path, level: Isolation) -> None:
    with parent_of("freeze", tmp_path / "log", level) as (_, said):
        frozen = rogue_of(said["process"])
        wait_for(lambda: frozen.status() == psutil.STATUS_STOPPED)
        there = family(said["process"])
    assert gone(there)


def test_what_a_killed_program_left_behind_is_cleared_by_the_next_process(tmp_path: Path) -> None:
    """A process that is stopped cannot notice that its parent is gone."""
    with parent_of("freeze", tmp_path / "log", Isolation.NONE) as (_, said):
        scratch, frozen = Path(said["cwd"]), psutil.Process(said["pid"])
        wait_for(lambda: frozen.status() == psutil.STATUS_STOPPED)
        with started(tmp_path / "log", do="nothing"):
            assert frozen.is_running() and scratch.is_dir(), "its owner lives"
    assert frozen.is_running() and scratch.is_dir()
    with started(tmp_path / "log", do="nothing"):
        assert gone([frozen]) and not scratch.exists()
