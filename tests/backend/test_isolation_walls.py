"""Whatever a submitter's code attempts from inside fails at each level that promises it: real sockets, real files."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.isolation import PROJECT, Isolation, find_isolation
from backend.isolation.family import children_by_parent, family_of
from backend.isolation.finding import TRIAL, _bait, _fault_of
from backend.isolation.view import ViewAction, layout
from backend.isolation.ways import WAYS
from tests.backend.isolated import at, family, receive, started

CANARY = "canary-home-8122"
NEEDED = {"reads the model", "writes into its scratch folder"}
ALLOWED = {Isolation.FULL: NEEDED, Isolation.NETWORK: {*NEEDED, "reads a file of the system"}}


@pytest.mark.parametrize("level", Isolation)
def test_this_machine_offers_every_level_and_says_why_it_is_not_more(level: Isolation) -> None:
    found = find_isolation(level)
    assert found.level is level, f"{found.why}; `make bubblewrap` installs what is missing"
    assert found.why == ("" if level is Isolation.FULL else f"CLUE_ISOLATION asks for no more than {level}")


def test_every_way_holds_also_the_ones_that_only_root_has() -> None:
    usable = [way for way in WAYS if way.own_users or os.geteuid() == 0]
    assert len(usable) >= 2 and [fault for way in usable if (fault := _fault_of(way))] == []


def test_the_trial_sees_that_an_ordinary_process_is_not_isolated(tmp_path: Path) -> None:
    with _bait() as (_, _, told):
        told |= {"inside": str(tmp_path), "needed": ["no_such_library"]}
        said = subprocess.run(
            [sys.executable, TRIAL], input=json.dumps(told), capture_output=True, text=True, check=True
        )
    breaches = json.loads(said.stdout)["breaches"]
    wanted = {"it reaches a server on this machine", "it sees other processes", "it reads what is hidden"}
    assert wanted <= {*breaches} and {"it changes files", "it does not see no_such_library"} <= {*breaches}


def test_without_the_programs_the_level_is_none_and_the_reason_names_them(tmp_path: Path) -> None:
    code = "from backend.isolation import find_isolation as f; print(f().level, f().why, sep='|')"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": str(tmp_path)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    level, why = said.stdout.strip().split("|")
    assert level == "none" and "bwrap: not installed" in why and "unshare: not installed" in why


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home with a secret and a data folder, and beside it a model that has a link to the secret."""
    home, model = tmp_path / "home", tmp_path / "home" / "models" / "tiny"
    model.mkdir(parents=True)
    (home / "queue.sqlite").write_text(CANARY)
    (model / "config.json").write_text("{}")
    return tmp_path


@pytest.fixture
def listener() -> Iterator[tuple[int, str]]:
    """A server of this machine on loopback, and one on a name that no file stands for; Linux tells them by network."""
    name = f"\0clue-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(name)
        abstract.listen()
        yield server.getsockname()[1], name


@pytest.mark.parametrize("level", [Isolation.FULL, Isolation.NETWORK])
def test_nothing_that_is_attempted_from_inside_succeeds(
    level: Isolation, place: Path, listener: tuple[int, str]
) -> None:
    port, abstract = listener
    home, model = place / "home", place / "home" / "models" / "tiny"
    asked: dict[str, Any] = {
        "port": port,
        "abstract": abstract,
        "canary": str(home / "queue.sqlite"),
        "link": str(model / ".." / ".." / "queue.sqlite"),
        "project": str(PROJECT),
        "model": str(model),
        "starter": os.getpid(),
    }
    with started(place / "log", bounds=at(level, hidden=(home,)), reads=[model], do="attack", **asked) as process:
        found = receive(process)
    succeeded = {what for what, done in found.items() if done}
    assert len(found) > 15 and succeeded == ALLOWED[level]
    assert not (model / "evil").exists() and not Path("/var/evil").exists()


NAMES = st.lists(st.sampled_from("abc"), max_size=4).map(lambda parts: Path("/", *parts))


@given(st.sets(NAMES), st.sets(NAMES), NAMES)
def test_a_path_is_seen_if_the_innermost_of_the_named_ones_around_it_is_shown(
    see: set[Path], unseen: set[Path], asked: Path
) -> None:
    around = [path for path in (asked, *asked.parents) if path in see | unseen]
    steps = {path: deed for deed, path in layout(see, unseen)}
    done = [steps[path] for path in (asked, *asked.parents) if path in steps]
    assert (done[:1] == [ViewAction.SHOW]) is (bool(around) and around[0] in see)
    assert list(steps) == sorted(steps, key=lambda path: path.parts), "a folder comes before what is in it"


def test_a_family_is_found_alike_with_and_without_the_kernels_help(tmp_path: Path) -> None:
    with started(tmp_path / "log", do="fork") as process:
        receive(process)
        theirs = {one.pid for one in family(process.pid)}
        assert {*family_of(process.pid)} == theirs == {*family_of(process.pid, below=children_by_parent())}
        assert len(theirs) >= 4, "bubblewrap twice, the rogue, and its child"
