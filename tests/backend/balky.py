"""An engine that notes what it is asked, and raises, fails or dies where a prompt tells it to."""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from backend.domain import Edition, Engine, Fact, Finish, ModelSource, Prediction, Prompt, Window
from backend.errors import FailureCode, ModelFault
from backend.settings import Settings

RAISE, FAIL, DIE = "Please raise.", "Please fail.", "Please die."
PAUSE_SECONDS = 0.03


class Balky:
    """Answers with the prompt's id, one after the other; `asked` in the home has a line for each, with its process."""

    def __init__(self, home: Path, halt: Event) -> None:
        self._asked, self._halt = home / "asked", halt
        self.window = Window(512, lambda messages: 7 * len(messages))
        self.facts: Mapping[str, Fact] = {"engine_version": "1", "template": "none"}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """One answer per prompt, in order."""
        for prompt in prompts:
            with self._asked.open("a") as asked:
                asked.write(f"{prompt.example_id} {os.getpid()}\n")
            self._halt.wait(PAUSE_SECONDS)
            question = prompt.messages[-1].content
            if RAISE in question:
                raise RuntimeError(question)
            if FAIL in question:
                raise ModelFault(FailureCode.TEMPLATE_ERROR, "TypeError")
            if DIE in question:
                os.kill(os.getpid(), signal.SIGKILL)
            yield Prediction(example_id=prompt.example_id, text=prompt.example_id, finish=Finish.STOP)


@contextmanager
def open_balky(source: ModelSource, settings: Settings, halt: Event) -> Iterator[Balky]:
    """Its log has a line once it is open."""
    settings.home.mkdir(parents=True, exist_ok=True)
    if source.log is not None:
        source.log.parent.mkdir(parents=True, exist_ok=True)
        source.log.write_text("the balky model is open\n")
    yield Balky(settings.home, halt)


ENGINE = Engine(name="balky", title="Balky", keeps_text_home=True, editions=frozenset(Edition), open=open_balky)
