"""How fast a model could answer at most: floating point operations over those the machine can do a second."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.bench.generation.models import ModelShape
from backend.bench.vocabulary import Ids, shared_lengths


def prompt_flops(shape: ModelShape, ordered: Sequence[Ids], *, reuse: bool) -> float:
    """Operations that reading the prompts takes, each beginning where the one before ceases to be the same if `reuse`.

    Two for each weight of the layers and token, and in each layer four times the width for each pair of a token and one
    before it (products of scores and of values).
    """
    shared = shared_lengths(ordered) if reuse else [0] * len(ordered)
    total = 0.0
    for ids, known in zip(ordered, shared, strict=True):
        length, begun = len(ids), int(known)
        total += 2 * shape.layer_params * (length - begun)
        total += 4 * shape.layers * shape.hidden * (length**2 - begun**2) / 2
    return total


def written_flops(shape: ModelShape, ordered: Sequence[Ids], limit: int) -> float:
    """Operations that writing `limit` tokens after each prompt takes, with the scores of every word."""
    each = 2 * (shape.layer_params + shape.hidden * shape.vocabulary)
    return float(sum(limit * (each + 4 * shape.layers * shape.hidden * len(ids)) for ids in ordered))


def floors(
    shape: ModelShape, peak: float, groups: Mapping[str, Sequence[Ids]], limits: Mapping[str, int]
) -> dict[str, Any]:
    """Seconds at the measured peak, what neighbours share read once or again; memory is no limit."""
    written = sum(written_flops(shape, ordered, limits[name]) for name, ordered in groups.items())
    with_reuse = sum(prompt_flops(shape, ordered, reuse=True) for ordered in groups.values())
    without = sum(prompt_flops(shape, ordered, reuse=False) for ordered in groups.values())
    return {
        "peak_tflops": round(peak / 1e12, 3),
        "floor_seconds": (with_reuse + written) / peak,
        "floor_seconds_without_reuse": (without + written) / peak,
    }
