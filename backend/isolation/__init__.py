"""A model in a process of its own: no network, nothing of ours to see, bounded, and gone as a whole."""

from backend.isolation.bounds import Bounds, bounds_under
from backend.isolation.channel import Channel, exit_with_parent, keep_texts_out_of_the_log
from backend.isolation.finding import FoundIsolation, find_isolation, refusal_of_credentialed
from backend.isolation.levels import Isolation
from backend.isolation.process import ModelProcess
from backend.isolation.view import PROJECT

__all__ = [
    "PROJECT",
    "Bounds",
    "Channel",
    "FoundIsolation",
    "Isolation",
    "ModelProcess",
    "bounds_under",
    "exit_with_parent",
    "find_isolation",
    "keep_texts_out_of_the_log",
    "refusal_of_credentialed",
]
