"""What docs/ledger.md tells a stranger to run does verify a ledger, and fails on a changed one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backend.signing import make_key_pair, read_signer
from storage.ledger import Ledger
from tests.storage.records import toy_result

DOCUMENT = (Path(__file__).resolve().parents[1] / "docs" / "ledger.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A signed ledger of five lines, some of them with texts that look like fields."""
    make_key_pair(tmp_path / "key.pem")
    ledger = Ledger(tmp_path / "ledger.jsonl", signer=read_signer(tmp_path / "key.pem"))
    for number in range(4):
        ledger.append(f's{number}","hash":"', toy_result(f'acme/m{number}","hash":"é'))
    ledger.withdraw('s1","hash":"', actor=f'"hash":"{"0" * 64}",', reason="wrong data")
    return tmp_path / "ledger.jsonl"


def python(path: Path) -> subprocess.CompletedProcess[str]:
    """The document's own lines of Python, run on a ledger."""
    (program,) = [text for language, text in BLOCKS if language == "python"]
    return subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)


def test_the_documents_python_verifies_a_ledger_and_prints_its_head(path: Path) -> None:
    assert python(path).stdout.strip() == Ledger(path).verify().hash


@pytest.mark.parametrize("line", [1, 3, 5])
def test_the_documents_python_names_a_changed_line(path: Path, line: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b"acme", b"acne")
    path.write_bytes(b"".join(lines))
    done = python(path)
    assert done.returncode == 1 and f"line {line} was changed" in done.stderr


def shell(block: str, folder: Path) -> list[str]:
    """What the document's shell commands print in a folder."""
    for tool in ("jq", "openssl", "sha256sum"):
        if tool in block and shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    done = subprocess.run(["sh", "-ec", block], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_documents_shell_commands_agree(path: Path) -> None:
    chain, signature = [text for language, text in BLOCKS if language == "sh"]
    printed, previous = shell(chain, path.parent)
    assert printed.split()[0] == previous
    assert shell(signature, path.parent) == ["Signature Verified Successfully"]
