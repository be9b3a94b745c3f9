"""What the backend's tests share: settings, and properties that are tried in the same order every time."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import settings as hypothesis_settings

from backend.datasets.rehearsal import Scale, write_odd, write_rehearsal
from backend.isolation import ModelProcess
from backend.settings import Settings
from tests.umls import build_umls, umls_python

hypothesis_settings.register_profile("clue", deadline=None, derandomize=True, print_blob=False)
hypothesis_settings.load_profile("clue")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings as they come, with a home of the test's own and no encoders, so that nothing is fetched."""
    nowhere = str(tmp_path / "no-encoder")
    return Settings(home=tmp_path / "home", scibert=nowhere, clinicalbert=nowhere, load_timeout=120, answer_timeout=120)


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ModelProcess, Path]]:
    """One process to load many bad models into, one after another, and its log."""
    log = tmp_path_factory.mktemp("logs") / "model.log"
    process = ModelProcess("backend.engines.local.child", log, Event(), reads=[tmp_path_factory.getbasetemp()])
    yield process, log
    process.close()


@pytest.fixture(scope="session")
def umls_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An invented knowledge base with its linker and pipeline, laid out as the published downloads are."""
    return build_umls(tmp_path_factory.mktemp("umls") / "downloads")


@pytest.fixture
def umls_settings(umls_folder: Path) -> Settings:
    """Settings with which UMLS F1 can be measured."""
    return Settings(umls=umls_folder, umls_python=umls_python(), load_timeout=120, answer_timeout=120)


@pytest.fixture(scope="session")
def rehearsal_with_oddities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of small invented files for every task, and in `odd` of those that no reader expects."""
    folder = tmp_path_factory.mktemp("rehearsal")
    write_rehearsal(folder, Scale.SMALL)
    write_odd(folder)
    return folder
