"""Models that pass the gate, for their files are sound, and must do no harm in their process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from backend.errors import FailureCode
from tests.corpus.attack import Attack, Outcome

CANARY = "ran"
Spoil = Callable[[Path], None]


class _Running:
    """A pickle of this leaves a file behind when somebody opens it."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return (open, (str(self._canary), "w"))


def _change(name: str, **changed: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return spoil


def _weights(change: Callable[[dict[str, Any]], None]) -> Spoil:
    def spoil(folder: Path) -> None:
        found = load_file(folder / "model.safetensors")
        change(found)
        save_file(found, folder / "model.safetensors", metadata={"format": "pt"})

    return spoil


def _own_code(folder: Path) -> None:
    (folder / "evil.py").write_text(f"open({str(folder / CANARY)!r}, 'w')\nclass Evil: pass\n")
    names = {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil", "AutoTokenizer": ["evil.Evil", None]}
    _change("config.json", auto_map=names)(folder)
    _change("tokenizer_config.json", auto_map=names)(folder)
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text((folder / "evil.py").read_text())


def _pickles(folder: Path) -> None:
    for name in ("pytorch_model.bin", "training_args.bin", "adapter_model.bin"):
        torch.save(_Running(folder / CANARY), folder / name)


def _tokens(folder: Path) -> None:
    path = folder / "tokenizer.json"
    said = json.loads(path.read_text())
    more = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    said["added_tokens"] += [{"id": 2_000 + n, "content": f"<{n}>", **more} for n in range(2_000)]
    path.write_text(json.dumps(said))


def _regex(folder: Path) -> None:
    path = folder / "tokenizer.json"
    said = json.loads(path.read_text())
    split = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}
    said["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, said["pre_tokenizer"]]}
    path.write_text(json.dumps(said))


_NAN = _weights(lambda found: found["model.norm.weight"].fill_(float("nan")))
_SHAPE = _weights(lambda found: found.update({"model.norm.weight": torch.ones(3)}))
_DECLARED: dict[str, tuple[str, Spoil, FailureCode | Outcome]] = {
    "own code beside": ("code that leaves a file behind, named wherever it can be", _own_code, Outcome.HARMLESS),
    "pickles beside": ("pickles that leave a file behind, beside sound weights", _pickles, Outcome.HARMLESS),
    "numbers that are none": ("weights that make every score NaN", _NAN, FailureCode.DEGENERATE_OUTPUT),
    "weights of another shape": (
        "a tensor of another shape than the settings say",
        _SHAPE,
        FailureCode.UNSUPPORTED_ARCHITECTURE,
    ),
    "layers without weights": (
        "layers that would be filled with random numbers",
        _change("config.json", num_hidden_layers=40),
        FailureCode.UNSUPPORTED_ARCHITECTURE,
    ),
    "heads of a fraction": (
        "a width that no number of heads divides",
        _change("config.json", num_attention_heads=7),
        FailureCode.UNSUPPORTED_ARCHITECTURE,
    ),
    "words beyond the vocabulary": ("tokens that no weight belongs to", _tokens, Outcome.HARMLESS),
    "expression without end": ("a regular expression that tries everything", _regex, FailureCode.NO_TOKENIZER),
}
MODELS = tuple(Attack(name, sentence, spoil, expected) for name, (sentence, spoil, expected) in _DECLARED.items())
