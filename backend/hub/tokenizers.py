"""The files that say how a model's prompts are written, without its weights."""

import re
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download

from backend.hub.faults import faults_of_the_hub
from backend.hub.files import remove_damaged
from backend.hub.gate import let_through
from backend.hub.kinds import WITHOUT_WEIGHTS, kind_of
from backend.hub.listing import list_model

COMMIT = re.compile(r"[0-9a-f]{40}")
MOST_BYTES = 200_000_000


def download_tokenizer(hub_id: str, revision: str, cache: Path) -> Path | None:
    """Folder with the tokenizer's files at this commit; None without a commit, or if there are none of decent size.

    ModelFault when the repository is gone or gated, or when a file does not pass the gate; PassingFault when the Hub
    does not answer or a file is not what it announced.
    """
    if not COMMIT.fullmatch(revision):
        return None
    with faults_of_the_hub():
        info: Any = list_model(hub_id, revision)
        wanted = [file for file in info.siblings or [] if kind_of(file.rfilename) in WITHOUT_WEIGHTS]
        if not any(file.rfilename.startswith("tokenizer") for file in wanted):
            return None
        if sum(file.size or 0 for file in wanted) > MOST_BYTES:
            return None
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = [file.rfilename for file in wanted]
        folder = Path(snapshot_download(hub_id, revision=revision, cache_dir=cache, allow_patterns=names))
    remove_damaged(folder, wanted)
    return let_through(folder, folder.parent.parent, weights=False)
