"""A role in a home belongs to one process, however that process ends."""

from pathlib import Path

import pytest

from backend.errors import HomeInUse
from storage.lock import alone
from tests.storage.racing import racer, said


def test_a_second_holder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with alone(tmp_path, "worker"):
        with pytest.raises(HomeInUse, match=r"A worker already runs on .*Stop it first"), alone(tmp_path, "worker"):
            pass
        with alone(tmp_path, "page"):
            pass
    with alone(tmp_path, "worker"):
        pass


def test_another_process_is_refused_until_the_holder_is_killed(tmp_path: Path) -> None:
    with racer("hold_lock", tmp_path, "worker") as holder:
        assert said(holder) == "held"
        with pytest.raises(HomeInUse), alone(tmp_path, "worker"):
            pass
        holder.kill()
        holder.wait()
        with alone(tmp_path, "worker"):
            pass


def test_a_role_is_let_go_of_when_its_work_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), alone(tmp_path, "worker"):
        raise RuntimeError
    with alone(tmp_path, "worker"):
        pass
