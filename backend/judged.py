"""The judged values of one run as numbers alone, and whether its published scores are made of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.domain import Run, Score, ScoredExample
from backend.statistics import Floats, influence

CLOSE = 1e-6  # percentage points
Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one run's answers were found to be worth, without a word of any example.

    `values` (metrics, examples) are in 0..1, NaN where a metric does not judge an example or was not measured. `items`
    and `clusters` (examples,) are numbers in the order of first appearance. `layout` names examples, items and clusters
    all at once: two runs with the same one were judged on the same examples in the same order.
    """

    task: str
    version: int
    dataset_sha256: str
    layout: str
    metrics: tuple[str, ...]
    values: Floats
    items: Numbers
    clusters: Numbers

    @property
    def data(self) -> tuple[int, str, str]:
        """What has to be the same for two runs to be compared."""
        return self.version, self.dataset_sha256, self.layout


def judged_of(run: Run, examples: Sequence[ScoredExample]) -> Judged:
    """The values of a run's judged answers, in their order."""
    metrics = tuple(score.metric for score in run.scores)
    values = [[_number(example.metrics.get(name)) for example in examples] for name in metrics]
    return Judged(
        task=run.task,
        version=run.version,
        dataset_sha256=run.dataset_sha256 or "",
        layout=layout_of([(example.example_id, example.item, example.cluster) for example in examples]),
        metrics=metrics,
        values=np.array(values, dtype=np.float64).reshape(len(metrics), len(examples)),
        items=_numbered([example.item for example in examples]),
        clusters=_numbered([example.cluster for example in examples]),
    )


def layout_of(places: Sequence[tuple[str, str, str]]) -> str:
    """A name for examples in their order, each told by its id, item and cluster."""
    return hashlib.blake2b(json.dumps(places).encode(), digest_size=16).hexdigest()


def agrees(judged: Judged, published: Mapping[str, Score]) -> bool:
    """Whether the means of these values are the published scores of the task's metrics, by name, and none is absent."""
    means, _ = influence(judged.values, judged.clusters, judged.items)
    found = dict(zip(judged.metrics, means.tolist(), strict=True))
    return all(_close(found.get(name), score.value) for name, score in published.items())


def published_scores(task: str, cells: Mapping[str, Score]) -> dict[str, Score]:
    """The scores of one task's metrics among the cells of a row, by the metric's name."""
    return {key.partition(".")[2]: score for key, score in cells.items() if key.startswith(f"{task}.")}


def _close(mean: float | None, published: float | None) -> bool:
    if published is None:
        return True
    return mean is not None and abs(100 * mean - published) <= CLOSE  # false for NaN


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _numbered(names: Sequence[str]) -> Numbers:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int32)
