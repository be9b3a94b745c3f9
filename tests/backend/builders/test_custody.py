"""Real letters stay on this machine and unmixed with invented ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.builders.custody import check_engine, check_places, is_invented
from backend.datasets.rehearsal import MARKER
from backend.domain import Edition
from backend.engines import all_engines
from backend.errors import UsageError
from tests.backend.toys import ToyEngine


@pytest.fixture
def invented(tmp_path: Path) -> Path:
    folder = tmp_path / "invented"
    folder.mkdir()
    (folder / MARKER).touch()
    return folder


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return tmp_path / "real"


def test_whatever_lies_in_a_marked_folder_is_invented_at_any_depth(invented: Path, real: Path) -> None:
    assert is_invented(invented) and is_invented(invented / "a" / "b" / "discharge.csv")
    assert not is_invented(real / "discharge.csv") and not is_invented(invented.parent)


def test_a_link_into_a_marked_folder_does_not_make_a_file_invented(invented: Path, real: Path) -> None:
    real.mkdir()
    (real / "discharge.csv").touch()
    (invented / "discharge.csv").symlink_to(real / "discharge.csv")
    assert not is_invented(invented / "discharge.csv")


def test_real_and_invented_are_never_mixed(invented: Path, real: Path) -> None:
    check_places([real / "a", real / "b"], real / "out")
    check_places([invented / "a", invented / "b"], invented / "out")
    with pytest.raises(UsageError, match="one kind only"):
        check_places([real / "a", invented / "b"], real)
    with pytest.raises(UsageError, match="not marked as holding invented data"):
        check_places([invented / "a"], real)
    with pytest.raises(UsageError, match="which the files are not"):
        check_places([real / "a"], invented)


def test_real_letters_only_go_to_engines_that_keep_them_here(invented: Path, real: Path) -> None:
    away = ToyEngine(keeps_text_home=False).engine
    check_engine(replace(away, keeps_text_home=True), real)
    check_engine(away, invented)
    with pytest.raises(UsageError, match="may not leave this machine"):
        check_engine(away, real)
    with pytest.raises(UsageError, match="only plays with invented letters"):
        check_engine(ToyEngine(editions=frozenset({Edition.REHEARSAL})).engine, real)


def test_of_our_engines_only_those_that_run_here_may_see_real_letters(real: Path) -> None:
    allowed = set()
    for name, engine in all_engines().items():
        try:
            check_engine(engine, real)
            allowed.add(name)
        except UsageError:
            continue
    assert "transformers" in allowed and not allowed & {"endpoint", "scripted"}
