"""The tasks as plain data, each with its invented specimen as a model would be asked it."""

from collections.abc import Sequence
from typing import Any

from backend.domain import Task, Window
from frontend_config.columns import meaning_of


def tasks_payload(tasks: Sequence[Task]) -> dict[str, Any]:
    """Every task with its level, access, licence, metrics and specimen; no item of a data set."""
    return {"tasks": [task_payload(task) for task in tasks]}


def task_payload(task: Task) -> dict[str, Any]:
    """One task, with the prompt that its specimen becomes when nothing has to be left out."""
    prompt = task.ask(task.specimen, Window(None, len))
    return {
        "name": task.name,
        "title": task.title,
        "level": task.level,
        "version": task.version,
        "access": task.access,
        "summary": task.summary,
        "licence": task.licence,
        "source": task.source,
        "metrics": [{"name": each.name, "title": each.title, "meaning": meaning_of(each)} for each in task.metrics],
        "specimen": {
            "fields": dict(task.specimen.fields),
            "prompt": [{"role": message.role, "content": message.content} for message in prompt.messages],
            "max_new_tokens": prompt.max_new_tokens,
            "reference": task.specimen.reference,
        },
    }
