"""What a comparison and the queue look like in the terminal."""

from collections.abc import Sequence
from typing import Any

import pytest

from backend.submission import Status
from frontend_config.terminal import print_comparison, print_queue
from tests.pages.records import submission


def pair(
    first: str, second: str, difference: float | None, finding: str | None, half: float | None = 1.0
) -> dict[str, Any]:
    known = difference is not None and half is not None
    return {
        "first": first,
        "second": second,
        "n": 9,
        "difference": difference,
        "low": difference - half if known else None,  # type: ignore[operator]
        "high": difference + half if known else None,  # type: ignore[operator]
        "detectable": 1.44 if known else None,
        "finding": finding,
    }


def cell(title: str, ranks: dict[str, tuple[float | None, list[int] | None]], pairs: Sequence[Any]) -> dict[str, Any]:
    runs = {name: {"value": value, "rank": rank} for name, (value, rank) in ranks.items()}
    return {"title": title, "tests": len(pairs), "runs": runs, "pairs": list(pairs)}


def printed(capsys: pytest.CaptureFixture[str], record: dict[str, Any]) -> list[str]:
    print_comparison(record)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def test_two_runs_show_every_cell_with_interval_finding_and_reach(capsys: pytest.CaptureFixture[str]) -> None:
    toy = cell("Toy", {"a": (53.1, [1, 1]), "b": (50.0, [2, 2])}, [pair("a", "b", 3.1, "better")])
    part = cell("Toy: Same", {"a": (40.0, [1, 2]), "b": (40.4, [1, 2])}, [pair("a", "b", -0.4, "cannot tell")])
    lines = printed(capsys, {"runs": ["a", "b"], "cells": {"toy": toy, "toy.same": part}})
    assert "Toy 53.1 (1) 50.0 (2)" in lines and "Toy: Same 40.0 (1–2) 40.4 (1–2)" in lines
    assert "difference, 95 % interval a is detectable" in lines
    assert "Toy +3.1 (+2.1 to +4.1) better 1.4" in lines
    assert "Toy: Same -0.4 (-1.4 to +0.6) cannot tell 1.4" in lines


def test_what_is_missing_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    toy = cell("Toy", {"a": (53.1, [1, 1]), "b": (None, None)}, [pair("a", "b", None, None)])
    bare = cell("Bare", {"a": (53.1, [1, 2]), "b": (1.0, None)}, [pair("a", "b", 3.1, "cannot tell", None)])
    lines = printed(capsys, {"runs": ["a", "b"], "cells": {"toy": toy, "bare": bare}})
    assert "Toy 53.1 (1) –" in lines and "Bare 53.1 (1–2) 1.0" in lines
    assert "Toy – – –" in lines and "Bare +3.1 cannot tell –" in lines


def test_of_more_runs_the_metrics_are_not_printed_and_of_many_no_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    def record(names: str) -> dict[str, Any]:
        pairs = [pair(a, b, 1.0, "better") for a in names for b in names if a < b]
        ranks: dict[str, tuple[float | None, list[int] | None]] = {name: (1.0, [1, 1]) for name in names}
        return {
            "runs": list(names),
            "cells": {"toy": cell("Toy", ranks, pairs), "toy.same": cell("Same", ranks, pairs)},
        }

    three = printed(capsys, record("abc"))
    assert "Toy a b +1.0 (+0.0 to +2.0) better 1.4" in three and "b c +1.0 (+0.0 to +2.0) better 1.4" in three
    assert not any("Same" in line for line in three)
    many = printed(capsys, record("abcdefg"))
    assert any("--json" in line for line in many) and not any("better" in line for line in many)
    assert "a 1.0 (1)" in many and "Toy 1.0 (1) 1.0 (1) 1.0 (1)" in three


def test_names_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("runs/[bold]a", "b:smile:")
    toy = cell("Toy [x]", {name: (50.0, [1, 2]) for name in names}, [pair(*names, 0.0, "cannot tell")])
    lines = printed(capsys, {"runs": list(names), "cells": {"toy": toy}})
    assert "runs/[bold]a b:smile:" in lines
    assert "Toy [x] +0.0 (-1.0 to +1.0) cannot tell 1.4" in lines


def test_the_queue_shows_reasons_as_they_are_and_ids_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    note = "[/] was [red]wrong[/red]"
    long = submission(1, "acme/" + "n" * 40, Status.WITHDRAWN, 5, id="20260101-0123abcd", note=note)
    print_queue([long], [])
    shown = capsys.readouterr().out
    assert "20260101-0123abcd" in shown
    assert "[red]" in shown and "[/]" in shown
