"""Tiny models of many architectures in this process, and what plain generate writes with them, a prompt at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, GenerationConfig, PreTrainedConfig

from backend.engines.local.asked import GenerationMethod, TokenizedPrompt

VOCABULARY = 97
END = 2
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": END,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 10_000.0,
    "short_factor": [1.0] * 4,
    "long_factor": [2.0, 3.0, 4.0, 5.0],
}
DYNAMIC = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0}
MIXED = ["sliding_attention", "full_attention"]


@dataclass(frozen=True)
class Kind:
    """An architecture: the name of its configuration, what that says beside the sizes, and how it is to be asked."""

    config: str
    settings: Mapping[str, Any]
    reuse: str = "prefix"
    without: frozenset[str] = frozenset()

    def configuration(self) -> PreTrainedConfig:
        """The configuration of a tiny one."""
        sizes = {name: size for name, size in SIZES.items() if name not in self.without}
        made: PreTrainedConfig = getattr(transformers, self.config)(**{**sizes, **self.settings})
        return made


ALONE = frozenset({"num_key_value_heads"})
KINDS = {
    "llama": Kind("LlamaConfig", {}),
    "llama-3": Kind("LlamaConfig", {"rope_parameters": LLAMA3}),
    "mistral": Kind("MistralConfig", {"sliding_window": 8}),
    "mixtral": Kind("MixtralConfig", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "gemma": Kind("GemmaConfig", {"head_dim": 8}),
    "gemma-2": Kind("Gemma2Config", {"head_dim": 8, "sliding_window": 8, "layer_types": MIXED}, "none"),
    "gemma-3": Kind("Gemma3TextConfig", {"head_dim": 8, "sliding_window": 8, "layer_types": MIXED}),
    "qwen-2": Kind("Qwen2Config", {}),
    "qwen-3": Kind("Qwen3Config", {"head_dim": 8}),
    "phi": Kind("PhiConfig", {}),
    "phi-3": Kind("Phi3Config", {"sliding_window": 8}),
    "phi-3 long": Kind("Phi3Config", {"rope_parameters": LONG, "original_max_position_embeddings": 24}, "none"),
    "gpt-neox": Kind("GPTNeoXConfig", {}, without=ALONE),
    "gpt-2": Kind("GPT2Config", {}, without=ALONE | {"intermediate_size"}),
    "opt": Kind("OPTConfig", {"ffn_dim": 64, "word_embed_proj_dim": 32}, without=ALONE | {"intermediate_size"}),
    "llama, dynamic": Kind("LlamaConfig", {"max_position_embeddings": 48, "rope_parameters": DYNAMIC}),
    "mamba": Kind("MambaConfig", {}, "none", ALONE | {"num_attention_heads"}),
    "t5": Kind(
        "T5Config",
        {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0},
        "none",
        frozenset(SIZES) - {"vocab_size", "pad_token_id", "eos_token_id"},
    ),
    "bart": Kind(
        "BartConfig",
        {
            "d_model": 32,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 64,
            "decoder_ffn_dim": 64,
            "decoder_start_token_id": 0,
            "forced_eos_token_id": None,
            "init_std": 0.2,
            "tie_word_embeddings": False,
        },
        "none",
        frozenset(SIZES) - {"vocab_size", "pad_token_id", "bos_token_id", "eos_token_id", "max_position_embeddings"},
    ),
}


def model_of(config: PreTrainedConfig, *, seed: int = 0) -> Any:
    """A model with weights so large that what it writes depends on what it read."""
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = kind.from_config(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.mul_(4)
    model.generation_config = GenerationConfig(
        do_sample=False, num_beams=1, pad_token_id=0, eos_token_id=[END], decoder_start_token_id=0
    )
    return model


def tree_of_prompts(seed: int = 1) -> list[TokenizedPrompt]:
    """Prompts in order that share much, little and nothing, two of them the same, one the beginning of others."""
    random = Random(seed)

    def some(count: int) -> list[int]:
        return [random.randrange(3, VOCABULARY) for _ in range(count)]

    head, documents = some(12), [some(9), some(9), some(9)]
    texts = [head + documents[0] + some(random.randrange(1, 7)) for _ in range(4)]
    texts += [head + documents[1] + some(3), head + documents[1] + documents[2] + some(2), some(20)]
    texts += [head + documents[0], head + documents[0]]
    return [TokenizedPrompt(str(number), text, random.choice((1, 4, 6))) for number, text in enumerate(sorted(texts))]


def one_by_one(model: Any, asked: Sequence[TokenizedPrompt]) -> dict[str, list[int]]:
    """What plain generate writes to each prompt by itself, up to the first end."""
    ends = model.generation_config.eos_token_id or []
    written = {}
    for one in asked:
        ids = torch.tensor([one.tokens], device=model.device)
        mask = torch.ones_like(ids)
        with torch.inference_mode():
            row = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=one.limit)[0].tolist()
        row = row[1 if model.config.is_encoder_decoder else len(one.tokens) :]
        end = next((place for place, token in enumerate(row) if token in ends), len(row))
        written[one.example_id] = row[:end]
    return written


def answers(way: GenerationMethod, *calls: Sequence[TokenizedPrompt]) -> dict[str, list[int]]:
    """What the way writes, each prompt answered once."""
    written = [one for asked in calls for one in way.write(asked)]
    assert sorted(one.asked.example_id for one in written) == sorted(one.example_id for call in calls for one in call)
    return {one.asked.example_id: list(one.tokens) for one in written}
