"""A model's card: what its README.md says of licence and base model, and how the file is had."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from huggingface_hub import hf_hub_download

from backend.hub.faults import faults_of_the_hub
from backend.hub.listing import list_model

CARD = "README.md"
MOST_BYTES = 1_000_000
MOST_FACTS = 64_000
FENCE = "---"


def read_card(path: Path) -> Mapping[str, str | list[str]]:
    """`license` and `base_model` as the YAML between the card's first two fences has them; nothing it does not say.

    Only words and lists of words are taken: a few letters of YAML may stand for more than fits into any memory.
    """
    with path.open("rb") as stream:
        text = stream.read(MOST_FACTS).decode("utf-8-sig", "replace")
    opening, *lines = text.splitlines() or [""]
    if opening.strip() != FENCE or FENCE not in (ends := [line.rstrip() for line in lines]):
        return {}
    try:
        stated = yaml.load("\n".join(lines[: ends.index(FENCE)]), _Words)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(stated, dict):
        return {}
    found = {name: _words(stated.get(name)) for name in ("license", "base_model")}
    return {name: words for name, words in found.items() if words}


def fetch_card(hub_id: str, commit: str) -> bytes | None:
    """The card at this commit; None where there is none of decent size. Faults are those of `inspect`."""
    with faults_of_the_hub():
        listed = {file.rfilename: file.size for file in list_model(hub_id, commit).siblings or []}
        if (listed.get(CARD) or MOST_BYTES + 1) > MOST_BYTES:
            return None
        with tempfile.TemporaryDirectory(prefix="clue-card-") as scratch:
            return Path(hf_hub_download(hub_id, CARD, revision=commit, cache_dir=scratch)).read_bytes()


class _Words(yaml.SafeLoader):
    """YAML in which everything that stands by itself is a word."""


_Words.yaml_implicit_resolvers = {}


def _words(value: object) -> str | list[str] | None:
    if isinstance(value, list):
        return [each for each in value if isinstance(each, str)]
    return value if isinstance(value, str) else None
