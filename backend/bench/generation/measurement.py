"""The whole measurement: every variant in turn over some rounds, then medians, ratios and whether answers are equal."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from backend.bench.circumstances import circumstances
from backend.bench.generation.floors import floors
from backend.bench.generation.models import SHAPES, Size
from backend.bench.generation.shapes import ShapeName, Workload, ask_shape
from backend.bench.generation.turns import Turn, run_module, take_turn
from backend.bench.generation.work import Work, write_work
from backend.datasets.rehearsal import Scale, write_rehearsal
from backend.domain import Task
from backend.errors import OperatorFault
from backend.progress import FractionProgress

OURS, REFERENCE, LM_EVAL = "ours", "one_by_one", "lm_eval_harness"
USUAL = (OURS, REFERENCE, "sorted_batches", LM_EVAL)
THREADS = os.cpu_count() or 1
PAGED = ("continuous", "continuous_sorted")


class Peers(StrEnum):
    """Which variants run: the usual ones, to which a GPU adds continuous batching, or all in any case."""

    USUAL = "usual"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPlan:
    """What is measured, and how. None leaves a number to the shape; `dtype` auto is bfloat16 on a GPU, else float32."""

    shapes: Sequence[ShapeName]
    size: Size
    prompts: int | None = None
    written: int | None = None
    rounds: int = 3
    threads: int = THREADS
    batch_size: int = 8
    dtype: str = "auto"
    peers: Peers = Peers.USUAL
    scale: Scale = Scale.FULL


def measure_generation(tasks: Mapping[str, Task], plan: BenchPlan, report: FractionProgress) -> dict[str, Any]:
    """The record of one run, shape by shape.

    `clean` means that in float32 every answer of ours is the same as that of `generate` one by one. OperatorFault when
    our engine fails, or `generate` one by one; another's failure is told in its place.
    """
    shapes = {}
    with tempfile.TemporaryDirectory(prefix="clue-bench-") as home:
        report("writing rehearsal data", 0.0)
        write_rehearsal(Path(home) / "data", plan.scale)
        for number, name in enumerate(plan.shapes):
            folder = Path(home) / name
            report(f"{name}: making prompts and model", number / len(plan.shapes))
            asked = ask_shape(name, tasks, Path(home) / "data", plan.size, plan.prompts, plan.written)
            with made_model(asked, plan.size, folder, plan.threads) as machine:
                variants = USUAL + (PAGED if plan.peers is Peers.ALL or machine["device"] != "cpu" else ())
                write_work(folder / "work.json", _work(asked, folder / "model", plan))
                part = _part_of(report, str(name), number, len(plan.shapes))
                turns, failed = _turns(variants, folder, plan, part)
            shapes[str(name)] = _record(asked, turns, failed, machine, plan)
    return {
        **circumstances_of(machine, plan.size, plan.threads),
        "rounds": plan.rounds,
        "batch_size_of_peers": plan.batch_size,
        "shapes": shapes,
        "clean": is_clean(shapes, plan, machine["device"]),
    }


def is_clean(shapes: Mapping[str, Any], plan: BenchPlan, device: str) -> bool:
    """Whether ours answers all as one by one does; in bfloat16, where sums round otherwise, it need not."""
    exact = plan.dtype == "float32" or (plan.dtype == "auto" and device == "cpu")
    return not exact or all(shape["variants"][OURS]["identical_percent"] == 100 for shape in shapes.values())


@contextmanager
def made_model(asked: Workload, size: Size, folder: Path, threads: int) -> Iterator[dict[str, Any]]:
    """A model in the folder's `model`, gone afterwards; yields what is known of it and of the machine."""
    with tempfile.TemporaryDirectory(prefix="clue-bench-") as scratch:
        model = folder / "model"
        model.mkdir(parents=True)
        asked.tokenizer.save(str(model / "vocabulary.json"))
        known = Path(scratch) / "known.json"
        run_module(
            "backend.bench.generation.models", [str(model), str(size), str(known)], Path(scratch) / "turn", threads
        )
        yield json.loads(known.read_text(encoding="utf-8"))
        for weights in model.glob("*.safetensors"):
            weights.unlink()


def circumstances_of(machine: Mapping[str, Any], size: Size, threads: int) -> dict[str, Any]:
    """When, where and with what it was measured."""
    return {
        **circumstances(),
        "device": machine["device"],
        "threads": threads,
        "torch": machine["torch"],
        "transformers": machine["transformers"],
        "model": f"{size}: {machine['params'] / 1e6:,.1f} M parameters, random weights, never stops before the limit",
        "peak_tflops": round(machine["peak_flops"] / 1e12, 3),
    }


def _part_of(report: FractionProgress, shape: str, number: int, count: int) -> FractionProgress:
    return lambda what, part: report(f"{shape}: {what}", (number + part) / count)


def _work(asked: Workload, model: Path, plan: BenchPlan) -> Work:
    return Work(folder=model, groups=asked.groups, texts=asked.texts, batch_size=plan.batch_size, dtype=plan.dtype)


def _turns(
    variants: Sequence[str], folder: Path, plan: BenchPlan, report: FractionProgress
) -> tuple[dict[str, list[Turn]], dict[str, str]]:
    """Each variant's turns, and why those that have none have none; who begins changes from round to round."""
    turns: dict[str, list[Turn]] = {name: [] for name in variants}
    failed: dict[str, str] = {}
    if find_spec("lm_eval") is None:
        failed[LM_EVAL] = "not installed: pip install -r requirements-dev.txt"
    for number in range(plan.rounds):
        shift = number % len(variants)
        for place, name in enumerate((*variants[shift:], *variants[:shift])):
            report(f"{name}, round {number + 1} of {plan.rounds}", (number + place / len(variants)) / plan.rounds)
            if name in failed:
                continue
            try:
                turns[name].append(take_turn(name, folder / "work.json", folder / f"{name}-{number}", plan.threads))
            except OperatorFault as fault:
                if name in (OURS, REFERENCE):
                    raise
                failed[name] = str(fault)
    return turns, failed


def _record(
    asked: Workload,
    turns: Mapping[str, Sequence[Turn]],
    failed: Mapping[str, str],
    machine: Mapping[str, Any],
    plan: BenchPlan,
) -> dict[str, Any]:
    facts = asked.facts()
    limits = {name: group[0].max_new_tokens for name, group in asked.groups.items()}
    floor = floors(SHAPES[plan.size], machine["peak_flops"], asked.ordered, limits)
    ours, truth = turns[OURS], turns[REFERENCE][0].answers
    variants = {
        name: _variant(each, ours, truth, facts, floor["floor_seconds"]) for name, each in turns.items() if each
    }
    return {
        **facts,
        "floor_seconds": round(floor["floor_seconds"], 3),
        "floor_seconds_without_reuse": round(floor["floor_seconds_without_reuse"], 3),
        "variants": variants,
        "failed": {name: reason for name, reason in failed.items() if not turns[name]},
    }


def _variant(
    turns: Sequence[Turn],
    ours: Sequence[Turn],
    truth: Mapping[str, str],
    asked: Mapping[str, Any],
    floor: float,
) -> dict[str, Any]:
    seconds, answering = _medians(turns)
    own_seconds, own_answering = _medians(ours)
    facts = turns[-1].facts
    same = min(sum(turn.answers.get(name) == text for name, text in truth.items()) for turn in turns)
    tokens = asked["prompt_tokens"] + asked["written_tokens"]
    known = (facts.get("prompt_tokens"), facts.get("prefill_tokens"))
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(median(turn.cpu_seconds for turn in turns), 2),
        "answering_seconds": round(answering, 2),
        "answering_cpu_seconds": round(median(sum(turn.answering_cpu_seconds.values()) for turn in turns), 2),
        "times_ours": round(seconds / own_seconds, 2),
        "times_ours_cpu": round(_cpu(turns) / _cpu(ours), 2),
        "times_ours_answering": round(answering / own_answering, 2),
        "identical": f"{same} of {len(truth)}",
        "identical_percent": 100 * same / len(truth),
        "same_prompts": facts.get("same_prompts", len(truth)),
        "tokens_per_second": round(tokens / answering, 1),
        "percent_of_floor": round(100 * floor / answering, 1),
        "cache_hit_percent": round(100 * (1 - known[1] / known[0]), 1) if known[0] and known[1] is not None else None,
        "reuse": facts.get("reuse"),
    }


def _medians(turns: Sequence[Turn]) -> tuple[float, float]:
    whole = median(turn.seconds for turn in turns)
    return whole, median(sum(turn.answering_seconds.values()) for turn in turns)


def _cpu(turns: Sequence[Turn]) -> float:
    return median(turn.cpu_seconds for turn in turns)
