"""A model's chat template, run in a process of its own: it is the submitter's program, and no part of ours."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event, Lock
from typing import Any

from backend.domain import ModelSource, Prompt
from backend.engines.served.dialects import TextForm
from backend.errors import FailureCode, ModelCrash, ModelFault
from backend.hub.brought import brought_tokenizer
from backend.hub.kinds import WITHOUT_WEIGHTS, FileKind, kind_of
from backend.hub.tokenizers import download_tokenizer
from backend.isolation import ModelProcess, bounds_under
from backend.settings import Settings

CHILD = "backend.engines.served.rendering_child"
RENDER_SECONDS = 30.0


class Renderer:
    """The process, with one model's template loaded."""

    def __init__(self, process: ModelProcess, folder: Path, settings: Settings) -> None:
        self._process = process
        self._turn = Lock()  # of threads: one that nobody waits for any more still takes its own reply away
        process.send({"folder": str(folder.resolve())})
        reply = _checked(process.receive(settings.load_timeout, FailureCode.LOAD_TIMEOUT))
        self.form: TextForm | None = None
        if reply.get("template") in {"chat", "system_merged"}:
            self.form = TextForm(str(reply["template"]), str(reply.get("digest")), self.write)

    async def write(self, prompt: Prompt) -> str:
        """The prompt as the template writes it, and what its answer begins with."""
        return await asyncio.to_thread(self._render, prompt) + prompt.begun

    def _render(self, prompt: Prompt) -> str:
        with self._turn:
            self._process.send({"messages": [asdict(message) for message in prompt.messages]})
            text = _checked(self._process.receive(RENDER_SECONDS, FailureCode.TEMPLATE_ERROR)).get("text")
        if not isinstance(text, str):
            raise ModelCrash(FailureCode.INTERNAL_ERROR, "The model process wrote something unreadable.")
        return text


@contextmanager
def template_in(folder: Path, log: Path, settings: Settings, halt: Event) -> Iterator[TextForm | None]:
    """The template of the tokenizer in the folder; None without one. ModelFault when it or the tokenizer fails."""
    process = ModelProcess(CHILD, log, halt, reads=[folder], bounds=bounds_under(settings))
    try:
        yield Renderer(process, folder, settings).form
    finally:
        process.close()


def tokenizer_folder(source: ModelSource, settings: Settings) -> Path | None:
    """Where the tokenizer's files are, fetched if need be; None if this commit has none for us.

    PassingFault when the Hub does not answer: a fault that passes must not change how prompts are written.
    """
    if source.folder is not None:
        return source.folder if _has_tokenizer(source.folder) else None
    if settings.offline:
        return brought_tokenizer(settings.home / "models", source.hub_id, source.revision)
    try:
        return download_tokenizer(source.hub_id, source.revision, settings.home / "tokenizers")
    except ModelFault:  # it is gated, not there, or its files are refused
        return None


def _has_tokenizer(folder: Path) -> bool:
    return any(kind_of(file.name) in WITHOUT_WEIGHTS - {FileKind.CONFIG} for file in folder.iterdir())


def _checked(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    if "failure" in reply:
        code = reply["failure"]
        raise ModelFault(FailureCode(code) if code in set(FailureCode) else FailureCode.INTERNAL_ERROR)
    return reply
