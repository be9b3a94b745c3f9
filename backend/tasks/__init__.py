"""The benchmark's tasks: each module here defines TASK, and that is all it takes to add one."""

from importlib import import_module
from pkgutil import iter_modules

from backend.domain import Task


def all_tasks() -> dict[str, Task]:
    """Every task by name, level by level, in the order of their modules."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    tasks: list[Task] = [module.TASK for module in modules]
    return {task.name: task for task in sorted(tasks, key=lambda task: (task.level, task.name))}
