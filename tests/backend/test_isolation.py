"""A model's process knows nothing, harms nothing and is gone afterwards."""

import contextlib
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
from backend.isolation import PROJECT, ModelProcess
from tests.waiting import wait_for

ROGUE = "tests.backend.rogue"
SECRETS = {"HF_TOKEN": "hf_secret", "AWS_SECRET_ACCESS_KEY": "aws_secret", "CLUE_ENDPOINT_TOKEN": "endpoint_secret"}


@contextmanager
def started(log: Path, halt: Event | None = None, **asked: Any) -> Iterator[ModelProcess]:
    """A rogue that was told what to do."""
    process = ModelProcess(ROGUE, log, halt or Event())
    try:
        process.send(asked)
        yield process
    finally:
        process.close()


def receive(process: ModelProcess) -> dict[str, Any]:
    return process.receive(60, FailureCode.GENERATION_TIMEOUT)


def gone(pid: int) -> bool:
    """Whether the process ends, waiting for it as long as it takes."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(60)
    return True


def test_a_child_sees_no_secret_and_no_home_of_ours(tmp_path: Path) -> None:
    code = f"""
import json
from pathlib import Path
from threading import Event
from backend.errors import FailureCode
from backend.isolation import ModelProcess
process = ModelProcess({ROGUE!r}, Path({str(tmp_path / "log")!r}), Event())
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
    assert not Path(seen["cwd"]).exists(), "its scratch folder is gone"


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
        psutil.Process(receive(process)["pid"]).kill()
        with pytest.raises(ModelCrash) as caught:
            receive(process)
        assert caught.value.code is FailureCode.OUT_OF_MEMORY
        with pytest.raises(ModelCrash):
            process.send({"do": "anything", "with": "x" * 1_000_000})


@pytest.mark.parametrize("text", ["not json", "[1, 2]", "7", "null", '{"half": ', "\udcff\udcfe", "[" * 200_000, ""])
def test_an_unreadable_line_is_a_crash_and_never_repeated_in_its_text(tmp_path: Path, text: str) -> None:
    halves = text
    process = ModelProcess(ROGUE, tmp_path / "log", Event())
    try:
        process.send({"do": "write", "text": halves})
        with pytest.raises(ModelCrash, match="something unreadable") as caught:
            receive(process)
        assert text == "" or text not in str(caught.value).replace("something unreadable", "")
    finally:
        process.close()


def test_silence_is_a_crash_with_the_code_of_what_was_waited_for(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="nothing") as process, pytest.raises(ModelCrash) as caught:
        process.receive(0.3, FailureCode.LOAD_TIMEOUT)
    assert caught.value.code is FailureCode.LOAD_TIMEOUT
    assert gone(process.pid)


def test_a_halt_ends_the_waiting(tmp_path: Path) -> None:
    halt = Event()
    with started(tmp_path / "log", halt, do="nothing") as process:
        halt.set()
        with pytest.raises(Halted):
            process.receive(3600, FailureCode.GENERATION_TIMEOUT)
    assert gone(process.pid)


def test_a_process_that_does_not_read_is_a_crash_and_a_halt_does_not_wait_for_it(tmp_path: Path) -> None:
    halt = Event()
    with started(tmp_path / "log", halt, do="freeze") as process:
        receive(process)
        with pytest.raises(ModelCrash, match="does not read"):
            process.send({"prompt": "x" * 1_000_000}, timeout=0.3)
        halt.set()
        with pytest.raises(Halted):
            process.send({"prompt": "x" * 1_000_000})
    assert gone(process.pid)


def test_a_message_longer_than_a_pipe_arrives_whole(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="write", text=json.dumps({"long": "x" * 1_000_000})) as process:
        assert len(receive(process)["long"]) == 1_000_000


def test_a_flood_is_held_back_and_ends_with_the_process(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="flood") as process:
        before = psutil.Process().memory_info().rss
        for _ in range(200):
            assert receive(process).keys() == {"flood"}
        Event().wait(1)
        assert psutil.Process().memory_info().rss - before < 100_000_000
    assert gone(process.pid) and not process._reader.is_alive()


@pytest.mark.parametrize("how", ["fork", "escape"])
def test_children_of_the_process_end_with_it_also_from_a_session_of_their_own(tmp_path: Path, how: str) -> None:
    with started(tmp_path / "log", do=how) as process:
        child = receive(process)["child"]
        assert psutil.pid_exists(child)
    assert gone(child) and gone(process.pid)


def test_a_process_that_ignores_requests_to_end_is_ended(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="stubborn") as process:
        pid = receive(process)["pid"]
    assert gone(pid)


@contextmanager
def parent_of(do: str, log: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Another program with a rogue of its own, and what the rogue said; the program is killed in the end."""
    code = f"""
import json, sys, time
from pathlib import Path
from threading import Event
from backend.errors import FailureCode
from backend.isolation import ModelProcess
process = ModelProcess({ROGUE!r}, Path({str(log)!r}), Event())
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
    with parent_of(how, tmp_path / "log") as (_, said):
        scratch = Path(psutil.Process(said["process"]).cwd())
        assert scratch.is_dir()
    assert gone(said["process"]) and gone(said["child"])
    wait_for(lambda: not scratch.exists())


def test_what_a_killed_program_left_behind_is_cleared_by_the_next_process(tmp_path: Path) -> None:
    """A process that is stopped cannot notice that its parent is gone."""
    with parent_of("freeze", tmp_path / "log") as (_, said):
        scratch = Path(said["cwd"])
        wait_for(lambda: psutil.Process(said["pid"]).status() == psutil.STATUS_STOPPED)
        with started(tmp_path / "log", do="nothing"):
            assert psutil.pid_exists(said["pid"]) and scratch.is_dir(), "its owner lives"
    assert psutil.pid_exists(said["pid"]) and scratch.is_dir()
    with started(tmp_path / "log", do="nothing"):
        assert gone(said["pid"]) and not scratch.exists()
