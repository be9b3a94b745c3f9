"""A page and a worker as two processes with two homes, which share nothing but a mailbox."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands import PROJECT, CommandLine
from tests.journeys.program import CLIENT, children, command_line, free_port, is_up, running
from tests.waiting import wait_for

RULES, FIRST, SILENT = "scripted/rules", "scripted/first-sentence", "scripted/silent"
KEY = "an-invented-secret"
# Without PyTorch or transformers, as a Space with requirements-page.txt is.
WITHOUT_TORCH = """
import runpy, sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "safetensors", "ray"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
sys.argv = ["app.py", "serve"]
runpy.run_path("app.py", run_name="__main__")
"""


@dataclass
class Sides:
    """The two machines: what is typed on each, and where the page answers."""

    folder: Path
    port: int

    def cli(self, side: str) -> CommandLine:
        """The command line of `page` or `worker`."""
        own = {
            "CLUE_MAILBOX": f"file://{self.folder}/mailbox",
            "CLUE_MAILBOX_SECONDS": "0.2",
            "CLUE_MAILBOX_KEY": KEY,
            "CLUE_PORT": str(self.port),
            "CLUE_SCIBERT": str(self.folder / "none"),
        }
        return command_line(self.folder / side, **own)

    @contextmanager
    def up(self, side: str) -> Iterator["subprocess.Popen[bytes]"]:
        """That machine's process, killed at the end of the block unless it is gone by then."""
        words = ["-c", WITHOUT_TORCH] if side == "page" else ["app.py", "work"]
        with (self.folder / f"{side}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *words], cwd=PROJECT, env=self.cli(side).environment, stderr=log, stdout=log
            )
        try:
            if side == "page":
                wait_for(lambda: process.poll() is not None or is_up(self.address))
                assert process.poll() is None, (self.folder / "page.log").read_text()
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def address(self) -> str:
        """The page's."""
        return f"http://127.0.0.1:{self.port}"

    def submit(self, model: str) -> str:
        """The id on the receipt that the page gives."""
        told = CLIENT.post(f"{self.address}/v1/submissions", json={"model": model, "edition": "rehearsal"}).json()
        return str(told["id"])

    def ask(self, path: str) -> Any:
        """What the page answers."""
        return CLIENT.get(self.address + path).json()

    def status(self, submission_id: str) -> str:
        """How a submission stands on the page."""
        return str(self.ask(f"/v1/submissions/{submission_id}").get("status"))

    def wait(self, submission_id: str, status: str) -> None:
        """The page shows it so."""
        wait_for(lambda: self.status(submission_id) == status, 60)

    def rows(self) -> list[str]:
        """The models on the page's rehearsal board."""
        board = self.ask("/v1/leaderboard.json?provenance=measured&edition=rehearsal")
        (names,) = [column["values"] for column in board["columns"] if column["name"] == "model"]
        return sorted(names)


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    for side in ("page", "worker"):
        (tmp_path / side).mkdir()
    return Sides(tmp_path, free_port())


def test_a_model_goes_from_a_page_without_torch_to_its_row_though_each_side_is_killed_on_the_way(sides: Sides) -> None:
    with sides.up("page") as page:
        first, second, third = (sides.submit(each) for each in (RULES, FIRST, SILENT))  # nobody is there to see it
        assert [each["id"] for each in sides.ask("/v1/queue")["waiting"]] == [first, second, third]
        with sides.up("worker") as worker:
            wait_for(lambda: sides.status(first) in {"running", "scoring", "finished"}, 60)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        page.send_signal(signal.SIGKILL)
        page.wait()
    with sides.up("worker"):
        shutil.rmtree(sides.folder / "page")
        (sides.folder / "page").mkdir()
        with sides.up("page"):
            for each in (first, second, third):
                sides.wait(each, "finished")
            wait_for(lambda: sides.rows() == sorted([RULES, FIRST, SILENT]), 30)
            events = sides.ask(f"/v1/submissions/{first}")["events"]
            assert [each["status"] for each in events].count("queued") == 2  # it was given back, and taken again
            wait_for(lambda: sides.ask("/v1/health")["status"] == "ok", 30)
            judged = sorted(path.name for path in (sides.folder / "page" / "judged").iterdir())
            assert judged == sorted([first, second, third])
            assert "not kept on this server" in str(sides.ask(f"/v1/models/{RULES}/examples/meqsum?edition=rehearsal"))
            told = sides.cli("worker").json("status", "--json")["mailbox"]
            assert told["other"] == "page" and told["seen_at"] and told["trouble"] is None
    assert "queue.sqlite" not in {path.name for path in (sides.folder / "page").iterdir()}
    assert not [path for path in (sides.folder / "mailbox").rglob("*") if "sqlite" in path.name]


def test_a_space_with_a_mailbox_starts_the_page_alone(tmp_path: Path) -> None:
    """A Space can run app.py only without a word behind it."""
    space = {"SPACE_ID": "ward/clue", "CLUE_HOST": "127.0.0.1", "CLUE_MAILBOX": f"file://{tmp_path}/mailbox"}
    with running(tmp_path / "page", **space) as program:
        assert children(program.process.pid) == [] and program.get("/v1/health")["worker"]["seen_at"] is None
