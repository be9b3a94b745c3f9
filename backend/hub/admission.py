"""What of the Hub may enter: each rule by itself, and all of them together."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from backend.domain import Model
from backend.errors import FailureCode, ModelFault
from backend.hub.hooks import check_quantization
from backend.hub.kinds import MOST_FILES, FileKind, kind_of
from backend.hub.metadata import Repository, inspect

NO_CONFIG = "There is no config.json; adapters cannot be run alone."
MODEL_TYPES = Path(__file__).with_name("model_types.txt")


def look_up(model_id: str, revision: str | None = None, *, max_gb: float, loads_here: bool = False) -> Model:
    """The model pinned to a commit.

    ModelFault when it may not enter (gated, absent, renamed, without safetensors, too large, not a text generator, or
    `loads_here` and of a type that the pinned transformers does not know); PassingFault when the Hub does not answer.
    Nothing of the repository is opened.
    """
    return admit(inspect(model_id, revision), max_gb=max_gb, loads_here=loads_here)


def admit(repository: Repository, *, max_gb: float, loads_here: bool) -> Model:
    """The model of a repository that may enter; ModelFault by the first rule that is against it."""
    allowed_files(repository.files, max_gb)
    check_scans(repository)
    check_architecture(repository, loads_here=loads_here)
    return Model(
        hub_id=repository.hub_id,
        revision=repository.revision,
        params=repository.params,
        licence=repository.licence,
        architecture=repository.architecture,
        base_model=repository.base_model,
    )


def allowed_files(siblings: Sequence[Any] | None, max_gb: float) -> list[Any]:
    """Those of a repository's files that are ever downloaded; ModelFault when with them it may not enter."""
    check_weights(siblings or [])
    return check_size(siblings or [], max_gb)


def check_weights(files: Sequence[Any]) -> None:
    """There are weights without pickle, and what describes them; ModelFault otherwise."""
    if not any(kind_of(file.rfilename) is FileKind.WEIGHTS for file in files):
        raise ModelFault(FailureCode.NO_SAFETENSORS)
    if not any(file.rfilename == "config.json" for file in files):
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE, NO_CONFIG)


def check_size(files: Sequence[Any], max_gb: float) -> list[Any]:
    """The files that are downloaded; ModelFault when one of them, all together, or their number is beyond its limit."""
    allowed = [file for file in files if kind_of(file.rfilename)]
    if len(allowed) > MOST_FILES:
        raise ModelFault(FailureCode.TOO_LARGE, f"There are {len(allowed):,} files; the limit is {MOST_FILES:,}.")
    for file in allowed:
        check_file_size(file.rfilename, kind_of(file.rfilename), file.size or 0)
    gigabytes = sum(file.size or 0 for file in allowed) / 1e9
    if gigabytes > max_gb:
        raise ModelFault(FailureCode.TOO_LARGE, f"All files are {gigabytes:.1f} GB; the limit is {max_gb:g} GB.")
    return allowed


def check_file_size(name: str, kind: FileKind | None, size: int) -> None:
    """The file is no larger than files of its kind ever are; ModelFault otherwise."""
    most = kind.most_bytes if kind else None
    if most is not None and size > most:
        detail = f"{name} has {size / 1e6:,.0f} MB; the limit is {most // 1_000_000} MB."
        raise ModelFault(FailureCode.TOO_LARGE, detail)


def check_scans(repository: Repository) -> None:
    """The Hub's scanners call none of the files unsafe that would be downloaded; ModelFault otherwise.

    That they found nothing is no reason for anything: whoever is not refused here is checked like everybody.
    """
    for name in repository.flagged:
        if kind := kind_of(name):
            raise ModelFault(kind.code, f"The Hub's scanners call {name} unsafe.")


def check_architecture(repository: Repository, *, loads_here: bool) -> None:
    """It writes text and, if it is to be loaded here, is of a type that the pinned transformers knows, or may be.

    ModelFault otherwise. Which type it is the Hub does not always say; then loading it will tell.
    """
    kind = repository.model_type
    if not repository.writes_text:
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE, "It does not generate text.")
    if loads_here:
        check_quantization(repository.quantization or "")
    if loads_here and kind is not None and kind not in known_model_types():
        detail = f"The type {kind!r} is unknown to it"
        raise ModelFault(
            FailureCode.UNSUPPORTED_ARCHITECTURE,
            f"{detail} and needs the repository's own code." if repository.own_code else f"{detail}.",
        )


@cache
def known_model_types() -> frozenset[str]:
    """The values of `model_type` in config.json that the pinned transformers can generate text with."""
    return frozenset(MODEL_TYPES.read_text(encoding="utf-8").split())


def weights_digest(repository: Repository) -> str | None:
    """What a manifest's `weights_sha256` will be, from the digests that the Hub states; None where it does not.

    SHA-256 over each weight file's name, a zero byte and its content's SHA-256, by name.
    """
    weights = sorted(
        (file.rfilename, file.sha256)
        for file in repository.files
        if kind_of(file.rfilename) is FileKind.WEIGHTS and file.sha256
    )
    stated = [file for file in repository.files if file.rfilename.endswith(".safetensors")]
    if not weights or len(weights) < len(stated):
        return None
    whole = hashlib.sha256()
    for name, digest in weights:
        try:
            whole.update(name.encode() + b"\0" + bytes.fromhex(digest))
        except ValueError:
            return None
    return whole.hexdigest()
