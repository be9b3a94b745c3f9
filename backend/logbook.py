"""What the services write down: a line for each record, made of our own fixed sentences, ids and numbers alone."""

import json
import logging
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from backend.errors import ClueError, ModelCrash, ModelFault, OperatorFault, PassingFault

PROJECT = Path(__file__).resolve().parent.parent
OURS = frozenset({"__main__", "app", "backend", "eval_queue", "frontend_config", "storage"})
FIELDS = (
    "submission", "attempt", "task", "stage", "line", "lines", "edition", "code", "public", "fault", "cause", "places",
    "exit_code", "seconds", "count", "at_once", "refused", "address",
)  # fmt: skip
FOREIGN = "a library has something to say"
MOST_PLACES = 20
LONGEST_VALUE = 500
_NAME = re.compile(r"[A-Za-z_][\w.\-<>]{0,99}")
_LOG = logging.getLogger(__name__)


class LogForm(StrEnum):
    """How a line is written; `auto` is text on a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


def fault_fields(fault: BaseException) -> dict[str, Any]:
    """What may be written down of a fault, as fields: its kind, public code or sentence, and where in the code it was.

    Its own text never is: a library's may quote a prompt, and an operator's names places of this machine.
    """
    fields: dict[str, Any] = {"fault": _name(type(fault).__name__)}
    match fault:
        case ModelFault() | PassingFault() | ModelCrash():
            fields["code"] = str(fault.code)
        case OperatorFault():
            fields["public"] = fault.public
    cause = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    if cause is not None:
        fields["cause"] = _name(type(cause).__name__)
    return fields | {"places": _places(fault.__traceback__)}


@contextmanager
def keeping_log(form: LogForm, out: TextIO | None = None) -> Iterator[None]:
    """For the block every record of this process goes to `out`, which is standard error, as one line each.

    Ours keep their sentence and the fields of FIELDS; those of libraries, warnings and uncaught exceptions are reduced
    to who, how grave and which exception. Whatever else is printed to standard error meanwhile is dropped and told.
    """
    out = out or sys.stderr
    handler = _Writer(out)
    handler.setFormatter(_Json() if _is_json(form, out) else _Text())
    root = logging.getLogger()
    before, level, shown, hooks = (
        root.handlers,
        root.level,
        warnings.showwarning,
        (sys.excepthook, threading.excepthook),
    )
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    _calm()
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, error, trace: _uncaught(error)
    threading.excepthook = lambda given: _uncaught(given.exc_value)
    kept, sys.stderr = sys.stderr, _Swallower(kept_from=out)
    try:
        yield
    except (ClueError, SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - or the interpreter would print its text on its way out
        _uncaught(error)
        raise SystemExit(1) from None
    finally:
        sys.stderr = kept
        sys.excepthook, threading.excepthook = hooks
        logging.captureWarnings(False)
        warnings.showwarning = shown
        root.handlers = before
        root.setLevel(level)


class _Writer(logging.StreamHandler[TextIO]):
    """Takes records of every logger, also of those that would rather write by themselves."""

    def handleError(self, record: logging.LogRecord) -> None:
        """A record that cannot be written is dropped: the usual complaint would quote it."""


class _Fields(logging.Formatter):
    """Reduces a record to what may be written."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """The record by field."""
        own = record.name.partition(".")[0] in OURS
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": _name(record.levelname).lower(),
            "logger": _name(record.name) if own else _logger(record.name),
            # Never the arguments: what was put into a sentence is not ours any more.
            "event": record.msg if own and isinstance(record.msg, str) else FOREIGN,
        }
        if own:
            fields |= {name: _plain(record.__dict__[name]) for name in FIELDS if name in record.__dict__}
        error = record.exc_info[1] if record.exc_info else None
        return fields | fault_fields(error) if error is not None else fields


class _Json(_Fields):
    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        return json.dumps(self.fields(record), ensure_ascii=False)


class _Text(_Fields):
    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger and sentence, then the fields as name=value."""
        fields = self.fields(record)
        head = f"{fields.pop('at')[:19]}Z {fields.pop('level').upper():7} {fields.pop('logger')}: {fields.pop('event')}"
        return " ".join([head, *(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())])


class _Swallower:
    """Stands in for standard error: counts what is printed past the log, and tells of it without a word of it."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, kept_from: TextIO) -> None:
        self._out = kept_from
        self._quiet_until = 0.0

    def write(self, text: str) -> int:
        """Drops the text and says, at most once a minute, that there was some."""
        if text.strip() and time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + 60
            _LOG.warning("something was printed past the log; its text is not kept")
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        """Never, so that nobody draws progress bars here."""
        return False

    def fileno(self) -> int:
        """The descriptor that a child's standard error is joined to."""
        return self._out.fileno()


def _calm() -> None:
    """Libraries that came with handlers of their own give them up; chatty ones speak only when something is wrong."""
    for name in list(logging.root.manager.loggerDict):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for noisy in ("httpx", "httpx2", "huggingface_hub", "transformers", "uvicorn", "gradio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that finds the worker at work is no news
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it complains of whatever somebody sends


def _uncaught(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit | KeyboardInterrupt):
        _LOG.critical("an exception was not caught", extra=fault_fields(error))


def _is_json(form: LogForm, out: TextIO) -> bool:
    return form is LogForm.JSON or (form is LogForm.AUTO and not out.isatty())


def _places(trace: TracebackType | None) -> list[str]:
    """`file:line:function` of each frame, the innermost last; no line of source and no value."""
    frames = traceback.extract_tb(trace)[-MOST_PLACES:]
    return [f"{_short(Path(frame.filename))}:{frame.lineno}:{_name(frame.name)}" for frame in frames]


def _short(path: Path) -> str:
    if path.is_relative_to(PROJECT) and "site-packages" not in path.parts:
        return str(path.relative_to(PROJECT))
    return "/".join(path.parts[-2:])


def _logger(name: str) -> str:
    """The module that the logger is named after, or the nearest that exists: a made-up name may be anybody's text."""
    parts = name.split(".")
    places = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((place for place in places if place in sys.modules), "?")


def _plain(value: Any) -> Any:
    match value:
        case bool() | int() | float() | None:
            return value
        case list() | tuple():
            return [_plain(each) for each in value[:MOST_PLACES]]
        case Mapping():
            return None
    return str(value)[:LONGEST_VALUE]


def _name(word: str) -> str:
    """A word of code as it is; anything else is not told."""
    return word if _NAME.fullmatch(word) else "?"
