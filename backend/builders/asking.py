"""Asks a model stage by stage, and only what its journals do not answer yet."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from threading import Event
from types import TracebackType
from typing import Any, Protocol, Self

from backend.domain import Engine, Fact, Model, ModelClient, ModelSource, Prediction, Prompt, Window
from backend.errors import FailureCode, ModelCrash
from backend.progress import StageProgress
from backend.scoring import storable
from backend.settings import Settings


class StageJournal(Protocol):
    """Where what a model wrote is kept as it comes."""

    facts: Mapping[str, Fact]

    def predictions(self) -> Mapping[str, Prediction]:
        """Everything kept so far, by id."""

    def append(self, prediction: Prediction) -> None:
        """Keeps one more before anything is done with it."""


OpenStageJournal = Callable[[str, Mapping[str, Any], Mapping[str, Fact] | None], AbstractContextManager[StageJournal]]
PromptMaker = Callable[[Window], Prompt]


@dataclass(slots=True, kw_only=True)
class StagedModel:
    """A model that is asked in stages, and opened only if there is something left to ask.

    `journal` opens the store of a stage for what is asked there; `report(stage, done, all)` is called as answers come.
    What was opened is closed at the end of the `with` block. `facts` are those of the last stage.
    """

    model: Model
    source: ModelSource
    engine: Engine
    settings: Settings
    journal: OpenStageJournal
    report: StageProgress
    halt: Event = field(default_factory=Event)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    _opened: ExitStack = field(default_factory=ExitStack, repr=False)
    _client: ModelClient | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._client = None
        return self._opened.__exit__(kind, error, trace)

    def answers(self, stage: str, asked: Mapping[str, PromptMaker], made_of: str) -> Mapping[str, Prediction]:
        """A prediction for every id; `made_of` is a digest that changes when what is asked does."""
        if not asked:
            return {}
        run = {
            "stage": stage,
            "model": self.model.hub_id,
            "revision": self.model.revision,
            "engine": self.engine.name,
            "made_of": made_of,
        }
        with self.journal(stage, run, None) as journal:
            if all(one in journal.predictions() for one in asked):
                self.facts = journal.facts
                return dict(journal.predictions())
        client = self._open()
        with self.journal(stage, run, client.facts) as journal:
            self._complete(stage, asked, client, journal)
            self.facts = dict(client.facts)
            return dict(journal.predictions())

    def _complete(
        self, stage: str, asked: Mapping[str, PromptMaker], client: ModelClient, journal: StageJournal
    ) -> None:
        left = [ask for one, ask in asked.items() if one not in journal.predictions()]
        done = len(asked) - len(left)
        self.report(stage, done, len(asked))
        for prediction in client.complete(ask(client.window) for ask in left):
            journal.append(replace(prediction, text=storable(prediction.text)))
            done += 1
            self.report(stage, done, len(asked))
        if done < len(asked):
            raise ModelCrash(FailureCode.INTERNAL_ERROR, f"It left {len(asked) - done} prompts unanswered.")

    def _open(self) -> ModelClient:
        if self._client is None:
            self.report(f"opening {self.model.hub_id}", 0, 0)
            self._client = self._opened.enter_context(self.engine.open(self.source, self.settings, self.halt))
        return self._client
