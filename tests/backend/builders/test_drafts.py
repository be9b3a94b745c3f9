"""A file appears whole or not at all."""

from pathlib import Path

import pytest

from backend.builders.drafts import draft, file_sha256, write_json


def test_a_block_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a" / "file"
    with draft(target) as stream:
        stream.write("whole")
    with pytest.raises(KeyboardInterrupt):
        _break_off(target)
    assert target.read_text() == "whole" and list(target.parent.iterdir()) == [target]


def _break_off(target: Path) -> None:
    with draft(target) as stream:
        stream.write("half")
        stream.flush()
        raise KeyboardInterrupt


def test_only_the_owner_can_read_it_even_where_the_old_one_was_open_to_all(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    target.chmod(0o644)
    write_json(target, {"n": 1})
    assert target.stat().st_mode & 0o777 == 0o600 and target.read_text() == '{\n "n": 1\n}\n'
    assert len(file_sha256(target)) == 64
