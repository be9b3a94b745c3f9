"""The two pages that are measured, each served by a process of its own on this machine."""

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import pandas as pd
import uvicorn
from fastapi import FastAPI

from backend.domain import Edition, Provenance, Standing, Task
from backend.errors import OperatorFault
from backend.settings import Settings
from backend.submission import Pulse, Receipt, Submission, SubmissionForm
from frontend_config.desk import Desk
from frontend_config.payload import leaderboard_payload
from frontend_config.site import build_site

PATIENCE_SECONDS = 120
TABLE_HEIGHT = 640


@contextmanager
def served(build: Callable[[], FastAPI]) -> Iterator[str]:
    """The address of a server in a process of its own, which ends with the block; OperatorFault if none comes up.

    It is a fork, because what it serves cannot be written down and read again; so no thread may run here yet.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(build, port), daemon=True)
    process.start()
    try:
        _wait_for(port, process.is_alive)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def our_site(standings: Sequence[Standing], tasks: Sequence[Task], home: Path) -> FastAPI:
    """The real site over these standings and an empty queue."""

    def told(provenance: Provenance, edition: Edition) -> Sequence[Standing]:
        return standings if (provenance, edition) == (Provenance.MEASURED, Edition.FULL) else ()

    return build_site(
        Desk(
            settings=Settings(home=home),
            tasks=tasks,
            standings=told,
            version=lambda: "1",
            publication=lambda number: None,
            publications=lambda hub_id: [],
            submissions=list,
            waiting=list,
            pulse=lambda: Pulse(seen_at=None, silent_seconds=None),
            events=lambda submission_id: [],
            estimates=lambda submissions, waiting, pulse: {},
            submit=_closed_door,
            cancel=_no_deed,
            retry=_no_deed,
            withdraw=_no_deed,
            supersede=_no_deed,
        )
    )


def dataframe_site(standings: Sequence[Standing], tasks: Sequence[Task]) -> FastAPI:
    """The same columns and rows in gr.Dataframe, with its search field."""
    payload = leaderboard_payload(standings, tasks, Provenance.MEASURED, Edition.FULL)
    names = [f"{column.get('part_of', '')} {column['title']}".strip() for column in payload["columns"]]
    table = pd.DataFrame(dict(zip(names, (column["values"] for column in payload["columns"]), strict=True)))
    scores = table.select_dtypes("float").columns
    table[scores] = table[scores].round(payload["decimals"])
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.Dataframe(table, interactive=False, show_search="search", max_height=TABLE_HEIGHT)
    site: FastAPI = gr.mount_gradio_app(FastAPI(), blocks, path="/", ssr_mode=False)
    return site


def _serve(build: Callable[[], FastAPI], port: int) -> None:
    uvicorn.run(build(), host="127.0.0.1", port=port, log_level="error")


def _wait_for(port: int, alive: Callable[[], bool]) -> None:
    latest = time.monotonic() + PATIENCE_SECONDS
    while alive() and time.monotonic() < latest:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise OperatorFault("The page to be measured did not come up. Free some memory and try again.")


def _closed_door(form: SubmissionForm, submitter: str) -> Receipt:
    raise OperatorFault("This page is only there to be measured.")


def _no_deed(*asked: str) -> Submission:
    raise OperatorFault("This page is only there to be measured.")
