"""What two sets have in common, as one number."""

from collections.abc import Set as AbstractSet


def set_f1(found: AbstractSet[str], wanted: AbstractSet[str]) -> float:
    """F1 of precision and recall, 0..1; 0 when either set is empty."""
    if not found or not wanted:
        return 0.0
    return 2 * len(found & wanted) / (len(found) + len(wanted))
