"""What `bench page` measures with: invented boards, and answers counted over real connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser

from backend.domain import Edition, Provenance
from backend.tasks import all_tasks
from frontend_config.bench_page.invention import invented_standings, narrowed
from frontend_config.bench_page.rates import answers_per_second
from frontend_config.bench_page.visits import visit
from frontend_config.columns import board_columns
from frontend_config.payload import leaderboard_payload

from .conftest import Site

TASKS = list(all_tasks().values())


def test_an_invented_board_is_the_same_every_time_and_whole() -> None:
    rows = invented_standings(TASKS, 30)
    assert rows == invented_standings(TASKS, 30)
    told = leaderboard_payload(rows, TASKS, Provenance.MEASURED, Edition.FULL)
    assert told["rows"] == len(set(told["names"])) == 30
    assert all(None not in column["values"] for column in told["columns"])


@pytest.mark.parametrize("columns", [36, 40, 200])
def test_a_board_has_no_more_columns_than_asked_for_and_every_task(columns: int) -> None:
    kept = narrowed(TASKS, columns)
    assert [task.name for task in kept] == [task.name for task in TASKS]
    assert len(board_columns(kept, ())) == min(columns, len(board_columns(TASKS, ())))


def test_answers_are_counted_with_and_without_a_body(site: Site) -> None:
    for headers in ({}, {"If-None-Match": "*"}):
        # In a thread of its own, for a browser that was driven in this one has left its event loop behind.
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(answers_per_second, f"{site.address}/v1/tasks", headers, 0.1).result() > 0


def test_a_visit_sees_the_table_and_every_deed(browser: Browser, site: Site) -> None:
    site.shelf.measured = tuple(invented_standings(TASKS, 40))
    seen = visit(browser, site.address, "board", site.shelf.measured[-2].label)
    assert None not in (seen.cold_ms, seen.warm_ms, seen.sort_ms, seen.filter_ms, seen.search_ms)
    assert 0 < seen.own == seen.received
    assert seen.foreign == 0
