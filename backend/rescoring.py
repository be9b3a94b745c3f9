"""A published result judged once more from the answers that are kept, without asking a model."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from backend.domain import Dataset, Edition, Fact, Prediction, Result, Run, Score, Task
from backend.judged import Judged, judged_of
from backend.scoring import Judges, score

NOISE = 1e-9  # percentage points; another machine may add up in another order


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A score that is not the published one any more; None on the side where there is no such metric."""

    task: str
    metric: str
    old: Score | None
    new: Score | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A run that could not be judged again, and why. It stays as it was published."""

    task: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """The result with the runs that changed in their new form, what is new in it, and what each answer is worth."""

    result: Result
    changes: tuple[Change, ...]
    skipped: tuple[Skip, ...]
    judged: tuple[Judged, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What there is to judge with.

    `dataset` returns a task's examples and `kept` the predictions of the result's run on them, each a sentence instead
    where they cannot be had. `facts` are what the manifest says of judging.
    """

    tasks: Mapping[str, Task]
    judges: Judges
    dataset: Callable[[Task, Edition], Dataset | str]
    kept: Callable[[Result, Task, Dataset], Mapping[str, Prediction] | str]
    facts: Mapping[str, Fact]


def rejudge(result: Result, evidence: Evidence, wanted: Collection[str] | None = None) -> Rejudged:
    """Every measured run of the result judged again, those of other tasks than the `wanted` ones left alone.

    What was measured and cannot be measured here is no reason to take a number back: such a run is skipped.
    """
    runs, changes, skipped, judged = [], [], [], []
    for old in result.runs:
        new: Run | tuple[Run, Judged] | str = old
        if old.missing is None and (wanted is None or old.task in wanted):
            new = _judge(result, old, evidence)
        if isinstance(new, tuple):
            judged.append(new[1])
            new = new[0]
        if isinstance(new, str):
            skipped.append(Skip(task=old.task, reason=new))
            new = old
        found = _changes(old, new)
        changes += found
        runs.append(new if found else old)
    facts = {f"rescored_{name}": fact for name, fact in evidence.facts.items()} if changes else {}
    manifest = {**result.manifest, **facts}
    return Rejudged(
        result=replace(result, runs=tuple(runs), manifest=manifest),
        changes=tuple(changes),
        skipped=tuple(skipped),
        judged=tuple(judged),
    )


def _judge(result: Result, old: Run, evidence: Evidence) -> tuple[Run, Judged] | str:
    """The run judged again with what each answer is worth, or why it cannot be."""
    task = evidence.tasks.get(old.task)
    if task is None:
        return "The benchmark has no such task any more."
    if task.version != old.version:
        return f"It was asked with version {old.version} of the task, which is at version {task.version} now."
    dataset = evidence.dataset(task, result.edition)
    if isinstance(dataset, str):
        return dataset
    if dataset.sha256 != old.dataset_sha256:
        return "The data file is not the one that it was asked with."
    kept = evidence.kept(result, task, dataset)
    if isinstance(kept, str):
        return kept
    absent = sum(example.id not in kept for example in dataset.examples)
    if absent:
        return f"{absent} of {len(dataset.examples)} answers are not kept."
    new, examples = score(task, dataset, kept, evidence.judges)
    return _unavailable(old, new) or (new, judged_of(new, examples))


def _unavailable(old: Run, new: Run) -> str | None:
    """Why a metric that was published has no value here."""
    measured = {one.metric for one in old.scores if one.value is not None}
    reasons = [one.missing for one in new.scores if one.metric in measured and one.missing]
    return " ".join(dict.fromkeys(reasons)) or None


def _changes(old: Run, new: Run) -> list[Change]:
    before, after = ({one.metric: one for one in (*run.scores, run.task_score)} for run in (old, new))
    return [
        Change(task=old.task, metric=name, old=before.get(name), new=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if not _same(before.get(name), after.get(name))
    ]


def _same(old: Score | None, new: Score | None) -> bool:
    if old is None or new is None:
        return old is new
    pairs = ((old.value, new.value), (old.low, new.low), (old.high, new.high))
    return old.n == new.n and all(
        before == after if before is None or after is None else abs(before - after) <= NOISE for before, after in pairs
    )
