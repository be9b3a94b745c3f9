"""Builds a model with random weights that never stops writing, and tells what the machine can do at most."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from backend.bench.vocabulary import BEGIN, END, PAD, SPECIALS, TEMPLATE, TURN_END, UNKNOWN

SEED = 0
SHARD = "4GB"
# Edge of the squares that are multiplied to find out the peak, and how often.
EDGES: Mapping[str, int] = {"cpu": 2_048, "cuda": 16_384}
REPEATS = 5


class Size(StrEnum):
    """How large the model is."""

    TINY = "tiny"
    SMALL = "88m"
    LARGE = "7b"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """The measures of a Llama. `window` is its longest input in tokens."""

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    vocabulary: int
    window: int

    @property
    def layer_params(self) -> int:
        """Weights that every token is multiplied with: those of all layers, without the embeddings."""
        head = self.hidden // self.heads
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * head * self.kv_heads
        return self.layers * (attention + 3 * self.hidden * self.inner)


SHAPES: Mapping[Size, ModelShape] = {
    Size.TINY: ModelShape(layers=2, hidden=64, inner=128, heads=4, kv_heads=2, vocabulary=2_048, window=8_192),
    Size.SMALL: ModelShape(layers=12, hidden=768, inner=2_048, heads=12, kv_heads=4, vocabulary=8_192, window=8_192),
    Size.LARGE: ModelShape(
        layers=32, hidden=4_096, inner=14_336, heads=32, kv_heads=8, vocabulary=32_000, window=8_192
    ),
}


def make_model(folder: Path, size: Size) -> dict[str, Any]:
    """The folder, which holds the trained `vocabulary.json`, is a model afterwards; returns what is known of machine.

    Weights are drawn on the GPU where there is one, in bfloat16, else in float32. The output's rows for special tokens
    and for those without a piece are 0: the largest of thousands of random scores is above that, so nothing ends early.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = SHAPES[size]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(SEED)
    tokenizer = _save_tokenizer(folder, shape)
    ends = [tokenizer.convert_tokens_to_ids(mark) for mark in (END, TURN_END)]
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.window,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=ends,
        dtype="bfloat16" if device == "cuda" else "float32",
    )
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if device == "cuda" else torch.float32)
    with torch.device(device):
        model = LlamaForCausalLM(config)
    torch.set_default_dtype(before)
    with torch.no_grad():
        model.lm_head.weight[: len(SPECIALS)] = 0
        model.lm_head.weight[len(tokenizer) :] = 0
    model.save_pretrained(folder, max_shard_size=SHARD)
    params = sum(weight.numel() for weight in model.parameters())
    del model
    return {"params": params, **_machine(device)}


def _save_tokenizer(folder: Path, shape: ModelShape) -> Any:
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "vocabulary.json"),
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
        padding_side="left",
        model_max_length=shape.window,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return tokenizer


def _machine(device: str) -> dict[str, Any]:
    import torch
    import transformers

    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "peak_flops": _peak_flops(device),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def _peak_flops(device: str) -> float:
    """Operations a second of one large product, the best of some: bfloat16 on a GPU, float32 on a CPU."""
    import time

    import torch

    edge, kind = EDGES[device], torch.bfloat16 if device == "cuda" else torch.float32
    square = torch.ones(edge, edge, device=device, dtype=kind)
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        product = square @ square
        float(product[0, 0])  # waits for the GPU
        best = min(best, time.perf_counter() - started)
    return 2 * edge**3 / best


def main() -> None:
    """Makes the model in the folder named first, of the size named second; the file named third says what is known."""
    folder, size, known = Path(sys.argv[1]), Size(sys.argv[2]), Path(sys.argv[3])
    known.write_text(json.dumps(make_model(folder, size)), encoding="utf-8")


if __name__ == "__main__":
    main()
