"""A broken ledger is told once, and once more when it is whole again."""

import logging
from pathlib import Path

import pytest

from storage.ledger import Ledger
from storage.ledger_watch import LedgerWatch
from tests.storage.records import toy_result


def test_a_broken_ledger_is_told_once_and_mended_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, mended = tmp_path / "ledger.jsonl", []
    ledger = Ledger(path)
    for number in range(3):
        ledger.append(f"s{number}", toy_result(f"acme/m{number}"))
    good = path.read_bytes()
    watch = LedgerWatch(ledger, mended=lambda: mended.append(1))
    watch.check()
    assert watch.broken is None
    path.write_bytes(good.replace(b"acme/m1", b"acme/x1"))
    with caplog.at_level(logging.INFO):
        watch.look()
        assert watch.broken is None  # only what is known to be broken is looked at all the time
        for _ in range(3):
            watch.check()
            watch.look()
        assert watch.broken and watch.broken.line == 2
        assert [getattr(record, "line", None) for record in caplog.records] == [2]
        path.write_bytes(good)
        watch.look()
        watch.look()
    assert watch.broken is None and mended == [1]
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert ledger.append("s9", toy_result("acme/m9")).number == 4
