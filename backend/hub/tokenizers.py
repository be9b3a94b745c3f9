"""The files that say how a model's prompts are written, without its weights."""

import re
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, snapshot_download

from backend.hub.faults import TIMEOUT, faults_of_the_hub

COMMIT = re.compile(r"[0-9a-f]{40}")
NEEDED = re.compile(
    r"config\.json|special_tokens_map\.json|added_tokens\.json|tokenizer\.json|tokenizer\.model|tokenizer_config\.json"
    r"|chat_template\.(jinja|json)|vocab\.(json|txt)|merges\.txt|spiece\.model|sentencepiece\.bpe\.model"
)
MOST_BYTES = 200_000_000


def download_tokenizer(hub_id: str, revision: str, cache: Path) -> Path | None:
    """Folder with the tokenizer's files at this commit; None without a commit, or if there are none of decent size.

    ModelFault when the repository is gone or gated; PassingFault when the Hub does not answer. Nothing is opened.
    """
    if not COMMIT.fullmatch(revision):
        return None
    with faults_of_the_hub():
        info: Any = HfApi().model_info(hub_id, revision=revision, files_metadata=True, timeout=TIMEOUT)
        wanted = [file for file in info.siblings or [] if NEEDED.fullmatch(file.rfilename)]
        if not any(file.rfilename.startswith("tokenizer") for file in wanted):
            return None
        if sum(file.size or 0 for file in wanted) > MOST_BYTES:
            return None
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = [file.rfilename for file in wanted]
        return Path(snapshot_download(hub_id, revision=revision, cache_dir=cache, allow_patterns=names))
