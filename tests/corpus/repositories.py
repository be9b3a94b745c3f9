"""What a repository, or the Hub in its name, may do between the check and the download."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.domain import Model
from backend.errors import FailureCode
from tests.corpus.attack import Attack, Outcome
from tests.corpus.folders import TENSOR, weights
from tests.loopback.hub import LoopbackHub

NAME = "acme/tiny"
Play = Callable[[LoopbackHub, Path, Model], None]
BAD_NAMES = {
    "upwards": "../../evil.safetensors",
    "absolute": "/tmp/evil.safetensors",
    "another system's path": "..\\evil.safetensors",
    "look-alike": "m\u043edel.safetensors",
    "turned round": "model\u202esrotnesefas.safetensors",
    "line": "model\n.safetensors",
    "NUL": "model.safetensors\x00.py",
    "hidden": ".safetensors",
    "pattern": "*.safetensors",
    "of 10,000 letters": "m" * 10_000 + ".safetensors",
    "markup": "<img src=x onerror=alert(1)>.json",
    "code": "modeling_evil.py",
    "pickle": "pytorch_model.bin",
    "adapter": "adapter_config.json",
}


def _list(hub: LoopbackHub, *names: str, size: int = 10) -> None:
    hub.repositories[NAME].also_listed += [{"rfilename": name, "size": size, "blobId": "0" * 40} for name in names]


def _listed(name: str) -> Play:
    return lambda hub, folder, model: _list(hub, name)


def _force_push(hub: LoopbackHub, folder: Path, model: Model) -> None:
    (folder / "README.md").write_text("another")
    hub.add(NAME, folder)
    hub.forget_commit(NAME, model.revision)


def _swap(name: str, content: bytes) -> Play:
    return lambda hub, folder, model: hub.swapped.update({name: content})


def _flag(level: str, name: str) -> Play:
    return lambda hub, folder, model: hub.repositories[NAME].scans.update({name: level})


def _without_digest(hub: LoopbackHub, folder: Path, model: Model) -> None:
    blobs = hub.repositories[NAME].commits[model.revision].blobs
    object.__setattr__(blobs["config.json"], "oid", "0" * 40)


def _readme(hub: LoopbackHub, folder: Path, model: Model) -> None:
    text = "---\nlicense: mit\n---\n<script>x</script> [x](javascript:x) =HYPERLINK(1)"
    Path(folder / "README.md").write_text(text)


_LISTED: dict[str, tuple[str, Play, Any]] = {
    f"name {title}": (f"a file whose name is {title}", _listed(name), Outcome.IGNORED)
    for title, name in BAD_NAMES.items()
}
_PLAYED: dict[str, tuple[str, Play, Any]] = {
    "force-push": ("another history after the check", _force_push, FailureCode.NOT_FOUND),
    "gated after the check": (
        "access taken away after the check",
        lambda hub, folder, model: setattr(hub.repositories[NAME], "gated", "auto"),
        FailureCode.GATED,
    ),
    "weights swapped": (
        "other weights under the same digest",
        _swap("model.safetensors", b"\x80\x04N."),
        Outcome.RETRIED,
    ),
    "settings swapped": ("other settings under the same digest", _swap("config.json", b"{}"), Outcome.RETRIED),
    "wrong digest": ("a digest that no content has", _without_digest, Outcome.RETRIED),
    "called unsafe": (
        "weights that the Hub's scanners call unsafe",
        _flag("unsafe", "model.safetensors"),
        FailureCode.NO_SAFETENSORS,
    ),
    "called something new": (
        "settings of a level nobody knows",
        _flag("dreadful", "config.json"),
        FailureCode.UNSUPPORTED_ARCHITECTURE,
    ),
    "pickle called unsafe": ("a flagged file that is never fetched", _flag("unsafe", "evil.bin"), Outcome.IGNORED),
    "called safe": (
        "a scanner's word for more than a missing complaint",
        _flag("safe", "model.safetensors"),
        Outcome.IGNORED,
    ),
    "2,000 weight files": (
        "more files than any model has",
        lambda hub, folder, model: _list(hub, *(f"m{number}.safetensors" for number in range(2_000))),
        FailureCode.TOO_LARGE,
    ),
    "endless listing": (
        "a list of files that fills the memory of whoever reads it",
        lambda hub, folder, model: _list(hub, *["x" * 1_000_000] * 25),
        FailureCode.TOO_LARGE,
    ),
    "500 GB announced": (
        "weights larger than the disk",
        lambda hub, folder, model: _list(hub, "more.safetensors", size=500 * 10**9),
        FailureCode.TOO_LARGE,
    ),
    "a template of 50 MB announced": (
        "settings larger than the memory",
        lambda hub, folder, model: _list(hub, "chat_template.json", size=50 * 10**6),
        FailureCode.TOO_LARGE,
    ),
    "one that is not sent": ("a file that is listed and is not there", _listed("more.safetensors"), Outcome.RETRIED),
    "speaks in markup": ("a card in HTML, markdown and formulas", _readme, Outcome.IGNORED),
}
REPOSITORIES = tuple(
    Attack(name, sentence, play, expected) for name, (sentence, play, expected) in (*_LISTED.items(), *_PLAYED.items())
)


def small(folder: Path, model: Path) -> Path:
    """The model's folder with weights of eight bytes: what is played here is played before anything opens them."""
    shutil.copytree(model, folder)
    (folder / "model.safetensors").write_bytes(weights({"w": TENSOR}, bytes(8)))
    return folder
