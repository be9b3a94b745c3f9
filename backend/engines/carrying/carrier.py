"""What runs on a node of a Ray cluster: opens an engine's model there, and carries prompts to it and answers back."""

import hashlib
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from threading import Event, Lock
from typing import Any, TypeVar

from filelock import FileLock

from backend.domain import Engine, Fact, Message, Model, ModelClient, ModelSource, Prediction, Prompt
from backend.engines.carrying.faults import CarriedFault, catch
from backend.errors import Halted, OperatorFault
from backend.hub.fetching import fetch
from backend.isolation import PROJECT, refusal_of_credentialed
from backend.settings import Settings

COMMIT = re.compile(r"[0-9a-f]{40}")
LOG_BYTES = 8_000
Made = TypeVar("Made")
Listing = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be opened: the engine of a module, a model with the names and sizes of its files, plain settings."""

    module: str
    source: ModelSource
    files: Listing | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an opened model says of itself; `tokens` is its window."""

    tokens: int | None
    facts: Mapping[str, Fact]


def differences(one: Opened, other: Opened) -> list[str]:
    """The names of the facts that two opened models do not share; `tokens` for their windows."""
    names = sorted({**one.facts, **other.facts})
    return ["tokens"] * (one.tokens != other.tokens) + [n for n in names if one.facts.get(n) != other.facts.get(n)]


class Carrier:
    """One seat's model. Every method returns what it was asked for or the fault that stopped it, and raises nothing."""

    def __init__(self, order: Order, seat: int) -> None:
        # Settings are understood once the code is known to be the same: until then nothing here may fail.
        self._order = order
        self._log = Path(order.settings["home"]) / "logs" / f"{_logs_of_this_node()}{seat}-{os.getpid()}.log"
        self._halt, self._using, self._opened = Event(), Lock(), ExitStack()
        self._client: ModelClient | None = None

    def arrive(self) -> str | CarriedFault:
        """The digest of the program's code on this node; logs of killed seats are gone from it."""
        os.umask(0o077)  # the model's log and files are nobody else's to read
        return catch(self._arrive)

    def open(self) -> Opened | CarriedFault:
        """The model is opened, its files fetched first where this node does not have them."""
        with self._using:
            return self._with_log(catch(self._open))

    def count(self, messages: Sequence[Message]) -> int | CarriedFault:
        """Tokens of the messages."""
        with self._using:
            return self._with_log(catch(lambda: self._open_client.window.count(messages)))

    def answer(self, prompts: Sequence[Prompt]) -> Iterator[Prediction | CarriedFault]:
        """The answers as they come, up to the first fault."""
        with self._using:
            answers: Iterator[Prediction] | CarriedFault = catch(lambda: iter(self._open_client.complete(prompts)))
            while not isinstance(answers, CarriedFault):
                found = self._with_log(catch(lambda: next(answers, None)))
                if found is None:
                    return
                yield found
                if isinstance(found, CarriedFault):
                    return
            yield answers

    def close(self) -> None:
        """Whatever goes on has ended, and the model's process and log are gone."""
        self._halt.set()
        with self._using:
            catch(self._opened.close)
            self._log.unlink(missing_ok=True)

    @property
    def _open_client(self) -> ModelClient:
        if self._client is None or self._halt.is_set():
            raise Halted("The model is not open any more.")
        return self._client

    def _arrive(self) -> str:
        ours = re.compile(re.escape(_logs_of_this_node()) + r"\d+-(\d+)\.log")
        for log in self._log.parent.glob("ray-*.log"):
            found = ours.fullmatch(log.name)
            if found and not _is_running(int(found[1])):
                log.unlink(missing_ok=True)
        return code_digest()

    def _open(self) -> Opened:
        settings = Settings.model_validate(self._order.settings)
        reason = refusal_of_credentialed(settings) if settings.ray_keeps_text_home else None
        if reason:
            raise OperatorFault(
                f"CLUE_RAY_KEEPS_TEXT_HOME lets {platform.node()} hold credentialed texts, but a model's process "
                "is not isolated there. docs/isolation.md says how; CLUE_UNISOLATED_CREDENTIALED=none does without."
            )
        source = replace(self._order.source, folder=self._folder(settings), log=self._log)
        engine: Engine = import_module(self._order.module).ENGINE
        self._client = self._opened.enter_context(engine.open(source, settings, self._halt))
        return Opened(tokens=self._client.window.tokens, facts=dict(self._client.facts))

    def _folder(self, settings: Settings) -> Path | None:
        """The model's folder on this node, with the same files as on the worker's host."""
        wanted, source = self._order.source.folder, self._order.source
        if wanted is None or listing(wanted) == self._order.files:
            return wanted
        if not COMMIT.fullmatch(source.revision):
            raise OperatorFault(
                f"{wanted} is not on {platform.node()}, or is another one there. A model that is a folder must lie "
                "where every node of the Ray cluster sees it under the same path."
            )
        cache = settings.home / "models"
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(cache / ".ray.lock"):  # the first of several on one node fetches for all of them
            model = Model(hub_id=source.hub_id, revision=source.revision)
            return fetch(model, settings, self._halt, lambda done, total: None)

    def _with_log(self, found: Made) -> Made:
        if isinstance(found, CarriedFault) and self._log.exists():
            return replace(found, log=self._log.read_bytes()[-LOG_BYTES:])
        return found


def listing(folder: Path) -> Listing | None:
    """Names and sizes of the folder's files; None where there is no such folder."""
    return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()} if folder.is_dir() else None


def code_digest(project: Path = PROJECT) -> str:
    """SHA-256 over the Python files of backend, names and contents: two nodes that agree ask and answer alike."""
    whole = hashlib.sha256()
    for path in sorted((project / "backend").rglob("*.py")):
        whole.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def _logs_of_this_node() -> str:
    return f"ray-{platform.node()}-"


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
