"""A small folder that passes for a model's, for an attack to change."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFIG: Mapping[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 8,
    "hidden_size": 2,
    "num_hidden_layers": 1,
    "dtype": "float32",
}
TOKENIZER_CONFIG: Mapping[str, Any] = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": 10**30,
    "chat_template": "{{ messages[0]['content'] }}",
}
TOKENIZER: Mapping[str, Any] = {"version": "1.0", "added_tokens": [], "normalizer": None, "model": {"type": "BPE"}}
TENSOR: Mapping[str, Any] = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def weights(header: Mapping[str, Any] | bytes, data: bytes = b"", *, length: int | None = None) -> bytes:
    """A safetensors file with this header, as it is, and these data; `length` is what it says of the header's bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def honest(folder: Path) -> Path:
    """The folder holds what the gate lets through."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights({"w": TENSOR}, bytes(8)))
    for name, content in (("config", CONFIG), ("tokenizer_config", TOKENIZER_CONFIG), ("tokenizer", TOKENIZER)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder
