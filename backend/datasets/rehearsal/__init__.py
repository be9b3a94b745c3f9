"""Invented data in the benchmark's own files: to rehearse with, never to rank by.

Nothing in them is taken from or modelled on a real record; odd cases are deliberate.
"""

from backend.datasets.rehearsal.canaries import CANARIES
from backend.datasets.rehearsal.folder import MARKER, is_synthetic, rehearsal_folder, write_notes, write_rehearsal
from backend.datasets.rehearsal.oddities import Odd, write_odd
from backend.datasets.rehearsal.replies import odd_replies
from backend.datasets.rehearsal.scale import Scale

__all__ = [
    "CANARIES",
    "MARKER",
    "Odd",
    "Scale",
    "is_synthetic",
    "odd_replies",
    "rehearsal_folder",
    "write_notes",
    "write_odd",
    "write_rehearsal",
]
