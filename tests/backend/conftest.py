"""What the backend's tests share: settings, the benchmark's file or a stand-in, fake tasks and engines."""

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings as hypothesis_settings

from backend.datasets.catalog import MEQSUM, locate
from backend.errors import DataMissing
from backend.settings import Settings, read_settings
from tests.backend.workbooks import write_stand_in

hypothesis_settings.register_profile("clue", deadline=None, derandomize=True, print_blob=False)
hypothesis_settings.load_profile("clue")

# The benchmark file beside the checkout, if there is one.
BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"


class MeqsumData(NamedTuple):
    """A folder that holds a MeQSum workbook; genuine when it is the published one and no stand-in."""

    folder: Path
    genuine: bool


@pytest.fixture(scope="session")
def meqsum_data(tmp_path_factory: pytest.TempPathFactory) -> MeqsumData:
    """The published workbook where the operator has it, else an invented one of the same schema."""
    for folder in (read_settings().data, BESIDE):
        try:
            if folder is not None and locate(MEQSUM, folder):
                return MeqsumData(folder, True)
        except DataMissing:
            continue
    folder = tmp_path_factory.mktemp("data")
    write_stand_in(folder / MEQSUM.places[0] / MEQSUM.name)
    return MeqsumData(folder, False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings as they come, with a home of the test's own and no encoder, so that nothing is fetched."""
    return Settings(home=tmp_path / "home", scibert=str(tmp_path / "no-encoder"), load_timeout=120, answer_timeout=120)
