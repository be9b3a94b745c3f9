"""Evaluation results that a model's repository states already, read from its .eval_results folder at a revision."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose
from typing import Any

import yaml
from huggingface_hub import HfApi, get_session, hf_hub_url, parse_eval_result_entries
from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._http import hf_raise_for_status

FOLDER = ".eval_results"
NAME = re.compile(r"\.eval_results/[\w.-]{1,80}\.ya?ml", re.ASCII)
MOST_FILES, MOST_BYTES = 20, 100_000
TIMEOUT = 10
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stated:
    """A value that a file of the repository states for a task of a dataset."""

    path: str
    key: Key
    value: float


def read_stated(api: HfApi, hub_id: str, revision: str) -> list[Stated]:
    """What the files at this revision state, at most 20 of them and 100 kB each; what cannot be read states nothing.

    The format: https://huggingface.co/docs/hub/eval-results. Raises what the Hub's client raises.
    """
    try:
        listed = list(api.list_repo_tree(hub_id, FOLDER, revision=revision))
    except EntryNotFoundError:
        return []
    files = [each for each in listed if isinstance(each, RepoFile) and NAME.fullmatch(each.path)]
    small = [each.path for each in files if each.size <= MOST_BYTES][:MOST_FILES]
    return [found for path in small for found in stated_in(path, _text(api, hub_id, path, revision))]


def stated_in(path: str, text: str) -> list[Stated]:
    """The values in the text of such a file."""
    try:
        items = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return []
    return [each for item in (items if isinstance(items, list) else []) for each in _entries(path, item)]


def is_stated(wanted: Stated, found: list[Stated]) -> bool:
    """Whether some file states this value for the same task of the same dataset."""
    return any(each.key == wanted.key and isclose(each.value, wanted.value, abs_tol=1e-6) for each in found)


def others_stated(wanted: list[Stated], found: list[Stated]) -> list[Stated]:
    """What the files state for the same tasks with other values."""
    keys = {each.key for each in wanted}
    return [each for each in found if each.key in keys and not is_stated(each, wanted)]


def _entries(path: str, item: Any) -> Iterator[Stated]:
    try:
        for entry in parse_eval_result_entries([item]):
            if isinstance(entry.value, int | float):
                yield Stated(path, (str(entry.dataset_id), str(entry.task_id)), float(entry.value))
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return


def _text(api: HfApi, hub_id: str, path: str, revision: str) -> str:
    address = hf_hub_url(hub_id, path, revision=revision, endpoint=api.endpoint)
    reply = get_session().get(
        address, headers=build_hf_headers(token=api.token), timeout=TIMEOUT, follow_redirects=True
    )
    hf_raise_for_status(reply)
    return reply.content[:MOST_BYTES].decode("utf-8", "replace")
