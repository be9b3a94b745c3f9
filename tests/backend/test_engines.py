"""What every engine owes, whichever it is: each prompt answered once, plain facts, and an end when told to stop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from backend.domain import Engine, ModelSource, Window
from backend.engines import all_engines
from backend.engines.scripted import SCRIPTS, script_name
from backend.errors import Halted, UsageError
from backend.settings import Settings
from tests.backend.asking import SHA, assert_answers_all, local, prompts, served
from tests.loopback.openai import OpenAIServer
from tests.loopback.tgi import TgiServer


@contextmanager
def scripted(folder: Path) -> Iterator[ModelSource]:
    yield ModelSource(hub_id="scripted/slow", revision=SHA)


@contextmanager
def transformers(folder: Path) -> Iterator[ModelSource]:
    yield local(folder)


@contextmanager
def tgi_generate(folder: Path) -> Iterator[ModelSource]:
    with TgiServer(folder, has_chat=False).serving() as url:
        yield served(url)


@contextmanager
def tgi_chat(folder: Path) -> Iterator[ModelSource]:
    with TgiServer(folder).serving() as url:
        yield served(url)


@contextmanager
def openai(folder: Path) -> Iterator[ModelSource]:
    with OpenAIServer(folder).serving() as url:
        yield served(url)


WAYS = {
    "scripted": ("scripted", scripted),
    "transformers": ("transformers", transformers),
    "tgi-generate": ("endpoint", tgi_generate),
    "tgi-chat": ("endpoint", tgi_chat),
    "openai": ("endpoint", openai),
}


def test_every_engine_is_held_to_the_contract() -> None:
    assert {engine for engine, _ in WAYS.values()} == all_engines().keys()


@pytest.mark.parametrize("way", WAYS)
def test_every_prompt_is_answered_once_and_a_halt_ends_the_rest(way: str, tiny_model: Path, settings: Settings) -> None:
    name, lend = WAYS[way]
    engine: Engine = all_engines()[name]
    halt = Event()
    with lend(tiny_model) as source, engine.open(source, settings, halt) as client:
        assert_answers_all(client, prompts(5, new=4))
        assert list(client.complete([])) == []
        assert isinstance(client.window, Window) and client.window.count(prompts(1)[0].messages) >= 0
        twice = [{one.example_id: one.text for one in client.complete(prompts(3, new=4))} for _ in range(2)]
        assert twice[0] == twice[1], "the same prompts get the same answers"
        answers = client.complete(prompts(400, new=4))
        next(answers)
        halt.set()
        with pytest.raises(Halted):
            list(answers)


@pytest.mark.parametrize("name", sorted(all_engines()))
def test_an_engine_says_what_it_is(name: str) -> None:
    engine = all_engines()[name]
    assert engine.name == name and engine.title and engine.editions
    assert engine.keeps_text_home is (name != "endpoint")


@pytest.mark.parametrize(
    ("model_id", "script"), [("scripted/rules", "rules"), ("acme/tiny", None), ("scripted-x/rules", None)]
)
def test_a_script_is_named_like_a_model(model_id: str, script: str | None) -> None:
    assert script_name(model_id) == script


def test_an_unknown_script_is_refused_with_the_known() -> None:
    with pytest.raises(UsageError) as caught:
        script_name("scripted/poet")
    with pytest.raises(UsageError):
        script_name("scripted")
    assert all(f"scripted/{name}" in str(caught.value) for name in SCRIPTS)


def test_a_halted_script_says_nothing_more(settings: Settings) -> None:
    halt = Event()
    halt.set()
    ask: Callable[[str], ModelSource] = lambda name: ModelSource(hub_id=f"scripted/{name}", revision=SHA)  # noqa: E731
    for name in SCRIPTS:
        with all_engines()["scripted"].open(ask(name), settings, halt) as client, pytest.raises(Halted):
            list(client.complete(prompts(1)))
