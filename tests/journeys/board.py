"""The board's numbers against the command line's."""

from typing import Any

from backend.tasks import all_tasks
from frontend_config.payload import SENT_DECIMALS
from tests.journeys.program import Program
from tests.waiting import wait_for


def board_with_rows(program: Program) -> dict[str, Any] | None:
    """The rehearsal board as data, once it has a row."""
    board: dict[str, Any] = program.get("/v1/leaderboard.json?provenance=measured&edition=rehearsal")
    return board if board["rows"] else None


def columns_of_the_row(program: Program) -> dict[str, dict[str, Any]]:
    """Each column's value, bounds and reason for the only row of the rehearsal board."""
    board = wait_for(lambda: board_with_rows(program))
    assert board["rows"] == 1
    return {
        column["name"]: {
            "value": column["values"][0],
            "low": column.get("low", [None])[0],
            "high": column.get("high", [None])[0],
            "missing": column.get("missing", {}).get("0"),
        }
        for column in board["columns"]
    }


def assert_same_numbers(program: Program, evaluated: dict[str, Any]) -> None:
    """Every metric of what was evaluated is the row's, to the digits the board tells, reasons for dashes included."""
    row = columns_of_the_row(program)
    compared = 0
    for task, run in evaluated["tasks"].items():
        for metric, score in run["scores"].items():
            cell = row[f"{task}.{metric}"]
            wanted = [score["value"], score["low"], score["high"]]
            told = [None if number is None else round(number, SENT_DECIMALS) for number in wanted]
            assert [cell["value"], cell["low"], cell["high"]] == told
            assert cell["missing"] == score.get("missing")
            compared += 1
    assert compared == sum(len(all_tasks()[task].metrics) for task in evaluated["tasks"]) > 0
