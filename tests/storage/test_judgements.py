"""What answers were worth is kept as numbers: private, without a word of any example, and in every backup."""

import stat
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backend.judged import Judged
from storage.backup import write_backup
from storage.judgements import Judgements
from storage.restoration import restore_backup
from tests.backend.test_judged_rows import SECRET, examples, judged, run
from tests.storage.test_backup import publish


def same(one: Judged | None, other: Judged) -> bool:
    return (
        one is not None
        and (one.task, one.metrics, one.data) == (other.task, other.metrics, other.data)
        and np.array_equal(one.values, other.values, equal_nan=True)
        and one.items.tolist() == other.items.tolist()
        and one.clusters.tolist() == other.clusters.tolist()
    )


def test_what_was_kept_is_read_again_to_the_last_digit(tmp_path: Path) -> None:
    kept = judged([1 / 3, 0.1, float("nan")], size=2)
    Judgements(tmp_path).write("s1", kept)
    assert same(Judgements(tmp_path).read("s1", "mednli"), kept)
    assert Judgements(tmp_path).read("s1", "meqsum") is None and Judgements(tmp_path).read("s2", "mednli") is None


def test_no_text_and_no_name_of_an_example_is_kept_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    Judgements(tmp_path).keep("s1", run("mednli"), examples([1.0, 0.0]))
    folder = tmp_path / "judged"
    with np.load(folder / "s1" / "mednli.npz") as found:
        held = b"".join(found[name].tobytes() for name in found.files)
    for word in (SECRET, "note-", "patient-"):
        assert word.encode() not in held
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert modes == {"judged": 0o700, "s1": 0o700, "mednli.npz": 0o600}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def other_task(path: Path) -> None:
    Judgements(path.parent.parent.parent).write("s2", judged([1.0], "meqsum"))
    path.write_bytes((path.parent.parent / "s2" / "meqsum.npz").read_bytes())


def pickled(path: Path) -> None:
    np.savez(path, about=np.array([{"a": 1}], dtype=object))


@pytest.mark.parametrize("damage", [cut, other_task, pickled, lambda path: path.write_bytes(b"")])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    Judgements(tmp_path).write("s1", judged([1.0, 0.0]))
    damage(tmp_path / "judged" / "s1" / "mednli.npz")
    assert Judgements(tmp_path).read("s1", "mednli") is None


@given(st.data())
@hypothesis_settings(max_examples=100, deadline=None)
def test_whatever_byte_is_not_as_it_was_written_the_values_are_right_or_none(data: st.DataObject) -> None:
    kept = judged(np.linspace(0, 1, 40).tolist(), size=2)
    with TemporaryDirectory() as home:
        Judgements(Path(home)).write("s1", kept)
        path = Path(home) / "judged" / "s1" / "mednli.npz"
        written = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(written)
        found = Judgements(Path(home)).read("s1", "mednli")
        assert found is None or same(found, kept)


def test_the_stamp_changes_with_every_write(tmp_path: Path) -> None:
    kept = Judgements(tmp_path)
    before = kept.stamp(["s1", "s2"])
    kept.write("s1", judged([1.0]))
    after = kept.stamp(["s1", "s2"])
    kept.write("s1", judged([0.0]))
    assert before == (0, 0) and after[0] != 0 and kept.stamp(["s1", "s2"])[0] > after[0] and after[1] == 0


@pytest.mark.parametrize("predictions", [True, False])
def test_a_backup_brings_the_values_back_and_a_foreign_file_is_set_aside(tmp_path: Path, predictions: bool) -> None:
    home, kept = tmp_path / "home", judged([1.0, 0.5])
    publish(home, "acme/one")
    Judgements(home).write("s1", kept)
    (home / "judged" / "s1" / ".mednli.npz.new").write_bytes(b"half")
    made = write_backup(home, tmp_path / "backups", predictions=predictions)
    assert [path.name for path in (made / "judged").rglob("*.npz")] == ["mednli.npz"]
    assert not (made / "judged" / "s1" / ".mednli.npz.new").exists()
    Judgements(home).write("s1", judged([0.0, 0.0]))
    restore_backup(home, made)
    assert same(Judgements(home).read("s1", "mednli"), kept)
    assert len(list((home / "judged" / "s1").glob("*.stale"))) == 1
