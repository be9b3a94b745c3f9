"""The models that somebody brought: what the Hub's client keeps of them in a folder, read without any network.

The layout is the client's own: models--OWNER--NAME with refs, snapshots and blobs
(https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import ModelInfo, parse_local_safetensors_file_metadata

from backend.errors import FailureCode, ModelFault, PassingFault
from backend.hub.admission import allowed_files
from backend.hub.blobs import git_digest
from backend.hub.card import CARD, read_card
from backend.hub.gate import let_through
from backend.hub.kinds import FileKind, kind_of
from backend.hub.plain_json import read_object
from backend.hub.search import MOST, Suggestion
from backend.hub.weights import WHOLE, check_header
from backend.progress import ByteProgress

COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
REF = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]*")
MAIN = "main"
HARMLESS = re.compile(rf"{re.escape(CARD)}|\.gitattributes|LICEN[CS]E[A-Za-z0-9_.-]*")
BLOCK = 1 << 25


def list_brought(cache: Path, model_id: str, revision: str | None) -> ModelInfo:
    """What `list_model` says of a repository, read from the files of the one commit that the revision names here.

    ModelFault with not_brought, and the command that brings it, when it is not here or not whole; with the file's own
    code when a header or a setting cannot be read. PassingFault when the disk does not let anything be read.
    """
    try:
        hub_id, snapshot = _find(cache, model_id, revision)
        _check_whole(hub_id, snapshot)
        names = {path.name for path in snapshot.iterdir()}
        return ModelInfo(  # type: ignore[no-untyped-call]
            id=hub_id,
            sha=snapshot.name,
            gated=False,
            siblings=[_listed(path) for path in sorted(snapshot.iterdir())],
            cardData=read_card(snapshot / CARD) if CARD in names else {},
            config=_config(snapshot, names),
            safetensors={"parameters": {}, "total": _parameters(snapshot, names)},
        )
    except OSError as error:
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, "Its files cannot be read just now.") from error


def search_brought(cache: Path, words: str) -> list[Suggestion]:
    """At most eight of the models that are here for these words, by name."""
    wanted = words.lower().split()
    ids = (hub_id for hub_id, _ in _models(cache))
    return [Suggestion(hub_id, None) for hub_id in ids if all(word in hub_id.lower() for word in wanted)][:MOST]


def open_brought(
    cache: Path, model_id: str, commit: str, *, max_gb: float, report: ByteProgress = lambda done, total: None
) -> Path:
    """Folder with the allowed files of the model at this commit, each what its digest says and through the gate.

    `report` is told how many bytes were read, of how many. ModelFault when it is not here, not whole, damaged or
    refused.
    """
    info = list_brought(cache, model_id, commit)
    wanted = allowed_files(info.siblings, max_gb)
    home = cache / folder_name(info.id)
    snapshot = home / "snapshots" / commit
    total = sum(file.size or 0 for file in wanted)
    done = 0
    for file in wanted:
        if not _is_intact(snapshot / file.rfilename, partial(_tell, report, done, total)):
            raise not_brought(f"{file.rfilename} is damaged.", f"{info.id}@{commit}")
        done += file.size or 0
    return let_through(snapshot, home)


def brought_tokenizer(cache: Path, model_id: str, commit: str) -> Path | None:
    """Folder of a model that is here, for its tokenizer and template alone; None if it is not, or has none."""
    try:
        _, snapshot = _find(cache, model_id, commit)
        if not any(path.name.startswith("tokenizer") for path in snapshot.iterdir()):
            return None
        return let_through(snapshot, snapshot.parents[1], weights=False)
    except ModelFault:
        return None


def not_brought(why: str, asked: str) -> ModelFault:
    """The fault of a model that is not here as it should be, with the command that brings it."""
    return ModelFault(FailureCode.NOT_BROUGHT, f"{why} Where there is a network: python app.py carry FOLDER {asked}")


def folder_name(hub_id: str) -> str:
    """The folder of a model in a cache of the Hub's client."""
    return f"models--{hub_id.replace('/', '--')}"


def _models(cache: Path) -> Iterator[tuple[str, Path]]:
    for folder in sorted(cache.glob("models--*")):
        owner, _, name = folder.name.removeprefix("models--").partition("--")
        if name and any((folder / "snapshots").glob("*")):
            yield f"{owner}/{name}", folder


def _find(cache: Path, model_id: str, revision: str | None) -> tuple[str, Path]:
    asked = f"{model_id}@{revision}" if revision else model_id
    for hub_id, home in _models(cache):
        if hub_id.lower() == model_id.lower():
            return hub_id, _snapshot(home, revision, asked)
    raise not_brought("It is not here.", asked)


def _snapshot(home: Path, revision: str | None, asked: str) -> Path:
    """The folder of the commit that a revision names here; the only one there is where none is named."""
    here = sorted(path.name for path in (home / "snapshots").iterdir() if COMMIT.fullmatch(path.name))
    commit = revision if revision and COMMIT.fullmatch(revision) else _ref(home, revision or MAIN)
    if commit is None and revision is None and len(here) == 1:
        commit = here[0]
    if commit not in here:
        raise not_brought(f"Of it these commits are here: {', '.join(here) or 'none'}.", asked)
    return home / "snapshots" / commit


def _ref(home: Path, name: str) -> str | None:
    path = home / "refs" / name
    if not REF.fullmatch(name) or not path.is_file():
        return None
    with path.open("rb") as stream:
        commit = stream.read(64).decode("ascii", "replace").strip()
    return commit if COMMIT.fullmatch(commit) else None


def _check_whole(hub_id: str, snapshot: Path) -> None:
    """Every entry is a file of the model's own folder, and one that may be here; ModelFault otherwise."""
    home, asked = snapshot.parents[1].resolve(), f"{hub_id}@{snapshot.name}"
    for path in sorted(snapshot.iterdir()):
        if not (kind_of(path.name) or HARMLESS.fullmatch(path.name)):
            raise not_brought(f"Beside its files lies {path.name[:60]!r}, which is never opened: remove that.", asked)
        if not path.is_file() or not path.resolve().is_relative_to(home):
            raise not_brought(f"{path.name} is missing.", asked)


def _listed(path: Path) -> Mapping[str, Any]:
    """As the Hub's interface writes a file; the client names what it keeps by the digest that the Hub announced."""
    size, name = path.stat().st_size, path.resolve().name
    large = {"sha256": name, "size": size, "pointerSize": 0} if SHA256.fullmatch(name) else None
    return {"rfilename": path.name, "size": size, "blobId": name if COMMIT.fullmatch(name) else None, "lfs": large}


def _config(snapshot: Path, names: set[str]) -> dict[str, Any]:
    """What the Hub repeats of config.json, and of the tokenizer's settings."""
    config = {} if "config.json" not in names else _settings(snapshot / "config.json")
    if "tokenizer_config.json" in names:
        config["tokenizer_config"] = _settings(snapshot / "tokenizer_config.json")
    return config


def _settings(path: Path) -> dict[str, Any]:
    kind = kind_of(path.name) or FileKind.CONFIG
    if path.stat().st_size > (kind.most_bytes or 0):
        raise ModelFault(kind.code, f"{path.name} is too large.")
    return read_object(path.read_bytes(), path.name, kind.code)


def _parameters(snapshot: Path, names: set[str]) -> int:
    weights = {WHOLE} & names or {name for name in names if kind_of(name) is FileKind.WEIGHTS}
    total = 0
    for path in (snapshot / name for name in sorted(weights)):
        check_header(path)
        total += sum(parse_local_safetensors_file_metadata(path).parameter_count.values())
    return total


def _tell(report: ByteProgress, before: int, total: int, here: int) -> None:
    report(before + here, total)


def _is_intact(path: Path, report: Callable[[int], None]) -> bool:
    """Whether the file is what its name in the cache says; a copy that has no such name was not kept by the client."""
    name = path.resolve().name
    if not (SHA256.fullmatch(name) or COMMIT.fullmatch(name)):
        return True
    whole = hashlib.sha256() if SHA256.fullmatch(name) else git_digest(path.stat().st_size)
    done = 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            whole.update(block)
            done += len(block)
            report(done)
    return bool(whole.hexdigest() == name)
