"""Asks a local model with Hugging Face transformers, in a process of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event
from typing import Any

from backend.domain import Edition, Engine, Finish, Message, ModelSource, Prediction, Prompt, Window
from backend.errors import FailureCode, ModelFault, UsageError
from backend.isolation import ModelProcess
from backend.settings import Settings

CHUNK = 64


class LocalModel:
    """A model opened in its own process."""

    def __init__(self, process: ModelProcess, settings: Settings, loaded: Mapping[str, Any]) -> None:
        self._process = process
        self._settings = settings
        self.window = Window(loaded["window"], self._count)
        self.facts: Mapping[str, str | int | float | None] = loaded["facts"]

    def complete(self, prompts: Sequence[Prompt]) -> Iterator[Prediction]:
        """Longest prompts first, so that running out of memory shows early; at most one chunk is ever in flight."""
        ordered = sorted(prompts, key=lambda prompt: -sum(len(message.content) for message in prompt.messages))
        for start in range(0, len(ordered), CHUNK):
            chunk = {prompt.example_id: prompt for prompt in ordered[start : start + CHUNK]}
            self._process.send({"do": "complete", "prompts": [asdict(prompt) for prompt in chunk.values()]})
            while chunk:
                reply = _checked(self._process.receive(self._settings.answer_timeout, FailureCode.GENERATION_TIMEOUT))
                prompt = chunk.pop(reply["example_id"])
                yield Prediction(
                    example_id=prompt.example_id,
                    text=reply["text"],
                    finish=Finish(reply["finish"]),
                    prompt_tokens=reply["prompt_tokens"],
                    output_tokens=reply["output_tokens"],
                    truncated=prompt.truncated,
                )

    def _count(self, messages: Sequence[Message]) -> int:
        self._process.send({"do": "count", "messages": [asdict(message) for message in messages]})
        reply = _checked(self._process.receive(self._settings.answer_timeout, FailureCode.GENERATION_TIMEOUT))
        return int(reply["tokens"])


@contextmanager
def open_model(source: ModelSource, settings: Settings, halt: Event) -> Iterator[LocalModel]:
    """Loads the model of `source.folder`; its process and scratch folder are gone afterwards."""
    if source.folder is None:
        raise UsageError("The transformers engine needs the model's files; it takes no URL.")
    process = ModelProcess("backend.engines.transformers_child", settings.home / "logs" / "model.log", halt)
    try:
        process.send(
            {
                "do": "load",
                "folder": str(source.folder.resolve()),
                "dtype": settings.dtype,
                "batch_size": settings.batch_size,
            }
        )
        loaded = _checked(process.receive(settings.load_timeout, FailureCode.LOAD_TIMEOUT))
        yield LocalModel(process, settings, loaded)
    finally:
        process.close()


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    if "failure" in reply:
        raise ModelFault(FailureCode(reply["failure"]))
    return reply


ENGINE = Engine(
    name="transformers",
    title="transformers, on this machine",
    keeps_text_home=True,
    editions=frozenset(Edition),
    needs_files=True,
    open=open_model,
)
