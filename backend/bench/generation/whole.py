"""All six tasks by our engine alone: the total time against what was wished for and what is possible."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backend.bench.generation.floors import floors
from backend.bench.generation.measurement import OURS, BenchPlan, circumstances_of, made_model
from backend.bench.generation.models import SHAPES
from backend.bench.generation.shapes import Workload, ask_benchmark
from backend.bench.generation.turns import Turn, run_module, take_turn
from backend.bench.generation.work import Work, write_work
from backend.bench.vocabulary import shared_lengths
from backend.datasets.rehearsal import write_rehearsal
from backend.domain import Task
from backend.progress import FractionProgress

# Of a 7B model on one H200: what was wished for, and what memory and arithmetic allow (746 s).
GOAL_MINUTES, FLOOR_MINUTES = 20.0, 12.4


def measure_benchmark(tasks: Mapping[str, Task], plan: BenchPlan, report: FractionProgress) -> dict[str, Any]:
    """The record of one run over all prompts of all tasks, or the first of each, and a profile of a part.

    The goal and floor in minutes are of the 7b size with all prompts on one H200. `clean` means that every prompt has
    an answer with text.
    """
    with tempfile.TemporaryDirectory(prefix="clue-bench-") as home:
        folder = Path(home)
        report("making prompts and model", 0.0)
        write_rehearsal(folder / "data", plan.scale)
        asked = ask_benchmark(tasks, folder / "data", plan.size, plan.prompts, plan.written)
        write_work(folder / "work.json", _work(asked, folder / "model", plan))
        with made_model(asked, plan.size, folder, plan.threads) as machine:
            report("answering", 0.2)
            turn = take_turn(OURS, folder / "work.json", folder / OURS, plan.threads)
            report("profiling", 0.9)
            profile = _profile(folder, plan.threads)
    limits = {name: max(prompt.max_new_tokens for prompt in group) for name, group in asked.groups.items()}
    floor = floors(SHAPES[plan.size], machine["peak_flops"], asked.ordered, limits)
    return {
        **circumstances_of(machine, plan.size, plan.threads),
        "scale": str(plan.scale),
        **asked.facts(),
        **_totals(turn, asked, floor),
        "goal_minutes": GOAL_MINUTES,
        "floor_minutes": FLOOR_MINUTES,
        "tasks": _by_task(asked, turn),
        "profile": profile,
        "clean": all(turn.answers.get(name) for name in asked.texts),
    }


def _work(asked: Workload, model: Path, plan: BenchPlan) -> Work:
    # Without texts: ours renders its own.
    return Work(folder=model, groups=asked.groups, texts={}, batch_size=plan.batch_size, dtype=plan.dtype)


def _profile(folder: Path, threads: int) -> list[dict[str, Any]]:
    told = folder / "profile.json"
    asked = [str(folder / "work.json"), str(told)]
    run_module("backend.bench.generation.profile", asked, folder / "profile", threads)
    found: list[dict[str, Any]] = json.loads(told.read_text(encoding="utf-8"))
    return found


def _totals(turn: Turn, asked: Workload, floor: Mapping[str, float]) -> dict[str, Any]:
    answering = sum(turn.answering_seconds.values())
    return {
        "minutes": round(turn.seconds / 60, 2),
        "seconds": round(turn.seconds, 1),
        "answering_seconds": round(answering, 1),
        "floor_seconds_at_peak": round(floor["floor_seconds"], 1),
        "floor_seconds_without_reuse": round(floor["floor_seconds_without_reuse"], 1),
        "percent_of_floor": round(100 * floor["floor_seconds"] / answering, 1),
        "prefill_tokens": turn.facts.get("prefill_tokens"),
        "reuse": turn.facts.get("reuse"),
    }


def _by_task(asked: Workload, turn: Turn) -> dict[str, dict[str, Any]]:
    found = {}
    for name, ordered in asked.ordered.items():
        tokens = sum(map(len, ordered))
        found[name] = {
            "prompts": len(ordered),
            "prompt_tokens": tokens,
            "shared_percent": round(100 * float(np.sum(shared_lengths(ordered))) / tokens, 1),
            "seconds": round(turn.answering_seconds[name], 1),
            "tokens_per_second": round(tokens / turn.answering_seconds[name]),
        }
    return found
