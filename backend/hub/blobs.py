"""What git calls the content of a file (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""

import hashlib
from typing import Any


def git_digest(size: int) -> Any:
    """A hash to be fed a file of this size, which gives what git calls it."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
