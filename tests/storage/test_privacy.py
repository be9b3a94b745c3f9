"""What older versions or other hands left open is its owner's alone after a service has started."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from storage.privacy import tighten


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_home_that_was_open_is_closed_and_links_and_what_they_point_to_stay(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside.txt"
    (home / "runs" / "s1").mkdir(parents=True)
    answers, tool, link = home / "runs" / "s1" / "a.jsonl", home / "tool", home / "link"
    for path in (answers, tool, outside):
        path.touch()
    link.symlink_to(outside)
    for path, open_mode in ((home, 0o755), (home / "runs", 0o775), (answers, 0o644), (tool, 0o755), (outside, 0o644)):
        path.chmod(open_mode)
    (home / "runs" / "s1").chmod(0o700)
    assert tighten(home) == 4
    assert [mode(path) for path in (home, home / "runs", answers, tool)] == [0o700, 0o700, 0o600, 0o700]
    assert mode(outside) == 0o644
    assert tighten(home) == 0


def test_a_process_that_keeps_private_writes_for_its_owner_alone_and_dumps_no_memory(tmp_path: Path) -> None:
    code = (
        "import resource, pathlib; from storage.privacy import keep_private; keep_private(); "
        "pathlib.Path('x').touch(); pathlib.Path('y').mkdir(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (mode(tmp_path / "x"), mode(tmp_path / "y")) == (0o600, 0o700)
    assert done.stdout.strip() == "(0, 0)"
