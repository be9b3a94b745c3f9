"""What the Hub says about a model, over HTTP metadata alone, and the download of its allowed files at one commit."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils._validators import validate_repo_id

from backend.domain import Model
from backend.errors import DISK_TROUBLE, FailureCode, ModelFault, PassingFault, UsageError

TIMEOUT = 10
GENERATES_TEXT = re.compile(r"(ForCausalLM|LMHeadModel|ForConditionalGeneration)$")
ALLOWED = re.compile(
    r"[\w.-]+\.safetensors|model\.safetensors\.index\.json|config\.json|generation_config\.json|special_tokens_map\.json"
    r"|added_tokens\.json|tokenizer\.json|tokenizer\.model|tokenizer_config\.json|chat_template\.(jinja|json)"
    r"|vocab\.(json|txt)|merges\.txt|spiece\.model|sentencepiece\.bpe\.model|tekken\.json"
)
_UNREACHABLE = (httpx2.TransportError, HfHubHTTPError, OSError)


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
    with _faults_of_the_hub(f"{constants.ENDPOINT} did not answer."):
        info: Any = api.model_info(model_id, revision=revision, files_metadata=True, timeout=TIMEOUT)
        if info.gated:
            api.auth_check(model_id)
    if info.id.lower() != model_id.lower():
        raise ModelFault(FailureCode.RENAMED, f"It is {info.id} now.")
    _check_files(info.siblings or [], max_gb)
    card = info.card_data.to_dict() if info.card_data else {}
    return Model(
        hub_id=info.id,
        revision=info.sha,
        params=info.safetensors.total if info.safetensors else None,
        licence=_first(card.get("license")),
        architecture=_architecture(info.config or {}),
        base_model=_first(card.get("base_model")),
    )


def folder_revision(folder: Path) -> str:
    """What stands for the commit of a model that is only a folder here: another one once any of its files changes.

    It is made of the files' names, sizes and times of change, for weights take minutes to read.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    listed = [f"{path.name}\0{path.stat().st_size}\0{path.stat().st_mtime_ns}\n" for path in files]
    return f"local-{hashlib.sha256(''.join(listed).encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def download(model: Model, cache: Path, *, max_gb: float) -> Path:
    """Folder with the allowed files of the model at its pinned commit, and no others.

    ModelFault when the repository is gone or no longer allowed; PassingFault when the transfer breaks off.
    OSError when the disk does not take it.
    """
    with _faults_of_the_hub():
        info: Any = HfApi().model_info(model.hub_id, revision=model.revision, files_metadata=True, timeout=TIMEOUT)
        _check_files(info.siblings or [], max_gb)
        wanted = [file for file in info.siblings if ALLOWED.fullmatch(file.rfilename)]
        names = [file.rfilename for file in wanted]
        folder = snapshot_download(model.hub_id, revision=model.revision, cache_dir=cache, allow_patterns=names)
    damaged = [file.rfilename for file in wanted if not _is_intact(Path(folder) / file.rfilename, file)]
    for name in damaged:  # or the cache would offer them for ever
        (Path(folder) / name).resolve().unlink()
        (Path(folder) / name).unlink(missing_ok=True)
    if damaged:
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, f"Damaged on the way: {', '.join(damaged)}.")
    return Path(folder)


@contextmanager
def _faults_of_the_hub(unreachable: str = "") -> Iterator[None]:
    """What the Hub's client raises inside becomes a fault of ours, but for a disk that does not take what came."""
    try:
        yield
    except GatedRepoError:
        raise ModelFault(FailureCode.GATED) from None
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise ModelFault(FailureCode.NOT_FOUND) from None
    except _UNREACHABLE as error:
        if isinstance(error, OSError) and error.errno in DISK_TROUBLE:
            raise
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, unreachable) from error


def _is_intact(path: Path, file: Any) -> bool:
    """Whether the file is what the Hub announced: git's own digest, or SHA-256 where git keeps a pointer only."""
    with path.open("rb") as stream:
        if file.lfs:
            return bool(hashlib.file_digest(stream, "sha256").hexdigest() == file.lfs.sha256)
        content = stream.read()
    return file.blob_id in {None, hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()}


def _check_files(siblings: Sequence[Any], max_gb: float) -> None:
    weights = [file for file in siblings if "/" not in file.rfilename and file.rfilename.endswith(".safetensors")]
    if not weights:
        raise ModelFault(FailureCode.NO_SAFETENSORS)
    if not any(file.rfilename == "config.json" for file in siblings):
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE, "There is no config.json; adapters cannot be run alone.")
    gigabytes = sum(file.size or 0 for file in siblings if ALLOWED.fullmatch(file.rfilename)) / 1e9
    if gigabytes > max_gb:
        raise ModelFault(FailureCode.TOO_LARGE, f"All files are {gigabytes:.1f} GB; the limit is {max_gb:g} GB.")


def _architecture(config: dict[str, Any]) -> str | None:
    names = config.get("architectures") or []
    if names and not any(GENERATES_TEXT.search(str(name)) for name in names):
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE, "It does not generate text.")
    return str(names[0]) if names else None


def _first(value: object) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value) if value else None
