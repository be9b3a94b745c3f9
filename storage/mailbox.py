"""A folder that two machines share under any fsspec URL: files are written whole, read within bounds, and listed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import fsspec
import httpx
from fsspec.implementations.local import LocalFileSystem

from backend.errors import MailboxSilent, OperatorFault, UsageError
from storage.files import replace_file
from storage.hub_mailbox import HubMailbox, is_repository

PATIENCE = {"connect_timeout": 10, "read_timeout": 30, "retries": {"max_attempts": 2}}
OPTIONS: Mapping[str, Mapping[str, Any]] = {"s3": {"use_listings_cache": False, "config_kwargs": PATIENCE}}


class Mailbox(Protocol):
    """Files under names with slashes. Every method raises MailboxSilent when the store does not answer.

    `is_costly`: each write is a commit, of which there may be a hundred in an hour.
    """

    is_costly: bool

    def read(self, name: str, most: int, start: int = 0) -> bytes | None:
        """The file's bytes from `start` on, at most so many of them; None when there is no such file."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """The files hold this, each as a whole; what is named later is never there before what is named earlier."""

    def names(self, folder: str) -> list[str]:
        """What lies directly in a folder, files and folders, without the folder's own name; may be late."""

    def all_names(self, folder: str) -> list[str]:
        """Every file below a folder, with its path from there; may be late."""

    def stamp(self) -> str | None:
        """The same as before only if nothing was written since; None where nobody can say that cheaply."""


def open_mailbox(url: str) -> Mailbox:
    """The mailbox under this URL, nothing of it read yet; UsageError when nothing installed here speaks it."""
    if is_repository(url):
        return HubMailbox(url)
    try:
        return FsspecMailbox(*fsspec.core.url_to_fs(url, **OPTIONS.get(url.partition("://")[0], {})))
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"CLUE_MAILBOX cannot be used ({error}). For s3:// install requirements-s3.txt on both machines."
        ) from None


def paced(url: str, seconds: float | None) -> float:
    """Seconds between two looks: as the operator says, else by what a look costs there."""
    return seconds or (60.0 if is_repository(url) else 5.0)


class FsspecMailbox:
    """Files of one fsspec file system below `root`."""

    is_costly = False

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root.rstrip("/")
        self._troubles: tuple[type[Exception], ...] = (OSError, httpx.HTTPError, *_own_troubles(system))

    def read(self, name: str, most: int, start: int = 0) -> bytes | None:
        """As Mailbox says."""
        with self._answering():
            try:
                found: bytes = self._system.cat_file(self._path(name), start=start, end=start + most)
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
            return found

    def write(self, files: Mapping[str, bytes]) -> None:
        """As Mailbox says."""
        with self._answering():
            for name, content in files.items():
                if isinstance(self._system, LocalFileSystem):
                    _replace(Path(self._path(name)), content)
                else:
                    self._system.pipe_file(self._path(name), content)

    def names(self, folder: str) -> list[str]:
        """As Mailbox says."""
        with self._answering():
            self._system.invalidate_cache()
            try:
                found = self._system.ls(self._path(folder), detail=False)
            except (FileNotFoundError, NotADirectoryError):
                return []
        return [name for name in (path.rstrip("/").rpartition("/")[2] for path in found) if not name.startswith(".")]

    def all_names(self, folder: str) -> list[str]:
        """As Mailbox says."""
        with self._answering():
            self._system.invalidate_cache()
            try:
                found = self._system.find(self._path(folder))
            except (FileNotFoundError, NotADirectoryError):
                return []
        beginning = len(self._path(folder)) + 1
        return [path[beginning:] for path in found]

    def stamp(self) -> str | None:
        """Nobody can say."""
        return None

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except self._troubles as error:
            raise MailboxSilent(f"{type(error).__name__}: {error}") from None


def _own_troubles(system: Any) -> tuple[type[Exception], ...]:
    """What a file system raises that is no OSError."""
    if "s3" not in getattr(system, "protocol", ()):
        return ()
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)


def _replace(path: Path, content: bytes) -> None:
    if not path.parent.is_dir():
        os.makedirs(path.parent, mode=0o770, exist_ok=True)  # noqa: PTH103 - Path.mkdir gives parents another mode
    try:
        replace_file(path, content)
    except IsADirectoryError:
        raise OperatorFault(f"{path} is a folder; the mailbox keeps a file there. Remove it.") from None
