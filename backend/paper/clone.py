"""The prompts in the authors' scripts, read from a clone of their repository without running any of it."""

import ast
import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.domain import Fact
from backend.errors import UsageError
from backend.paper.revision import commit_of

FILES: Mapping[str, str] = {
    "mednli": "eval/eval_mednli.py",
    "meqsum": "eval/eval_meqsum.py",
    "problem_summary": "eval/eval_ProblemSummary.py",
    "longhealth": "eval/eval_LongHealth.py",
    "medisumqa": "eval/eval_MeDiSumQA.py",
    "medisumcode": "eval/eval_MeDiSumCode.py",
}
GET_ONE = (
    "Get one with `git clone https://github.com/TIO-IKIM/CLUE` and name its folder with --clue-clone or in CLUE_CLONE."
)
OTHER_COMMIT = "docs/protocol-2024.md names a commit that has everything."


@dataclass(frozen=True, slots=True)
class CloneScript:
    """One script of the clone, parsed and never run; what it lacks is a UsageError that names file and constant."""

    path: str
    tree: ast.Module

    def text(self, name: str) -> str:
        """The text of a constant of the module; texts joined with + and names of earlier ones are followed."""
        known: dict[str, str | None] = {}
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign):
                known |= {
                    target.id: _text(statement.value, known)
                    for target in statement.targets
                    if isinstance(target, ast.Name)
                }
        return self._found(known.get(name), f"no text {name}")

    def default(self, function: str, argument: str) -> str:
        """The text that an argument of a function has unless it is given."""
        found = None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef) and node.name == function and node.args.defaults:
                named = dict(zip(reversed(node.args.args), reversed(node.args.defaults), strict=False))
                found = next((_text(value, {}) for name, value in named.items() if name.arg == argument), None)
        return self._found(found, f"no text for the argument {argument} of {function}")

    def under(self, key: str) -> str:
        """The text that is stored under a key, anywhere in the script."""
        stored = [
            _text(node.value, {})
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and target.slice.value == key
        ]
        return self._found(next((text for text in stored if text is not None), None), f"no text stored as {key}")

    def _found(self, text: str | None, what: str) -> str:
        if text is None:
            raise UsageError(f"{self.path} in the clone of the CLUE repository has {what}. {OTHER_COMMIT}")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """The authors' scripts by task, and what pins them: the commit, and one digest over the files that were read."""

    scripts: Mapping[str, CloneScript]
    commit: str | None
    sha256: str

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What the manifest says of it; the commit is None for a copy without git's own folder."""
        return {"clue_clone_commit": self.commit, "clue_clone_sha256": self.sha256}


def read_clone(folder: Path) -> Clone:
    """The six scripts; UsageError names the first that is not there or is no Python."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder, so it is no clone of the CLUE repository. {GET_ONE}")
    whole = hashlib.sha256()
    scripts = {}
    for task, path in FILES.items():
        try:
            content = (folder / path).read_bytes()
        except OSError as error:
            raise UsageError(
                f"{path} cannot be read in {folder} ({type(error).__name__}), so it is no clone of the CLUE "
                f"repository. {GET_ONE}"
            ) from None
        whole.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
        scripts[task] = CloneScript(path, _parse(path, content))
    return Clone(scripts=scripts, commit=commit_of(folder), sha256=whole.hexdigest())


def _parse(path: str, content: bytes) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in the authors' texts, which are theirs to write
            return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(
            f"{path} in the clone of the CLUE repository is no Python script ({type(error).__name__}). {OTHER_COMMIT}"
        ) from None


def _text(node: ast.expr, known: Mapping[str, str | None]) -> str | None:
    """The text that the expression stands for, None when it is none or takes more than joining to know."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left, known), _text(node.right, known)
        return None if left is None or right is None else left + right
    return None
