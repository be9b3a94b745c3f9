"""From the normal's tails to Student's and back: how much less sure few clusters leave us."""

import math
from statistics import NormalDist

NORMAL = NormalDist()


def student(z: float, freedom: int) -> float:
    """The t ≥ 0 that Student's distribution exceeds as often as the normal exceeds `z` ≥ 0.

    Wallace's approximation (1959, Annals of Mathematical Statistics 30, 1121), solved for t; within 1 % from four
    degrees of freedom on, too far out below.
    """
    shifted = z * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(shifted * shifted / freedom))


def normal(t: float, freedom: int) -> float:
    """The z that the normal exceeds as often as Student's distribution exceeds `t` ≥ 0: the inverse of `student`."""
    return math.sqrt(freedom * math.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
