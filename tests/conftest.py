"""Points the real Hub client at a loopback Hub before anything can import it, and lends the tests their doubles."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import QUIET, chromium
from tests.loopback.hub import LoopbackHub
from tests.small_disk import run_where_disks_may_be_mounted
from tests.workbooks import MeqsumData, find_meqsum

MOST_AT_ONCE = 8
LONGEST = frozenset({"journeys", "test_storm", "test_worker_process", "test_operations", "test_command_line"})

# huggingface_hub reads its environment once, at import: all of this happens before any test module is collected.
_SESSION = ExitStack()
_HUB = LoopbackHub()
_HOME = Path(_SESSION.enter_context(tempfile.TemporaryDirectory(prefix="loopback-home-")))
_FORGOTTEN = (
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_TOKEN_PATH",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
)
for _name in _FORGOTTEN:
    os.environ.pop(_name, None)
os.environ.update(
    HF_ENDPOINT=_SESSION.enter_context(_HUB.serving()),
    HF_HOME=str(_HOME),
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_XET="1",
    HF_HUB_DISABLE_UPDATE_CHECK="1",
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    OMP_NUM_THREADS="1",  # tiny models gain nothing from threads, and threads that wait for each other take the cores
    NO_PROXY="127.0.0.1,localhost",
    no_proxy="127.0.0.1,localhost",
)


def pytest_configure(config: pytest.Config) -> None:
    """What the tests leave behind is searched for credentialed text at their end."""
    from tests.sweep import Sweep

    config.pluginmanager.register(Sweep(), "sweep")


def pytest_unconfigure() -> None:
    """The session's Hub is stopped and its cache folder gone."""
    _SESSION.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """As many tests at once as this process may use cores, but no more than gain anything."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_AT_ONCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that no core waits for another at the end."""
    items.sort(key=lambda item: not (item.path.parent.name in LONGEST or item.path.stem in LONGEST))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that mounts a small disk runs where it may."""
    return run_where_disks_may_be_mounted(pyfuncitem) or None


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    """The session's Hub, with no repositories, no faults and an empty client cache."""
    _HUB.clear()
    shutil.rmtree(_HOME / "hub", ignore_errors=True)
    yield _HUB
    _HUB.clear()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny Llama with a chat template that knows the system role."""
    from tests.loopback.models import tiny_llama

    return tiny_llama(tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture(scope="session")
def tiny_model_without_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny Llama with no chat template at all."""
    from tests.loopback.models import tiny_llama

    return tiny_llama(tmp_path_factory.mktemp("models") / "base", chat_template=None)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny BERT whose tokenizer names no maximal length."""
    from tests.loopback.models import tiny_bert

    return tiny_bert(tmp_path_factory.mktemp("models") / "bert")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One real Chromium for the whole session."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def meqsum_data(tmp_path_factory: pytest.TempPathFactory) -> MeqsumData:
    """The published MeQSum workbook, or a stand-in where it cannot be had."""
    return find_meqsum(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def rehearsal_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of small invented files for every task."""
    from backend.datasets.rehearsal import Scale, write_rehearsal

    folder = tmp_path_factory.mktemp("rehearsal") / "data"
    write_rehearsal(folder, Scale.SMALL)
    return folder
