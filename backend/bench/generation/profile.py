"""Where the time goes inside our engine: its own process's work, watched by torch's profiler."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.bench.generation.work import Work, read_work
from backend.domain import Prompt
from backend.engines.local.child import serve
from backend.isolation import Channel
from backend.ordering import in_prefix_order
from backend.settings import Settings

ITEMS = 15
# Of each group, from its middle: enough to see what takes the time, for every operation is kept in memory.
PROMPTS = 32


def profile(work: Work) -> list[dict[str, Any]]:
    """The operations that take the most time of their own, and their share of all, in percent."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as watching

    gpu = _on_gpu()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]
    profiler = watching(activities=activities)
    channel = _Script(work, profiler)
    try:
        serve(channel)
    except _AllSaid:
        profiler.stop()
    spent = "self_device_time_total" if gpu else "self_cpu_time_total"
    events = sorted(profiler.key_averages(), key=lambda event: -getattr(event, spent))
    total = sum(getattr(event, spent) for event in events)
    return [
        {
            "operation": event.key,
            "percent": round(100 * getattr(event, spent) / total, 1),
            "milliseconds": round(getattr(event, spent) / 1_000, 1),
            "calls": event.count,
        }
        for event in events[:ITEMS]
    ]


class _AllSaid(Exception):
    """Nothing is left to ask."""


class _Script(Channel):
    """A channel that asks the engine's process for a part of the work, in the process itself; answers are let go."""

    def __init__(self, work: Work, profiler: Any) -> None:
        settings = Settings.model_validate({"dtype": work.dtype})
        load = {"do": "load", "folder": str(work.folder), "dtype": work.dtype, "batch_tokens": settings.batch_tokens}
        asked = [{"do": "complete", "prompts": _part(group)} for group in work.groups.values()]
        self._said: list[dict[str, Any]] = [*reversed(asked), load]
        self._profiler, self._loading = profiler, True

    def receive(self) -> dict[str, Any]:
        if not self._said:
            raise _AllSaid
        said = self._said.pop()
        if said["do"] == "complete" and self._loading:
            self._loading = False
            self._profiler.start()
        return said

    def send(self, message: Mapping[str, Any]) -> None:
        if "failure" in message:
            raise RuntimeError(f"The engine refused: {message['failure']}")


def _part(group: Sequence[Prompt]) -> list[dict[str, Any]]:
    ordered = in_prefix_order(group)
    start = max((len(ordered) - PROMPTS) // 2, 0)
    return [asdict(prompt) for prompt in ordered[start : start + PROMPTS]]


def _on_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def main() -> None:
    """Profiles the work in the file named first, and writes what was seen into the file named second."""
    Path(sys.argv[2]).write_text(json.dumps(profile(read_work(Path(sys.argv[1])))), encoding="utf-8")


if __name__ == "__main__":
    main()
