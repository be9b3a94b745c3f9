"""The gate between a downloaded folder and the libraries that open it: everything is looked at as bytes before."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from backend.errors import FailureCode, ModelFault, PassingFault
from backend.hub.admission import NO_CONFIG, check_file_size, known_model_types
from backend.hub.hooks import (
    ConfigValues,
    check_template,
    clear_config,
    clear_generation_config,
    clear_tokenizer_config,
)
from backend.hub.kinds import FileKind, kind_of
from backend.hub.plain_json import read_object
from backend.hub.weights import check_weights_in

CONFIG, GENERATION = "config.json", "generation_config.json"
TOKENIZER, TEMPLATE = "tokenizer_config.json", "chat_template.json"
UNREAD = frozenset({"vocab.json", "tekken.json"})  # only ever lists of pieces
CLEARED = "cleared"
LONGEST_REPLACEMENT = 200
MOST_ADDED = 100_000


def check_folder(folder: Path) -> None:
    """A local folder holds a model that may be opened; ModelFault says what is against it. Nothing is changed."""
    _changes(folder, weights=True)


def let_through(snapshot: Path, home: Path, *, weights: bool = True) -> Path:
    """Folder of the downloaded files that may be opened by the model process; ModelFault says what is against them.

    It is the snapshot itself, or, where settings carry leftovers of code, one beside it with these taken out and links
    to the other files. `home` is the model's own folder. Without `weights` only template and tokenizer are opened.
    """
    inside = home.resolve()
    if not all(path.resolve().is_relative_to(inside) for path in snapshot.iterdir()):
        raise PassingFault(FailureCode.DOWNLOAD_ERROR, "A file leads out of the model's folder.")
    changes = _changes(snapshot, weights=weights)
    return _beside(snapshot, home / CLEARED, changes) if changes else snapshot


def _changes(folder: Path, *, weights: bool) -> Mapping[str, ConfigValues]:
    """What has to stand in the place of files of this folder, by name; ModelFault when no change would do."""
    files = {path.name: kind for path in folder.iterdir() if (kind := kind_of(path.name)) and path.is_file()}
    for name, kind in files.items():
        check_file_size(name, kind, (folder / name).stat().st_size)
    if weights:
        check_weights_in(folder)
        if CONFIG not in files:
            raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE, NO_CONFIG)
    given = {
        name: read_object((folder / name).read_bytes(), name, kind.code)
        for name, kind in files.items()
        if _is_read(name, kind)
    }
    if "tokenizer.json" in given:
        _check_tokenizer(given["tokenizer.json"])
    if TEMPLATE in given:
        check_template(given[TEMPLATE].get("chat_template"), TEMPLATE)
    clear: Mapping[str, Callable[[ConfigValues], ConfigValues]] = {
        CONFIG: partial(clear_config, files=frozenset(files), model_types=known_model_types() if weights else None),
        GENERATION: clear_generation_config,
        TOKENIZER: clear_tokenizer_config,
    }
    cleared = {name: clear[name](given[name]) for name in clear if name in given}
    return {name: settings for name, settings in cleared.items() if settings != given[name]}


def _is_read(name: str, kind: FileKind) -> bool:
    """Whether what the file says is looked at here; the index was before."""
    return name.endswith(".json") and kind is not FileKind.INDEX and name not in UNREAD


def _check_tokenizer(given: ConfigValues) -> None:
    """Its steps do not make much out of little, and it adds no more tokens than models have; ModelFault otherwise."""
    added = given.get("added_tokens")
    if added is not None and (not isinstance(added, list) or len(added) > MOST_ADDED):
        raise ModelFault(FailureCode.NO_TOKENIZER, f"tokenizer.json adds more than {MOST_ADDED:,} tokens.")
    steps: list[Any] = [given.get(key) for key in ("normalizer", "pre_tokenizer", "post_processor", "decoder")]
    while steps:
        step = steps.pop()
        if isinstance(step, list):
            steps += step
        elif isinstance(step, dict):
            words = [step.get(key) for key in ("content", "prepend", "replacement")]
            if any(isinstance(word, str) and len(word) > LONGEST_REPLACEMENT for word in words):
                raise ModelFault(FailureCode.NO_TOKENIZER, "tokenizer.json makes long texts out of short ones.")
            steps += [value for value in step.values() if isinstance(value, dict | list)]


def _beside(snapshot: Path, shelf: Path, changes: Mapping[str, ConfigValues]) -> Path:
    """Folder with the snapshot's files, those of `changes` written anew; it is there whole or not at all.

    Its name says what was changed: another process may have it open, so one that is there is never touched.
    """
    texts = {name: json.dumps(settings, indent=2) + "\n" for name, settings in sorted(changes.items())}
    folder = shelf / f"{snapshot.name}-{hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    shelf.mkdir(exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=shelf, prefix="."))
    for path in snapshot.iterdir():
        if path.name in texts:
            (making / path.name).write_text(texts[path.name], encoding="utf-8")
        else:
            (making / path.name).symlink_to(os.path.relpath(path.resolve(), folder.resolve()))
    try:
        making.rename(folder)
    except OSError:
        shutil.rmtree(making)
        if not folder.exists():  # or another process was faster
            raise
    return folder
