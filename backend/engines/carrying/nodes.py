"""The Ray cluster: joining it, what it has room for, and placing an actor on it."""

import math
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from threading import current_thread, main_thread
from typing import Any

from backend.engines.carrying.carrier import Carrier, Order
from backend.errors import OperatorFault, UsageError
from backend.settings import Settings

AUTO = "auto"
REACH_SECONDS = 5
ENDING = "ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorPlan:
    """How many actors a model is opened in, and the GPUs and processors that each asks for."""

    seats: int
    gpus: float
    cpus: int

    def hire(self, order: Order, seat: int) -> Any:
        """An actor that Ray places on a node with room, at once or as soon as there is one."""
        import ray

        # A second group of threads, so that an actor can be told to stop while it asks.
        actor = ray.remote(concurrency_groups={ENDING: 1})(Carrier)
        return actor.options(
            num_gpus=self.gpus, num_cpus=self.cpus, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD"
        ).remote(order, seat)


def check_installed(find: Callable[[str], object] = find_spec) -> None:
    """UsageError where Ray is not installed."""
    if find("ray") is None:
        raise UsageError("CLUE_RAY is set, but Ray is not installed: `pip install -r requirements-ray.txt`.")


@contextmanager
def joined(settings: Settings) -> Iterator[ActorPlan]:
    """This process takes part in the cluster that the settings name, left again afterwards unless it was in before.

    OperatorFault when there is no cluster, or nothing in it that a model could be placed on.
    """
    check_installed()
    # Ray writes of dead workers to standard output, which belongs to the command; this is how it is told not to.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    import ray

    ours = not ray.is_initialized()
    try:
        if ours:
            _join(settings.ray or AUTO)
        yield plan_for(settings, [node["Resources"] for node in ray.nodes() if node["Alive"]])
    finally:
        if ours:
            ray.shutdown()


def plan_for(settings: Settings, nodes: Sequence[dict[str, float]]) -> ActorPlan:
    """One actor for each GPU, or for each node where there are none at all, unless the settings say otherwise.

    Without GPUs the actors of a node share its processors. OperatorFault when not one actor would fit.
    """
    gpus = sum(node.get("GPU", 0) for node in nodes)
    each = settings.ray_gpus if settings.ray_gpus is not None else 1.0 if gpus else 0.0
    able = [node for node in nodes if node.get("CPU", 0) >= 1 and node.get("GPU", 0) >= each]
    seats = settings.ray_actors or sum(int(node.get("GPU", 0) / each + 1e-9) if each else 1 for node in able)
    if not able:
        raise OperatorFault(f"No node of the Ray cluster has {each:g} GPUs and a processor. `ray status` shows them.")
    on_each = math.ceil(seats / len(able))
    cpus = 1 if each else max(1, int(min(node["CPU"] for node in able)) // on_each)
    return ActorPlan(seats=seats, gpus=each, cpus=cpus)


def _join(address: str) -> None:
    import ray
    from ray._private.services import canonicalize_bootstrap_address

    before = signal.getsignal(signal.SIGTERM)
    try:
        found = canonicalize_bootstrap_address(address)
        # Ray itself would try for minutes to reach one that is gone, and could not be stopped.
        host, _, port = found.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
        ray.init(address=found, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        raise OperatorFault(
            f"There is no Ray cluster at {address} that this machine is part of ({type(error).__name__}). Start it as "
            "docs/ray.md says, or unset CLUE_RAY."
        ) from None
    finally:
        if current_thread() is main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray puts one of its own in its place
