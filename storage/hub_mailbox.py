"""A mailbox in a repository of the Hub: files that are written together are one commit, and each read is of one."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from huggingface_hub import CommitOperationAdd, HfApi, get_session, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._http import hf_raise_for_status

from backend.errors import MailboxSilent

REPOSITORY = re.compile(r"hf://(?P<kind>datasets|models|spaces)/(?P<id>[\w.-]+/[\w.-]+)(?:/(?P<prefix>\S+))?")
SECONDS = 30.0
TROUBLES = (OSError, httpx.HTTPError, ValueError, KeyError)


def is_repository(url: str) -> bool:
    """Whether the URL names a git repository of the Hub, in which every write is a commit."""
    return REPOSITORY.fullmatch(url) is not None


class HubMailbox:
    """Files of a repository's main branch, as of the commit that `stamp` or `write` saw last."""

    is_costly = True

    def __init__(self, url: str) -> None:
        found = REPOSITORY.fullmatch(url)
        assert found is not None
        self._kind, self._id = found["kind"].removesuffix("s"), found["id"]
        self._prefix = f"{found['prefix'].strip('/')}/" if found["prefix"] else ""
        self._api = HfApi()
        self._commit: str | None = None

    def read(self, name: str, most: int, start: int = 0) -> bytes | None:
        """As Mailbox says."""
        url = hf_hub_url(self._id, self._prefix + name, repo_type=self._kind, revision=self._commit or self.stamp())
        headers = {**build_hf_headers(), "Range": f"bytes={start}-{start + most - 1}"}
        with (
            self._answering(),
            get_session().stream("GET", url, headers=headers, follow_redirects=True, timeout=SECONDS) as response,
        ):
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return b""
            try:
                hf_raise_for_status(response)
            except EntryNotFoundError:
                return None
            found = b""
            for block in response.iter_bytes():
                found += block
                if len(found) >= most:
                    break
            return found[:most]

    def write(self, files: Mapping[str, bytes]) -> None:
        """As Mailbox says; in one commit, so all of them or none."""
        operations = [CommitOperationAdd(self._prefix + name, content) for name, content in files.items()]
        with self._answering():
            made = self._api.create_commit(
                self._id, operations, commit_message=f"mailbox: {len(files)} files", repo_type=self._kind
            )
            self._commit = made.oid

    def names(self, folder: str) -> list[str]:
        """As Mailbox says."""
        return [path.rpartition("/")[2] for path, _ in self._listed(folder, recursive=False)]

    def all_names(self, folder: str) -> list[str]:
        """As Mailbox says."""
        beginning = len(self._prefix + folder) + 1
        return [path[beginning:] for path, is_file in self._listed(folder, recursive=True) if is_file]

    def stamp(self) -> str | None:
        """The commit that the main branch is at."""
        with self._answering():
            self._commit = self._api.repo_info(self._id, repo_type=self._kind, timeout=SECONDS).sha
        return self._commit

    def _listed(self, folder: str, *, recursive: bool) -> list[tuple[str, bool]]:
        with self._answering():
            try:
                found = self._api.list_repo_tree(
                    self._id,
                    self._prefix + folder,
                    recursive=recursive,
                    revision=self._commit or self.stamp(),
                    repo_type=self._kind,
                )
                return [(each.path, hasattr(each, "blob_id")) for each in found]
            except EntryNotFoundError:
                return []

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except TROUBLES as error:
            raise MailboxSilent(f"{type(error).__name__}: {error}") from None
