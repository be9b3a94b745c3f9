"""Lends the tests an environment that has scispaCy, and a small invented knowledge base."""

import subprocess
from pathlib import Path

from backend.settings import inherited_environment

PROJECT = Path(__file__).resolve().parents[1]
UMLS_PYTHON = PROJECT / ".venv-umls" / "bin" / "python"


def umls_python() -> Path:
    """The interpreter that `make setup-umls` installs."""
    assert UMLS_PYTHON.is_file(), "There is no .venv-umls: run `make setup-umls` once."
    return UMLS_PYTHON


def build_umls(folder: Path, *more: str) -> Path:
    """The folder holds the invented knowledge base, with more names if wished, laid out as the published downloads."""
    builder = PROJECT / "tests" / "umls_builder.py"
    made = subprocess.run(
        [umls_python(), "-I", builder, folder, *more],
        env=inherited_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return folder
