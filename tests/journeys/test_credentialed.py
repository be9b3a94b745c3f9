"""A whole evaluation on sealed data through an approved endpoint: no text is where anybody else could read it."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.rehearsal import CANARIES, MARKER, Scale, write_rehearsal
from backend.datasets.rehearsal.folder import LONGHEALTH, MEDNLI, MEQSUM, PROBLEM_SUMMARY
from backend.datasets.rehearsal.mednli import write_mednli
from backend.datasets.rehearsal.problem_summary import progress_notes, write_progress_notes
from tests.canaries import SEALED
from tests.commands import CommandLine
from tests.custody import approval, file_approvals, list_reader, new_key
from tests.journeys.program import CLIENT, Program, running
from tests.loopback.hub import LoopbackHub
from tests.loopback.tgi import TgiServer
from tests.sweep import UNPACKED, holds, is_private, leaks_in
from tests.waiting import wait_for

ASKED = ("problem_summary", "medisumqa", "medisumcode")
PAGES = (
    "/", "/queue", "/about", "/compare", "/delta", "/plot", "/metrics", "/v1/", "/v1/health", "/v1/leaderboard.json",
    "/v1/leaderboard.csv", "/v1/leaderboard.parquet", "/v1/submissions", "/v1/snapshots", "/v1/models",
)  # fmt: skip


@dataclass(frozen=True)
class Worked:
    """A folder with a home in which a submission was evaluated, and what was seen of it from outside."""

    root: Path
    cli: CommandLine
    submission: dict[str, Any]
    printed: dict[str, Any]


def write_sealed(folder: Path) -> None:
    """The credentialed files, not marked as invented, with as many rows as are published where that is known."""
    write_rehearsal(folder, Scale.SMALL)
    write_mednli(folder / MEDNLI, 1422)
    write_progress_notes(folder / PROBLEM_SUMMARY, progress_notes(237))
    for name in (MARKER, MEQSUM, LONGHEALTH):
        (folder / name).unlink()
    for path in folder.rglob("*.[jc]*"):
        content = path.read_bytes()
        for canary in CANARIES.values():
            content = content.replace(canary.encode(), SEALED.encode())
        path.write_bytes(content)
    assert sum(holds(path, SEALED) for path in folder.rglob("*.[jc]*")) >= len(CANARIES)


@pytest.fixture
def worked(tmp_path: Path, hub: LoopbackHub, tiny_model: Path) -> Worked:
    """One submission of the full edition, evaluated and read on the page; then copies of it all."""
    root = tmp_path
    key, data = new_key(root), root / "data"
    write_sealed(data)
    mednli = (data / MEDNLI).rename(root / "mli_test_v1.jsonl")  # its 1,419 prompts are for a moment without a queue
    sha = hub.add("acme/tiny", tiny_model)
    server = TgiServer(lambda text: text, model_sha=sha, max_input_tokens=100_000, max_total_tokens=200_000)
    server.faults.approved = True
    with server.serving() as url:
        home = root / "home"
        list_reader(home, *CANARIES)
        file_approvals(home, [approval(key, url, *CANARIES)])
        with running(
            home,
            CLUE_DATA=str(data),
            CLUE_SIGNING_KEY=str(key),
            CLUE_ENDPOINT_URL=url,
            CLUE_MIRROR="http://127.0.0.1:9",
        ) as program:
            submission = evaluated(program, server)
            see(program, submission["id"], root / "seen")
            cli = program.cli
        mednli.rename(data / MEDNLI)
        words = ("evaluate", server.model_id, "--engine", "endpoint", "--edition", "full", "--tasks", "mednli")
        printed = cli.json(*words, "--limit", "3")
    commands: dict[str, tuple[str, ...]] = {
        "status": ("status", "--json"),
        "data": ("data", "status", "--json"),
        "backup": ("backup", str(root / "backups"), "--without-predictions"),
    }
    for name, line in commands.items():
        done = cli.run(*line)
        (root / f"{name}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return Worked(root, cli, submission, printed)


def evaluated(program: Program, server: TgiServer) -> dict[str, Any]:
    """The submission once its result is on the board."""
    words = (
        "submit",
        server.model_id,
        "--engine",
        "endpoint",
        "--edition",
        "full",
        "--revision",
        str(server.model_sha),
    )
    submission_id = program.cli.json(*words)["id"]
    ended = wait_for(
        lambda: found if (found := program.submission(submission_id))["status"] in {"finished", "failed"} else None,
        seconds=120,
    )
    wait_for(lambda: program.get("/v1/leaderboard.json?provenance=measured&edition=full")["rows"])
    return ended


def see(program: Program, submission_id: str, folder: Path) -> None:
    """What a visitor gets lies in the folder, an answer to a file."""
    folder.mkdir()
    row = "model=acme/tiny&edition=full"
    questions = [
        f"/v1/submissions/{submission_id}",
        f"/submission?id={submission_id}",
        f"/model?{row}",
        f"/v1/row?{row}",
    ]
    questions += [f"/v1/runs?{row}&task={task}" for task in ASKED]
    for number, path in enumerate((*PAGES, *questions)):
        answer = CLIENT.get(program.address + path, follow_redirects=True)
        (folder / f"{number}.parquet" if path.endswith("parquet") else folder / f"{number}.txt").write_bytes(
            f"{path} {answer.status_code}\n".encode() * (not path.endswith("parquet")) + answer.content
        )


def test_no_sealed_text_is_where_others_could_read_it_and_every_file_is_its_owners_alone(worked: Worked) -> None:
    assert worked.submission["status"] == "finished", worked.submission
    tasks = worked.printed["tasks"]
    assert tasks["mednli"]["n"] == 3 and tasks["mednli"]["scores"]["accuracy"]["value"] is not None
    home = worked.cli.home
    for task in ASKED:
        answers = home / "runs" / worked.submission["id"] / f"{task}.parquet"
        assert any(SEALED in text for text in UNPACKED[".parquet"](answers)), f"no sealed answer to {task} could leak"
    looked_at = {path.name for path in worked.root.rglob("*") if path.is_file() and not is_private(path)}
    assert looked_at >= {"ledger.jsonl", "queue.sqlite", "scores.duckdb", "home.log", "status.txt", "manifest.json"}
    assert leaks_in(worked.root) == []
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (home, *home.rglob("*")) if not path.is_symlink()}
    assert len(modes) > 20 and {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
