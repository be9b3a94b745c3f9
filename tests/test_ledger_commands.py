"""The ledger's commands say in a sentence how it stands and what to do."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.errors import ClueError, LedgerBroken, OperatorFault, UsageError
from backend.signing import read_signer
from frontend_config.ledger_commands import ledger_commands
from storage.ledger import Ledger
from storage.scores import Scores
from tests.storage.records import toy_result


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of four results, of which one was withdrawn and one superseded."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for number in range(4):
        ledger.append(f"s{number}", toy_result(f"acme/m{number}"))
    ledger.withdraw("s1", actor="ann", reason="wrong data")
    ledger.append("s9", toy_result("acme/m3"), supersedes=4, reason="again")
    return tmp_path / "ledger.jsonl"


def told(path: Path, *arguments: str, key: Path | None = None) -> str:
    """What a command prints; its fault is raised."""

    def no_scores() -> Scores:
        raise AssertionError("the board was opened")

    commands = ledger_commands(lambda: Ledger(path, signer=read_signer(key) if key else None), no_scores)
    done = CliRunner().invoke(commands, list(arguments))
    if isinstance(done.exception, ClueError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_verify_says_how_many_lines_there_are_and_which_stand_no_more(path: Path) -> None:
    lines = told(path, "verify").splitlines()
    assert lines[0] == f"6 lines, every one in order; head {Ledger(path).verify().hash}"
    assert lines[1:] == ["withdrawn: 1 (line 2)", "superseded: 1 (line 4)", "not signed"]


def test_a_key_is_made_signs_and_is_checked_by_whoever_has_the_public_one(path: Path, tmp_path: Path) -> None:
    key, public = tmp_path / "key.pem", tmp_path / "key.pem.pub"
    assert str(public) in told(path, "key", str(key))
    with pytest.raises(LedgerBroken, match="not signed"):
        told(path, "verify", "--key", str(public))
    assert "6 lines" in told(path, "sign", key=key)
    assert told(path, "verify", "--key", str(public)).splitlines()[-1] == "signed up to line 6"
    told(path, "key", str(tmp_path / "other.pem"))
    with pytest.raises(LedgerBroken, match="another key"):
        told(path, "verify", "--key", str(tmp_path / "other.pem.pub"))


def test_a_line_after_the_signed_one_is_told_apart(path: Path, tmp_path: Path) -> None:
    key, head = tmp_path / "key.pem", path.with_name("ledger.head.json")
    told(path, "key", str(key))
    told(path, "sign", key=key)
    signed = head.read_bytes()
    Ledger(path, signer=read_signer(key)).append("late", toy_result("acme/late"))
    head.write_bytes(signed)
    lines = told(path, "verify", key=key).splitlines()
    assert lines[0].startswith("7 lines") and lines[-1] == "signed up to line 6"


def test_what_cannot_be_done_is_refused(path: Path, tmp_path: Path) -> None:
    told(path, "key", str(tmp_path / "key.pem"))
    with pytest.raises(UsageError, match="never overwritten"):
        told(path, "key", str(tmp_path / "key.pem"))
    with pytest.raises(OperatorFault, match="ledger key"):
        told(path, "verify", "--key", str(path))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LedgerBroken, match="line 6"):
        told(path, "verify")
