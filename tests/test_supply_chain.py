"""What is installed is known: each requirements file has a lock, with versions and hashes of all it brings along."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FILES = sorted(ROOT.glob("requirements*.txt"))
DIGEST = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def wanted(path: Path) -> list[Requirement]:
    """What a requirements file asks for, with what the files ask for that it includes."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found += wanted(path.parent / text.removeprefix("-r "))
        elif text:
            found.append(Requirement(text))
    return found


def locked(path: Path) -> dict[str, set[str]]:
    """The versions that a lock allows of each package; on different platforms these may be different ones."""
    found: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=\S)", path.read_text(encoding="utf-8")):
        requirement = Requirement(entry.partition("\\")[0].strip())
        assert DIGEST.search(entry), f"{requirement.name} has no hash"
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        found.setdefault(canonicalize_name(requirement.name), set()).add(pin.version)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_requirements_file_is_locked_with_hashes_as_it_stands(path: Path) -> None:
    lock = locked(ROOT / "locks" / path.name)
    pins = {canonicalize_name(each.name): each.specifier for each in wanted(path)}
    assert pins
    for name, specifier in pins.items():
        assert {version for version in lock[name] if version in specifier} == lock[name], f"run `make lock`: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_lock_holds_what_the_libraries_themselves_ask_for(path: Path) -> None:
    lock = locked(ROOT / "locks" / path.name)
    looked_at = 0
    for each in wanted(path):
        try:
            found = distribution(each.name)
        except PackageNotFoundError:
            continue
        if found.version not in each.specifier:  # that one is installed in an environment of its own
            continue
        for requirement in map(Requirement, found.requires or []):
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("", *each.extras)
            ):
                looked_at += 1
                assert canonicalize_name(requirement.name) in lock, f"run `make lock`: {each.name} brings it along"
    assert looked_at or path.name in {"requirements-tools.txt", "requirements-umls.txt"}


def test_every_lock_has_its_requirements_file() -> None:
    assert sorted(path.name for path in (ROOT / "locks").iterdir()) == [path.name for path in FILES]
