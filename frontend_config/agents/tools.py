"""The four functions themselves, and how Gradio is told of them."""

import inspect
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import MappingProxyType
from typing import Any, Literal

import gradio as gr
from gradio.events import api
from starlette.exceptions import HTTPException

from backend.errors import ClueError, OperatorFault, UsageError
from backend.logbook import fault_fields
from frontend_config.agents.board import WORDS, Wish, leaderboard_answer, model_answer
from frontend_config.agents.comparison import chosen, comparison_answer
from frontend_config.agents.queue import submission_answer
from frontend_config.columns import AVERAGES, task_titles
from frontend_config.desk import Desk
from frontend_config.guard.callers import counted_as
from frontend_config.row_addresses import RowAddresses
from frontend_config.turnstile import Turnstile
from frontend_config.v1.manners import BROKEN
from frontend_config.views import ViewName, Views
from frontend_config.words import notice

INSIDE = 2
ANY = "any"
VIEWS = tuple(view.value for view in ViewName)
Tool = Callable[..., str]
_LOG = logging.getLogger(__name__)


def add_tools(desk: Desk) -> None:
    """Within a gr.Blocks: the four are named endpoints of it afterwards, and thereby tools of its MCP server."""
    for tool in tools(desk):
        api(tool, api_name=tool.__name__, queue=False)


def tools(desk: Desk) -> tuple[Tool, ...]:
    """Functions that answer in JSON, described for a language model; they raise UsageError with a sentence for it."""
    views = Views(desk)
    return _leaderboard_tool(desk, views), _model_tool(desk, views), _comparing_tool(desk, views), _queue_tool(desk)


def _leaderboard_tool(desk: Desk, views: Views) -> Tool:
    def query_leaderboard(
        view: str = ViewName.MEASURED.value,
        sort_by: str = "overall",
        training: str = ANY,
        name_contains: str = "",
        min_billions: float = 0,
        max_billions: float = 0,
        metrics: bool = False,
        offset: int = 0,
        limit: int = 10,
    ) -> str:
        wish = Wish(
            sort_by=sort_by,
            training=training,
            name_contains=name_contains,
            min_billions=min_billions,
            max_billions=max_billions,
            metrics=metrics,
            offset=int(offset),
            limit=int(limit),
        )
        return _json(leaderboard_answer(desk, views.get(ViewName(view)), wish))

    cells = [*(column.name for column in AVERAGES), *task_titles(desk.tasks)]
    closed = {"view": VIEWS, "sort_by": cells, "training": (ANY, "biomedical", "general")}
    return _described(query_leaderboard, closed)


def _model_tool(desk: Desk, views: Views) -> Tool:
    def model_details(model: str, view: str = ANY, metrics: bool = False) -> str:
        found = views.find(model, None if view == ANY else ViewName(view))
        if found is None:
            raise UsageError(notice("no such model", WORDS))
        return _json(model_answer(desk, views, *found, metrics=metrics))

    return _described(model_details, {"view": (ANY, *VIEWS)}, {"view": "any view"})


def _comparing_tool(desk: Desk, views: Views) -> Tool:
    turnstile = Turnstile(INSIDE, notice("busy", WORDS))

    def compare_models(
        models: list[str], request: gr.Request, view: str = ViewName.MEASURED.value, metrics: bool = False
    ) -> str:
        found = views.get(ViewName(view))
        wanted = chosen(found, models)
        with turnstile.passed(counted_as(request.scope)):
            return _json(comparison_answer(desk, found, wanted, metrics=metrics))

    return _described(compare_models, {"view": VIEWS})


def _queue_tool(desk: Desk) -> Tool:
    rows = RowAddresses(desk)

    def submission_status(submission: str) -> str:
        return _json(submission_answer(desk, rows, submission))

    return _described(submission_status, {})


def _described(
    tool: Tool, closed: Mapping[str, Sequence[str]], told_elsewhere: Mapping[str, str] = MappingProxyType({})
) -> Tool:
    """The tool with its description and those of its arguments; `closed` are the values that some may have.

    An argument is described under its own name, or under the one that `told_elsewhere` has for it.
    """
    described = _speaking(tool)
    reading = () if tool.__name__ == "submission_status" else ("how to read",)
    names = [name for name, each in inspect.signature(tool).parameters.items() if each.annotation is not gr.Request]
    about = " ".join(notice(name, WORDS) for name in (tool.__name__, "benchmark", *reading))
    arguments = "\n".join(f"{name}: {notice(told_elsewhere.get(name, name), WORDS)}" for name in names)
    described.__doc__ = f"{about}\n\nArgs:\n{arguments}"
    described.__annotations__ = {**tool.__annotations__, **{name: _one_of(each) for name, each in closed.items()}}
    return described


def _speaking(tool: Tool) -> Tool:
    """The tool, whose failures are sentences for everybody: Gradio would tell whoever asks what any exception says."""

    @wraps(tool)
    def speaking(*given: Any, **named: Any) -> str:
        try:
            return tool(*given, **named)
        except HTTPException as refusal:
            raise UsageError(refusal.detail) from None
        except OperatorFault as fault:
            raise UsageError(fault.public) from None
        except ClueError:
            raise
        except Exception as error:  # noqa: BLE001 - or its text would be told
            _LOG.error("a tool failed", extra=fault_fields(error))
            raise UsageError(BROKEN) from None

    return speaking


def _one_of(values: Sequence[str]) -> Any:
    closed: Any = Literal
    return closed[tuple(values)]


def _json(content: object) -> str:
    """As JSON in plain ASCII, so that no sign of a stranger's name turns, hides or breaks what is read."""
    return json.dumps(content, allow_nan=False)
