"""A seventh task is one new file, and so is another engine: here each is written and used from end to end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import ModuleType

import pytest

import backend.engines
import backend.tasks
from backend.domain import Edition, Model, ModelSource
from backend.evaluation import Evaluation
from backend.settings import Settings
from tests.backend.toys import MemoryJournals

TASK_FILE = '''"""Colours: what colour is it?"""

from pathlib import Path

from backend.domain import Access, Dataset, Example, Level, Prompt, Task, Window
from backend.metrics.labels import ACCURACY
from backend.prompting import dialogue

ROWS = (("grass", "green"), ("blood", "red"), ("snow", "white"))


def load(data_dir: Path) -> Dataset:
    rows = [Example(id=thing, fields={"thing": thing}, reference=colour, cluster=thing) for thing, colour in ROWS]
    return Dataset(examples=tuple(rows), sha256="colours", source="invented", rows=3)


def ask(example: Example, window: Window) -> Prompt:
    return dialogue(
        example_id=example.id,
        instruction="Name the colour.",
        shots=[],
        question=str,
        document=example.fields["thing"],
        max_new_tokens=4,
        window=window,
    )


TASK = Task(
    name="colours",
    title="Colours",
    level=Level.TWO,
    version=1,
    access=Access.OPEN,
    summary="Name the colour.",
    licence="CC0",
    source="https://example.org",
    specimen=Example(id="specimen", fields={"thing": "sky"}, reference="blue", cluster="sky"),
    load=load,
    ask=ask,
    answer=lambda text, example: text.strip(),
    metrics=(ACCURACY,),
)
'''

ENGINE_FILE = '''"""Knows two colours."""

from contextlib import contextmanager

from backend.domain import Edition, Engine, Finish, Prediction, Window

KNOWN = {"grass": "green", "blood": " red\\n"}


class Client:
    window = Window(None, lambda messages: 0)
    facts = {"engine_version": "7"}

    def complete(self, prompts):
        for prompt in prompts:
            text = KNOWN.get(prompt.messages[-1].content, "no idea")
            yield Prediction(example_id=prompt.example_id, text=text, finish=Finish.STOP)


@contextmanager
def open_colours(source, settings, halt):
    yield Client()


ENGINE = Engine(
    name="colours", title="Colours", keeps_text_home=True, editions=frozenset(Edition), open=open_colours
)
'''


@contextmanager
def one_more_file(package: ModuleType, folder: Path, name: str, text: str) -> Iterator[None]:
    """The package has one more module inside the block."""
    folder.mkdir()
    (folder / f"{name}.py").write_text(text)
    package.__path__.append(str(folder))
    try:
        yield
    finally:
        package.__path__.remove(str(folder))
        sys.modules.pop(f"{package.__name__}.{name}", None)


@pytest.fixture
def one_more_of_each(tmp_path: Path) -> Iterator[None]:
    with (
        one_more_file(backend.tasks, tmp_path / "tasks", "colours", TASK_FILE),
        one_more_file(backend.engines, tmp_path / "engines", "colours", ENGINE_FILE),
    ):
        yield


def test_a_task_and_an_engine_of_one_file_each_work_from_end_to_end(one_more_of_each: None, settings: Settings) -> None:
    tasks, engines = backend.tasks.all_tasks(), backend.engines.all_engines()
    assert "colours" in tasks and len(tasks) == 7
    assert {"colours", "scripted", "transformers", "endpoint"} <= engines.keys()
    result = Evaluation(
        model=Model(hub_id="acme/painter", revision="0" * 40),
        source=ModelSource(hub_id="acme/painter", revision="0" * 40),
        engine=engines["colours"],
        edition=Edition.FULL,
        tasks=[tasks["colours"]],
        settings=settings,
        journal=MemoryJournals().open,
        report=lambda progress: None,
        halt=Event(),
    ).run()
    assert result.engine == "colours" and result.manifest["engine_version"] == "7"
    assert result.runs[0].task_score.value == pytest.approx(200 / 3)


def test_without_their_files_they_are_gone() -> None:
    assert "colours" not in backend.tasks.all_tasks() and "colours" not in backend.engines.all_engines()


def test_a_module_that_only_helps_an_engine_is_none() -> None:
    assert "local" not in backend.engines.all_engines()
    assert all(name == engine.name for name, engine in backend.engines.all_engines().items())
