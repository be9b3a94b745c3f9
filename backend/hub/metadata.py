"""What the Hub says about a model, over HTTP metadata alone: nothing of the repository is opened."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id

from backend.errors import FailureCode, ModelFault, UsageError
from backend.hub.faults import faults_of_the_hub
from backend.hub.listing import flagged_files, list_model

LONGEST_NAME = 200
MOST_PARAMETERS = 10**15
IN_THE_ROOT = re.compile(r"[\w.-]+", re.ASCII)
GENERATES_TEXT = re.compile(r"(ForCausalLM|LMHeadModel|ForConditionalGeneration)$")


class TemplateFile(StrEnum):
    """Where a repository keeps its chat template, in the order in which it is looked for; NONE where it has none."""

    JINJA = "chat_template.jinja"
    JSON = "chat_template.json"
    TOKENIZER = "tokenizer_config.json"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of a repository: its name, its bytes, and the SHA-256 of its content where git keeps a pointer only."""

    rfilename: str
    size: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """What the Hub says of a repository at one commit, in words that can be stored and shown; None: it does not say.

    `files` are those in its root. `architecture` and `model_type` are of its config.json; `writes_text` is false for an
    architecture that does not, and `own_code` tells that code of the repository's own is named. `template` says where
    the chat template is. `flagged` are files that the Hub's scanners call unsafe.
    """

    hub_id: str
    revision: str
    files: tuple[RepositoryFile, ...]
    gated: bool = False
    params: int | None = None
    licence: str | None = None
    base_model: str | None = None
    architecture: str | None = None
    writes_text: bool = True
    model_type: str | None = None
    own_code: bool = False
    template: TemplateFile | None = None
    flagged: tuple[str, ...] = ()
    quantization: str | None = None


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


def inspect(model_id: str, revision: str | None = None) -> Repository:
    """The repository at the commit that the revision names now.

    ModelFault when it is gated, absent or renamed; PassingFault when the Hub does not answer.
    """
    with faults_of_the_hub(f"{constants.ENDPOINT} did not answer."):
        info: Any = list_model(model_id, revision)
        if info.gated:
            HfApi().auth_check(model_id)
        if not (isinstance(info.id, str) and isinstance(info.sha, str) and info.sha):
            raise ValueError("no commit")
    if info.id.lower() != model_id.lower():
        raise ModelFault(FailureCode.RENAMED, f"It is {_first(info.id)} now.")
    return describe(info)


def describe(info: Any) -> Repository:
    """The repository of a listing that names a commit."""
    card = info.card_data.to_dict() if info.card_data else {}
    config = info.config if isinstance(info.config, dict) else {}
    stated = config.get("architectures") or []
    names = stated if isinstance(stated, list) else [stated]
    files = tuple(_file(file) for file in info.siblings or [] if IN_THE_ROOT.fullmatch(file.rfilename))
    return Repository(
        hub_id=info.id,
        revision=info.sha,
        files=files,
        gated=bool(info.gated),
        params=parameters(info.safetensors.total) if info.safetensors else None,
        licence=_first(card.get("license")),
        base_model=_first(card.get("base_model")),
        architecture=_first(names),
        writes_text=not names or any(GENERATES_TEXT.search(str(name)) for name in names),
        model_type=_first(config.get("model_type")),
        quantization=_first(_quantization(config.get("quantization_config"))),
        own_code=bool(config.get("auto_map")),
        template=_template({file.rfilename for file in files}, config),
        flagged=flagged_files(info.security_repo_status),
    )


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


def _file(file: Any) -> RepositoryFile:
    return RepositoryFile(file.rfilename, file.size, file.lfs.sha256 if file.lfs else None)


def _template(names: set[str], config: Mapping[str, Any]) -> TemplateFile | None:
    for place in (TemplateFile.JINJA, TemplateFile.JSON):
        if place in names:
            return place
    tokenizer = config.get("tokenizer_config")
    if not isinstance(tokenizer, dict):
        return None if TemplateFile.TOKENIZER in names else TemplateFile.NONE
    return TemplateFile.TOKENIZER if tokenizer.get("chat_template") else TemplateFile.NONE


def _quantization(stated: object) -> object:
    return stated.get("quant_method") if isinstance(stated, dict) else None


def _first(value: object) -> str | None:
    """Its owner's words: no longer than a name, and without what cannot be stored or shown."""
    if isinstance(value, list):
        value = value[0] if value else None
    return "".join(letter if letter.isprintable() else "�" for letter in str(value)[:LONGEST_NAME]) if value else None
