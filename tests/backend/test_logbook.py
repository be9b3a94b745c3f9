"""A log line holds our own sentence, ids and numbers; no text of anybody else's gets in, whatever is thrown at it."""

import ast
import io
import json
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import FailureCode, ModelFault, OperatorFault
from backend.logbook import FIELDS, PROJECT, LogForm, fault_fields, keeping_log

CANARY = "Mrs-Quillfeather-of-ward-nine"
LIBRARIES = ("uvicorn", "apscheduler.executors.default", "huggingface_hub.utils", "transformers", "torch")
OURS = ("app.py", "backend", "eval_queue", "frontend_config", "storage")
BUILT_IN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class Book:
    """What was written while it was open."""

    def __init__(self) -> None:
        self.out = io.StringIO()

    @property
    def text(self) -> str:
        return self.out.getvalue()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@contextmanager
def book(form: LogForm = LogForm.JSON) -> Iterator[Book]:
    kept = Book()
    with keeping_log(form, kept.out):
        yield kept


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_a_record_of_ours_is_its_sentence_and_its_fields() -> None:
    with book() as kept:
        logging.getLogger("eval_queue.worker").info("an attempt begins", extra={"submission": "s1", "attempt": 2})
    (record,) = kept.records
    assert record.pop("at").endswith("+00:00")
    assert record == {
        "level": "info", "logger": "eval_queue.worker", "event": "an attempt begins", "submission": "s1", "attempt": 2,
    }  # fmt: skip


def test_on_a_terminal_the_same_is_a_line_to_read() -> None:
    with book(LogForm.TEXT) as kept:
        logging.getLogger("storage.scores").error("it is so", extra={"line": 7, "public": "a b"})
    assert kept.text.endswith('Z ERROR   storage.scores: it is so line=7 public="a b"\n')


def test_auto_writes_json_where_nobody_reads_along() -> None:
    with book(LogForm.AUTO) as kept:
        logging.getLogger("app").info("hello")
    assert kept.records[0]["event"] == "hello"


@pytest.mark.parametrize("form", [LogForm.JSON, LogForm.TEXT])
@given(rest=st.text())
def test_no_text_of_a_library_gets_in(form: LogForm, rest: str) -> None:
    said = CANARY + rest
    error = raised(RuntimeError(said))
    error.__cause__ = raised(ValueError(said))
    with book(form) as kept:
        for name in LIBRARIES:
            library = logging.getLogger(name)
            library.error(said)
            library.error("%s and %r", said, {"prompt": said})
            library.error("x", exc_info=error, extra={"submission": said, "prompt": said})
            library.error("%d", said)
        logging.getLogger(said).error("hello")
        logging.getLogger("backend.engines").error("so it is: %s", said)
        logging.getLogger("backend.engines").error("so it is", exc_info=error, extra={"prompt": said})
        logging.getLogger("backend.engines").error(error)
        warnings.warn(said, stacklevel=1)
        print(said, file=sys.stderr)
        traceback.print_exception(error)
    assert CANARY not in kept.text
    assert len(kept.text.splitlines()) >= 25


def test_a_library_that_brings_its_own_handler_is_reduced_as_well() -> None:
    library = logging.getLogger("a_library_with_a_voice")
    direct = io.StringIO()
    library.addHandler(logging.StreamHandler(direct))
    library.propagate = False
    with book() as kept:
        library.error(CANARY)
        late = logging.getLogger("a_library_that_came_late")
        late.propagate = False
        late.addHandler(logging.StreamHandler())
        late.error(CANARY)
    assert direct.getvalue() == ""
    assert CANARY not in kept.text and len(kept.records) == 2


def test_an_exception_that_nobody_catches_is_told_by_kind_and_place_only() -> None:
    def fail() -> None:
        raise LookupError(CANARY)

    with book() as kept:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    with pytest.raises(SystemExit) as ended, keeping_log(LogForm.JSON, kept.out):
        fail()
    assert ended.value.code == 1 and ended.value.__suppress_context__
    assert [record["fault"] for record in kept.records] == ["LookupError", "LookupError"]
    assert all("tests/backend/test_logbook.py" in record["places"][-1] for record in kept.records)
    assert CANARY not in kept.text


def test_a_fault_is_told_by_code_public_sentence_and_places() -> None:
    gated = fault_fields(raised(ModelFault(FailureCode.GATED, CANARY)))
    assert (gated["fault"], gated["code"]) == ("ModelFault", "gated")
    disk = fault_fields(raised(OperatorFault(f"/data/{CANARY} is gone", public="The data are gone.")))
    assert disk["public"] == "The data are gone."
    assert CANARY not in json.dumps([gated, disk])
    (place,) = gated["places"]
    assert place.startswith("tests/backend/test_logbook.py:") and place.endswith(":raised")


def test_what_was_there_before_is_there_afterwards() -> None:
    root = logging.getLogger()
    before = (root.handlers, root.level, sys.stderr, sys.excepthook, threading.excepthook)
    with book():
        assert sys.stderr is not before[2]
    assert (root.handlers, root.level, sys.stderr, sys.excepthook, threading.excepthook) == before


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for place in OURS:
        found = PROJECT / place
        for path in [found] if found.is_file() else sorted(found.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_LOG."):
                    yield f"{path.relative_to(PROJECT)}:{node.lineno}", node


def test_every_log_call_of_the_program_is_a_fixed_sentence_with_known_fields() -> None:
    calls = list(log_calls())
    assert len(calls) >= 9
    for place, call in calls:
        (sentence,) = call.args
        assert isinstance(sentence, ast.Constant) and isinstance(sentence.value, str), place
        assert {keyword.arg for keyword in call.keywords} <= {"extra"}, place
        for keyword in call.keywords:
            for table in [node for node in ast.walk(keyword.value) if isinstance(node, ast.Dict)]:
                names = {key.value for key in table.keys if isinstance(key, ast.Constant)}
                assert names <= set(FIELDS), place
    assert not BUILT_IN & set(FIELDS)
