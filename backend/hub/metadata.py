"""What the Hub says about a model, over HTTP metadata alone: nothing of the repository is opened."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id

from backend.domain import Model
from backend.errors import FailureCode, ModelFault, UsageError
from backend.hub.faults import TIMEOUT, faults_of_the_hub

GENERATES_TEXT = re.compile(r"(ForCausalLM|LMHeadModel|ForConditionalGeneration)$")
ALLOWED = re.compile(
    r"[\w.-]+\.safetensors|model\.safetensors\.index\.json|config\.json|generation_config\.json|special_tokens_map\.json"
    r"|added_tokens\.json|tokenizer\.json|tokenizer\.model|tokenizer_config\.json|chat_template\.(jinja|json)"
    r"|vocab\.(json|txt)|merges\.txt|spiece\.model|sentencepiece\.bpe\.model|tekken\.json"
)
LONGEST_NAME = 200
MOST_PARAMETERS = 10**15


def check_id(model_id: str) -> str:
    """The id without surrounding blanks; UsageError unless it has the Hub's own form owner/name."""
    trimmed = model_id.strip()
    try:
        validate_repo_id(trimmed)
    except HFValidationError:
        trimmed = ""
    if trimmed.count("/") != 1 or not trimmed.isascii():
        raise UsageError("That is not a model id. Write it as on the Hub: owner/name, for example acme/clinical-7b.")
    return trimmed


def look_up(model_id: str, revision: str | None = None, *, max_gb: float) -> Model:
    """The model pinned to a commit.

    ModelFault when it may not enter (gated, absent, renamed, without safetensors, too large, not a text generator);
    PassingFault when the Hub does not answer. Nothing of the repository is opened.
    """
    api = HfApi()
    with faults_of_the_hub(f"{constants.ENDPOINT} did not answer."):
        info: Any = api.model_info(model_id, revision=revision, files_metadata=True, timeout=TIMEOUT)
        if info.gated:
            api.auth_check(model_id)
    if info.id.lower() != model_id.lower():
        raise ModelFault(FailureCode.RENAMED, f"It is {info.id} now.")
    allowed_files(info.siblings, max_gb)
    card = info.card_data.to_dict() if info.card_data else {}
    return Model(
        hub_id=info.id,
        revision=info.sha,
        params=parameters(info.safetensors.total) if info.safetensors else None,
        licence=_first(card.get("license")),
        architecture=_architecture(info.config or {}),
        base_model=_first(card.get("base_model")),
    )


def allowed_files(siblings: Sequence[Any] | None, max_gb: float) -> list[Any]:
    """Those of a repository's files that are ever downloaded; ModelFault when with them it may not enter."""
    files = siblings or []
    weights = [file for file in files if "/" not in file.rfilename and file.rfilename.endswith(".safetensors")]
    if not weights:
        raise ModelFault(FailureCode.NO_SAFETENSORS)
    if not any(file.rfilename == "config.json" for file in files):
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE, "There is no config.json; adapters cannot be run alone.")
    allowed = [file for file in files if ALLOWED.fullmatch(file.rfilename)]
    gigabytes = sum(file.size or 0 for file in allowed) / 1e9
    if gigabytes > max_gb:
        raise ModelFault(FailureCode.TOO_LARGE, f"All files are {gigabytes:.1f} GB; the limit is {max_gb:g} GB.")
    return allowed


def parameters(total: object) -> int | None:
    """How many there are; None for what no model can have, for the header that says so is its owner's."""
    return total if isinstance(total, int) and 0 <= total < MOST_PARAMETERS else None


def folder_revision(folder: Path) -> str:
    """What stands for the commit of a model that is only a folder here: another one once any of its files changes.

    It is made of the files' names, sizes and times of change, for weights take minutes to read.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    listed = [f"{path.name}\0{path.stat().st_size}\0{path.stat().st_mtime_ns}\n" for path in files]
    return f"local-{hashlib.sha256(''.join(listed).encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def _architecture(config: dict[str, Any]) -> str | None:
    names = config.get("architectures") or []
    if names and not any(GENERATES_TEXT.search(str(name)) for name in names):
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE, "It does not generate text.")
    return _first(names)


def _first(value: object) -> str | None:
    """Its owner's words: no longer than a name, and without what cannot be stored or shown."""
    if isinstance(value, list):
        value = value[0] if value else None
    return "".join(letter if letter.isprintable() else "�" for letter in str(value)[:LONGEST_NAME]) if value else None
