"""Asks a local model with Hugging Face transformers, in a process of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from backend.domain import Edition, Engine, Finish, Message, ModelSource, Prediction, Prompt, Window
from backend.engines.answers import prediction_of
from backend.engines.device import is_gpu_expected, try_device
from backend.errors import FailureCode, ModelCrash, ModelFault, UsageError
from backend.isolation import ModelProcess, bounds_under
from backend.settings import Settings

WINDOW = 256
MOST_FACTS, LONGEST_FACT = 64, 1_000
CHILD = "backend.engines.local.child"


class LocalModel:
    """A model opened in its own process; `effort` says how many prompt tokens there were and went through the model.

    `reuse` says what of prompts is read once; it may be another the next time, under the same facts.
    """

    def __init__(self, process: ModelProcess, settings: Settings, loaded: "_Loaded") -> None:
        self._process = process
        self._settings = settings
        self.window = Window(loaded.window, self._count)
        self.facts: Mapping[str, str | int | float | None] = loaded.facts
        self.reuse = loaded.reuse
        self.effort: Mapping[str, int] = {}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """In the order given, so that neighbours may share what they begin with; one window is in flight at a time."""
        waiting = iter(prompts)
        while window := list(islice(waiting, WINDOW)):
            chunk = {prompt.example_id: prompt for prompt in window}
            self._process.send({"do": "complete", "prompts": [asdict(prompt) for prompt in window]})
            while chunk:
                reply = _checked(self._process.receive(self._settings.answer_timeout, FailureCode.GENERATION_TIMEOUT))
                answer = _understood(_Answer, reply)
                if answer.example_id not in chunk:
                    raise ModelCrash(FailureCode.INTERNAL_ERROR, "The model process answered what it was not asked.")
                prompt = chunk.pop(answer.example_id)
                self.effort = {"prompt_tokens": answer.read, "prefill_tokens": answer.prefilled}
                yield prediction_of(
                    prompt,
                    answer.text,
                    answer.finish,
                    prompt_tokens=answer.prompt_tokens,
                    output_tokens=answer.output_tokens,
                )

    def _count(self, messages: Sequence[Message]) -> int:
        self._process.send({"do": "count", "messages": [asdict(message) for message in messages]})
        reply = _checked(self._process.receive(self._settings.answer_timeout, FailureCode.GENERATION_TIMEOUT))
        return _understood(_Count, reply).tokens


@contextmanager
def open_model(source: ModelSource, settings: Settings, halt: Event) -> Iterator[LocalModel]:
    """Loads the model of `source.folder`; its process and scratch folder are gone afterwards.

    A ModelCrash for which the machine is to blame becomes GpuGone.
    """
    if source.folder is None:
        raise UsageError("The transformers engine needs the model's files; it takes no URL.")
    log = source.log or settings.home / "logs" / "model.log"
    try:
        process = ModelProcess(CHILD, log, halt, reads=[source.folder], bounds=bounds_under(settings))
        with _opened(source.folder, settings, process) as model:
            yield model
    except ModelCrash:
        if is_gpu_expected():
            try_device(log, halt, bounds=bounds_under(settings))
        raise


@contextmanager
def _opened(folder: Path, settings: Settings, process: ModelProcess) -> Iterator[LocalModel]:
    try:
        process.send(
            {
                "do": "load",
                "folder": str(folder.resolve()),
                "dtype": settings.dtype,
                "batch_tokens": settings.batch_tokens,
            }
        )
        loaded = _checked(process.receive(settings.load_timeout, FailureCode.LOAD_TIMEOUT))
        yield LocalModel(process, settings, _understood(_Loaded, loaded))
    finally:
        process.close()


# Whatever runs in the model's process is the submitter's: its messages are taken for nothing but text until checked.


Word = Annotated[str, StringConstraints(max_length=LONGEST_FACT)]


class _Loaded(BaseModel):
    window: int | None
    facts: Annotated[dict[Word, Word | int | float | None], Field(max_length=MOST_FACTS)]
    reuse: Word = "none"


class _Count(BaseModel):
    tokens: int


class _Answer(BaseModel):
    example_id: str
    text: str
    finish: Finish
    prompt_tokens: int
    output_tokens: int
    read: int = 0
    prefilled: int = 0


class _Failure(BaseModel):
    failure: FailureCode


Reply = TypeVar("Reply", bound=BaseModel)


def _understood(kind: type[Reply], message: Mapping[str, Any]) -> Reply:
    try:
        return kind.model_validate(message)
    except ValidationError:
        # From None: pydantic repeats what it was given, and that may be a prompt.
        raise ModelCrash(FailureCode.INTERNAL_ERROR, "The model process wrote something unreadable.") from None


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    if "failure" in reply:
        raise ModelFault(_understood(_Failure, reply).failure)
    return reply


ENGINE = Engine(
    name="transformers",
    title="transformers, on this machine",
    keeps_text_home=True,
    editions=frozenset(Edition),
    needs_files=True,
    takes_folder=True,
    open=open_model,
)
