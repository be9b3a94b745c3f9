"""Carries an engine's work over a Ray cluster: the same engine and the same results, asked on many GPUs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from threading import Event
from typing import Any

from backend.domain import Engine, ModelSource
from backend.engines.carrying.carrier import Order, listing
from backend.engines.carrying.crew import Crew
from backend.engines.carrying.nodes import check_installed, joined
from backend.settings import Settings

# What opening, fetching and asking a model read; whatever else the operator set stays on this host.
CARRIED = {
    "home", "data", "dtype", "batch_tokens", "load_timeout", "answer_timeout", "max_model_gb", "min_free_gb",
    "model_hours", "model_memory_gb", "isolation", "unisolated_credentialed", "ray_keeps_text_home",
}  # fmt: skip


def carried_by_ray(module: str, settings: Settings) -> Engine:
    """The engine that the module defines, under its own name, with its models opened on the nodes of a Ray cluster.

    It keeps text at home only where the operator says that the nodes are home. UsageError without Ray installed.
    """
    check_installed()
    engine: Engine = import_module(module).ENGINE
    return replace(
        engine,
        title=f"{engine.name}, on a Ray cluster",
        keeps_text_home=engine.keeps_text_home and settings.ray_keeps_text_home,
        open=partial(open_carried, module),
    )


@contextmanager
def open_carried(module: str, source: ModelSource, settings: Settings, halt: Event) -> Iterator[Crew]:
    """The model, open on at least one node; no actor and no model's process of it is left afterwards."""
    folder = source.folder.resolve() if source.folder else None
    log = source.log or settings.home / "logs" / "model.log"
    order = Order(
        module=module,
        source=replace(source, folder=folder, log=None),
        files=listing(folder) if folder else None,
        settings=carried_settings(settings),
    )
    with joined(settings) as plan:
        crew = Crew(order, plan, halt, patience=settings.load_timeout, log=log)
        try:
            crew.open()
            yield crew
        finally:
            crew.close()


def carried_settings(settings: Settings) -> Mapping[str, Any]:
    """What the nodes are told of the settings; the home is the same path there."""
    at_home = settings.model_copy(update={"home": settings.home.resolve()})
    return at_home.model_dump(mode="json", include=CARRIED)
