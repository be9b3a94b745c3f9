"""Asking over a real Ray cluster of two nodes on loopback: everything once, whatever dies, and nothing left behind."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest

from backend.bench.local_cluster import local_cluster
from backend.domain import ModelSource, Prediction
from backend.engines.carrying.nodes import joined
from backend.engines.ray import carried_by_ray
from backend.engines.transformers import ENGINE as TRANSFORMERS
from backend.errors import FailureCode, Halted, ModelFault, OperatorFault, PassingFault
from backend.settings import Settings
from tests.backend.asking import SHA, assert_answers_all, by_id, changed, local, prompt, prompts
from tests.backend.balky import DIE, FAIL, RAISE
from tests.waiting import wait_for

CANARY = "canary-note-0815"
NOWHERE = ModelSource(hub_id="acme/tiny", revision=SHA)
CHILD = "backend.engines.local.child"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes; no process of theirs is left."""
    before = {process.pid for process in psutil.process_iter()}
    with local_cluster(2, 2) as cluster:
        yield cluster
    new = [one for one in psutil.process_iter() if one.pid not in before and _may_be_ours(one)]
    ours = [one for one in new if "/ray/" in _line(one) or "ray::" in _line(one)]
    assert [_line(one) for one in psutil.wait_procs(ours, timeout=20)[1]] == []


@pytest.fixture
def settings(settings: Settings, cluster: Any) -> Settings:
    """Two actors, one on each node, and small pieces."""
    return changed(settings, ray=cluster.address, ray_actors=2)


@pytest.fixture(autouse=True)
def nothing_is_left(cluster: Any) -> Iterator[None]:
    """After each test no actor is there, and no model's process."""
    yield
    wait_for(lambda: not _running("ray::Carrier") and not _running(CHILD), seconds=30)


def _session(process: psutil.Process) -> int:
    return os.getsid(process.pid)


def _line(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _running(name: str) -> list[psutil.Process]:
    """Those that this test run began, and any whose beginner is gone; other runs go on beside this one."""
    return [process for process in psutil.process_iter() if name in _line(process) and _may_be_ours(process)]


def _may_be_ours(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        before = [parent.pid for parent in process.parents()]
        return os.getpid() in before or len(before) <= 1
    return False


def asked_of(settings: Settings) -> list[tuple[str, int]]:
    """What the balky engine was asked, and in which process, in order."""
    lines = (settings.home / "asked").read_text().splitlines()
    return [(line.split()[0], int(line.split()[1])) for line in lines]


def both_at_work(settings: Settings, answers: Iterator[Prediction]) -> Iterator[Prediction]:
    """Answers until both actors have been asked."""
    for answer in answers:
        yield answer
        if len({pid for _, pid in asked_of(settings)}) == 2:
            return


def test_a_tiny_llama_answers_over_ray_as_it_does_here_until_it_is_told_to_stop(
    tiny_model: Path, settings: Settings
) -> None:
    before, halt = signal.getsignal(signal.SIGTERM), Event()
    asked = prompts(40, new=6)
    with TRANSFORMERS.open(local(tiny_model), settings, Event()) as client:
        here, facts = assert_answers_all(client, asked), client.facts
        counted = client.window.count(asked[3].messages)
    with carried_by_ray("backend.engines.transformers", settings).open(local(tiny_model), settings, halt) as client:
        assert assert_answers_all(client, asked) == here
        assert list(client.complete([])) == []
        assert client.facts == {**facts, "carried_by": "Ray"}
        assert client.window.tokens == facts["window"] and client.window.count(asked[3].messages) == counted
        answers = client.complete(prompts(400))
        next(answers)
        assert len({*map(_session, _running(CHILD))}) == 2, "what isolates a model's process has the same words"
        halt.set()
        with pytest.raises(Halted):
            list(answers)
    assert signal.getsignal(signal.SIGTERM) is before


def test_of_a_killed_actor_only_what_is_not_answered_is_asked_again_and_nothing_comes_twice(settings: Settings) -> None:
    asked = prompts(120)
    with opened(settings) as client:
        answers = client.complete(asked)
        first = list(both_at_work(settings, answers))
        victim = asked_of(settings)[-1][1]
        os.kill(victim, signal.SIGKILL)
        found = by_id([*first, *answers])
    assert found.keys() == {one.example_id for one in asked}
    times = Counter(name for name, _ in asked_of(settings))
    assert all(times[answer.example_id] == 1 for answer in first)
    assert sum(times.values()) <= len(asked) + 5, "all but what was on its way"


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (FAIL, ModelFault, FailureCode.TEMPLATE_ERROR),
        (RAISE, PassingFault, FailureCode.INTERNAL_ERROR),
        (DIE, PassingFault, FailureCode.WORKER_LOST),
    ],
    ids=["fails", "raises", "dies"],
)
def test_a_fault_on_a_node_is_told_here_as_what_it_is_and_no_prompt_rides_along(
    words: str, kind: type[ModelFault | PassingFault], code: FailureCode, settings: Settings, cluster: Any
) -> None:
    asked = [*prompts(6), prompt(6, f"{CANARY} {words}")]
    settings = changed(settings, ray_actors=1)
    with pytest.raises(kind) as caught, opened(settings) as client:
        list(client.complete(asked))
    assert isinstance(caught.value, ModelFault | PassingFault) and caught.value.code is code
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in str(error)
        error = error.__cause__ or error.__context__
    written = [path for path in Path(cluster.head_node.get_session_dir_path(), "logs").rglob("*") if path.is_file()]
    assert written and not [path for path in written if CANARY.encode() in path.read_bytes()]
    if code is FailureCode.TEMPLATE_ERROR:
        assert (settings.home / "logs" / "model.log").read_bytes() == b"the balky model is open\n"


def test_the_work_of_a_dead_node_is_done_by_the_others(settings: Settings, cluster: Any) -> None:
    asked = prompts(120)
    with opened(settings) as client:
        answers = client.complete(asked)
        first = list(both_at_work(settings, answers))
        cluster.remove_node(sorted(cluster.worker_nodes, key=str)[0], allow_graceful=False)
        found = by_id([*first, *answers])
    assert found.keys() == {one.example_id for one in asked}
    times = Counter(name for name, _ in asked_of(settings))
    assert all(times[answer.example_id] == 1 for answer in first)


def test_an_address_where_nothing_listens_is_said_at_once(settings: Settings) -> None:
    with pytest.raises(OperatorFault, match="127.0.0.2:1 .*docs/ray.md"), joined(changed(settings, ray="127.0.0.2:1")):
        raise AssertionError("it joined")


def opened(settings: Settings) -> Any:
    return carried_by_ray("tests.backend.balky", settings).open(NOWHERE, settings, Event())
