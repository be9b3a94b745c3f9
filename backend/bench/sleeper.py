"""A model that sleeps instead of computing: it shows what carrying costs, on machines that cannot compute at once."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from backend.domain import Edition, Engine, Fact, Finish, ModelSource, Prediction, Prompt, Window
from backend.halting import halt_if
from backend.settings import Settings

PAUSE_SECONDS = 0.02


class Sleeper:
    """Answers one prompt after the other with its last words, each after a pause."""

    def __init__(self, halt: Event) -> None:
        self._halt = halt
        self.window = Window(None, lambda messages: sum(len(message.content) for message in messages))
        self.facts: Mapping[str, Fact] = {"engine_version": "1", "template": "none"}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """One answer per prompt, in order."""
        for prompt in prompts:
            halt_if(self._halt.wait(PAUSE_SECONDS))
            text = prompt.messages[-1].content[-20:]
            yield Prediction(example_id=prompt.example_id, text=text, finish=Finish.STOP, truncated=prompt.truncated)


@contextmanager
def open_sleeper(source: ModelSource, settings: Settings, halt: Event) -> Iterator[Sleeper]:
    """Nothing is loaded."""
    yield Sleeper(halt)


ENGINE = Engine(
    name="sleeper",
    title="a model that sleeps",
    keeps_text_home=True,
    editions=frozenset({Edition.REHEARSAL}),
    from_hub=False,
    open=open_sleeper,
)
