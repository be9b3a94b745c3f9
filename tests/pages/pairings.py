"""Differences judged with invented intervals of two points to each side, as a desk tells them."""

from collections.abc import Sequence
from itertools import starmap

import numpy as np

from backend.comparison import Compared
from backend.comparison.findings import Cell, CellDifferences
from backend.domain import Provenance, Standing
from backend.statistics import Differences, Floats, RowPair

HALF, DETECTABLE = 0.02, 0.028
SURE, UNSURE = 0.0004, 0.2


def judged(rows: Sequence[Standing], pairs: Sequence[RowPair], *, metrics: bool = True) -> Compared:
    """Measured pairs in every cell, better or worse from two points on; published ones are not judged."""
    if any(row.provenance is Provenance.PUBLISHED for row in rows):
        return Compared(pairs=pairs)
    names = dict.fromkeys(name for row in rows for name in row.cells if metrics or "." not in name)
    differences = {name: _differences(name, rows, pairs) for name in names}
    return Compared(
        pairs=pairs,
        found=CellDifferences(
            cells={name: Cell(title=name, family="all") for name in names},
            differences=differences,
            adjusted={name: found.p_values for name, found in differences.items()},
            tests=dict.fromkeys(names, 30),
            resamples=1000,
        ),
    )


def _differences(cell: str, rows: Sequence[Standing], pairs: Sequence[RowPair]) -> Differences:
    values = np.array(list(starmap(lambda one, other: _value(rows[one], cell) - _value(rows[other], cell), pairs)))
    known = ~np.isnan(values)
    p_values: Floats = np.where(np.abs(values) > HALF, SURE, UNSURE)
    return Differences(
        values=values,
        bounds=np.column_stack([values - HALF, values + HALF]),
        p_values=np.where(known, p_values, np.nan),
        detectable=np.where(known, DETECTABLE, np.nan),
        items=np.where(known, 1419, 0),
    )


def _value(row: Standing, cell: str) -> float:
    score = row.cells.get(cell)
    return np.nan if score is None or score.value is None else score.value / 100
