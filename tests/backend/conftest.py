"""What the backend's tests share: settings, and properties that are tried in the same order every time."""

from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from backend.settings import Settings

hypothesis_settings.register_profile("clue", deadline=None, derandomize=True, print_blob=False)
hypothesis_settings.load_profile("clue")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings as they come, with a home of the test's own and no encoder, so that nothing is fetched."""
    return Settings(home=tmp_path / "home", scibert=str(tmp_path / "no-encoder"), load_timeout=120, answer_timeout=120)
