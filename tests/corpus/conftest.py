"""One process for all hostile models, opened one after another; it sees one folder, in which all of them lie."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from backend.isolation import ModelProcess


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ModelProcess, Path]]:
    models = tmp_path_factory.mktemp("models")
    log = tmp_path_factory.mktemp("logs") / "model.log"
    process = ModelProcess("backend.engines.local.child", log, Event(), reads=[models])
    yield process, models
    process.close()
