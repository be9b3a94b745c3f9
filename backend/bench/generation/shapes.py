"""The prompts that are measured: the project's own tasks on invented data, cut to what a machine can do."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from backend.bench.generation.models import SHAPES, Size
from backend.bench.vocabulary import Ids, LineTokenizer, contents, rendered, share, shared_lengths, train_vocabulary
from backend.domain import Example, Message, Prompt, Role, Task, Window
from backend.ordering import in_prefix_order

# About as many tokens as models write to each task, 0.28 M in all; no model of ours stops earlier.
WRITTEN = {"mednli": 16, "meqsum": 40, "problem_summary": 50, "longhealth": 24, "medisumqa": 50, "medisumcode": 80}
# A CPU gets texts of a fifth of their length and a window to match, so that as many documents stand in a prompt.
SMALLER = 5
LONG = 1_000
UNSHARED_WORDS = (30, 300)


class ShapeName(StrEnum):
    """What the prompts are like."""

    MEDNLI = "mednli"
    LONGHEALTH = "longhealth"
    MEDISUM = "medisum"
    UNSHARED = "unshared"


COUNTS = {ShapeName.MEDNLI: 200, ShapeName.LONGHEALTH: 40, ShapeName.MEDISUM: 40, ShapeName.UNSHARED: 80}
TASKS = {ShapeName.MEDNLI: "mednli", ShapeName.LONGHEALTH: "longhealth", ShapeName.MEDISUM: "medisumqa"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Prompts by group, their rendered texts, and token ids in prefix order; `whole_share` is of the whole task."""

    groups: Mapping[str, Sequence[Prompt]]
    texts: Mapping[str, str]
    ordered: Mapping[str, Sequence[Ids]]
    whole_share: float | None
    tokenizer: Any

    def facts(self) -> dict[str, Any]:
        """How many prompts and tokens there are, and which share of the tokens the prompt before begins with."""
        lengths = [len(ids) for group in self.ordered.values() for ids in group]
        shared = sum(int(shared_lengths(group).sum()) for group in self.ordered.values())
        return {
            "prompts": len(lengths),
            "prompt_tokens": sum(lengths),
            "longest_prompt": max(lengths),
            "written_tokens": sum(prompt.max_new_tokens for group in self.groups.values() for prompt in group),
            "shared_percent": round(100 * shared / sum(lengths), 1),
            "shared_percent_of_the_whole_task": None if self.whole_share is None else round(100 * self.whole_share, 1),
        }


def ask_shape(
    name: ShapeName, tasks: Mapping[str, Task], data: Path, size: Size, count: int | None, written: int | None
) -> Workload:
    """`count` prompts of one shape. Of a task with long prompts, neighbours that share as much as the whole does."""
    wanted = count or COUNTS[name]
    if name is ShapeName.UNSHARED:
        prompts = _unshared(wanted, written or WRITTEN["mednli"])
        return _asked(
            {str(name): prompts}, LineTokenizer(tokenizer := train_vocabulary(contents(prompts))), tokenizer, None
        )
    task = tasks[TASKS[name]]
    examples = task.load(data).examples
    smaller = 1 if size is Size.LARGE or name is ShapeName.MEDNLI else SMALLER
    prompts, lines, tokenizer = _ask(task, [_shortened(each, smaller) for each in examples], size, smaller, written)
    ordered = in_prefix_order(prompts)
    ids = [lines.ids(rendered(prompt.messages)) for prompt in ordered]
    start = _typical_run(ids, wanted)
    chosen = {prompt.example_id for prompt in ordered[start : start + wanted]}
    group = [prompt for prompt in prompts if prompt.example_id in chosen]
    return _asked({task.name: group}, lines, tokenizer, share(ids))


def ask_benchmark(
    tasks: Mapping[str, Task], data: Path, size: Size, count: int | None, written: int | None
) -> Workload:
    """All prompts of all tasks, or the first `count` of each; uncut, a task a group."""
    examples = {name: task.load(data).examples[:count] for name, task in tasks.items()}
    raw = [_ask_one(tasks[name], each, Window(None, len), written) for name in tasks for each in examples[name]]
    tokenizer = train_vocabulary(contents(raw))
    lines = LineTokenizer(tokenizer)
    window = Window(SHAPES[size].window, lines.count)
    groups = {name: [_ask_one(task, each, window, written) for each in examples[name]] for name, task in tasks.items()}
    # Ids are unique within a task only.
    named = {
        name: [replace(prompt, example_id=f"{name}/{prompt.example_id}") for prompt in group]
        for name, group in groups.items()
    }
    return _asked(named, lines, tokenizer, None)


def _ask(
    task: Task, examples: Sequence[Example], size: Size, smaller: int, written: int | None
) -> tuple[list[Prompt], LineTokenizer, Any]:
    raw = [_ask_one(task, example, Window(None, len), written) for example in examples]
    tokenizer = train_vocabulary(contents(raw))
    lines = LineTokenizer(tokenizer)
    window = Window(SHAPES[size].window // smaller, lines.count)
    return [_ask_one(task, example, window, written) for example in examples], lines, tokenizer


def _ask_one(task: Task, example: Example, window: Window, written: int | None) -> Prompt:
    prompt = task.ask(example, window)
    return replace(prompt, max_new_tokens=min(prompt.max_new_tokens, written or WRITTEN[task.name]))


def _shortened(example: Example, smaller: int) -> Example:
    """The example with its long fields cut to that part of their length, and so those of its worked examples."""
    fields = {name: text[: len(text) // smaller] if len(text) > LONG else text for name, text in example.fields.items()}
    return replace(example, fields=fields, shots=tuple(_shortened(shot, smaller) for shot in example.shots))


def _typical_run(ids: Sequence[Ids], count: int) -> int:
    """Where to begin so that `count` neighbours share about as large a part as all do; the first such place."""
    shared = np.concatenate([[0], np.cumsum(shared_lengths(ids))])
    total = np.concatenate([[0], np.cumsum([len(each) for each in ids])])
    starts = np.arange(max(len(ids) - count, 0) + 1)
    ends = np.minimum(starts + count, len(ids))
    # The first of a run has nobody before it.
    parts = (shared[ends] - shared[np.minimum(starts + 1, len(ids))]) / (total[ends] - total[starts])
    return int(np.abs(parts - shared[-1] / total[-1]).argmin())


def _unshared(count: int, written: int) -> list[Prompt]:
    """Random words from the first letter on."""
    chance = random.Random(1)
    prompts = []
    for number in range(count):
        words = [
            "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 8)))
            for _ in range(chance.randint(*UNSHARED_WORDS))
        ]
        turn = Message(Role.USER, " ".join(words))
        prompts.append(Prompt(example_id=f"unshared-{number}", messages=(turn,), max_new_tokens=written))
    return prompts


def _asked(
    groups: Mapping[str, Sequence[Prompt]], lines: LineTokenizer, tokenizer: Any, whole: float | None
) -> Workload:
    texts = {
        prompt.example_id: rendered(prompt.messages, prompt.begun) for group in groups.values() for prompt in group
    }
    ordered = {
        name: [lines.ids(texts[prompt.example_id]) for prompt in in_prefix_order(group)]
        for name, group in groups.items()
    }
    return Workload(groups=groups, texts=texts, ordered=ordered, whole_share=whole, tokenizer=tokenizer)
