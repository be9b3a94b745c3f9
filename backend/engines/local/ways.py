"""Which way a model generates: with its prompts' shared beginnings read once where that is right, else plainly."""

import inspect
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from backend.engines.local.asked import Asked, Way
from backend.engines.local.attention import Unsupported
from backend.engines.local.batching import Budget
from backend.engines.local.faults import is_of_the_device, is_out_of_memory
from backend.engines.local.plain import PlainBatches
from backend.engines.local.prefix import PrefixReuse

# Elsewhere the turning of a token depends on the whole text's length, and what was kept of another text is not its own.
EVEN_ROPE = frozenset({"default", "linear", "llama3", "yarn"})
TOKENS_ON_CPU = 16_384
SHARE_OF_GPU = 0.7
TRIAL_TOKENS = 4
AGREEMENT = {"float32": 1e-3, "float16": 5e-2, "bfloat16": 2e-1}


def choose_way(model: Any, probe: Sequence[int], batch_tokens: int | None) -> Way:
    """The way for this model, tried on a few prompts made of the probe's tokens against the model's own attention."""
    ends = model.generation_config.eos_token_id or []
    budget = Budget(batch_tokens or _tokens_that_fit(model))
    if may_reuse(model):
        own = model.config._attn_implementation
        trial = _trial(probe)
        expected = _plain_scores(model, trial)
        way = PrefixReuse(model, ends, Budget(budget.tokens))
        if _agrees(way, trial, expected):
            return PrefixReuse(model, ends, budget)
        model.set_attn_implementation(own)
    return PlainBatches(model, ends, budget)


def may_reuse(model: Any) -> bool:
    """Whether attention can be given to the architecture, and a token's place alone decides how it is turned."""
    config = model.config.get_text_config()
    return (
        not model.config.is_encoder_decoder
        and bool(getattr(model, "_supports_attention_backend", False))
        and {"position_ids", "logits_to_keep"} <= inspect.signature(model.forward).parameters.keys()
        and _rope_types(config) <= EVEN_ROPE
        and set(getattr(config, "layer_types", None) or ()) <= {"full_attention", "sliding_attention"}
    )


def _rope_types(config: Any) -> set[str]:
    given = getattr(config, "rope_parameters", None) or {}
    kinds = [given, *(part for part in given.values() if isinstance(part, dict))]
    return {str(kind["rope_type"]) for kind in kinds if "rope_type" in kind}


def _tokens_that_fit(model: Any) -> int:
    """Tokens whose keys and values fit beside the model, on a GPU; a fixed number elsewhere."""
    import torch

    if model.device.type != "cuda":
        return TOKENS_ON_CPU
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    each = 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize
    free, _ = torch.cuda.mem_get_info()
    return max(int(SHARE_OF_GPU * free / each), 1)


def _trial(probe: Sequence[int]) -> list[Asked]:
    """Prompts of which some begin alike, some within others, and one stands alone."""
    tokens, back = list(probe), list(reversed(probe))
    texts = (tokens, tokens + back[:5], tokens + back[:5] + tokens[:7], tokens + tokens[1:], back)
    return [Asked(str(number), text, TRIAL_TOKENS) for number, text in enumerate(texts)]


def _plain_scores(model: Any, trial: Sequence[Asked]) -> Any:
    """The model's own scores after each prompt, and after it with its first token once more (2 × vocabulary)."""
    import torch

    with torch.inference_mode():
        return [
            model(input_ids=torch.tensor([[*one.tokens, one.tokens[0]]], device=model.device)).logits[0, -2:]
            for one in trial
        ]


def _agrees(way: PrefixReuse, trial: Sequence[Asked], expected: Sequence[Any]) -> bool:
    try:
        found = way.scores(trial)
    except Unsupported as missing:
        sys.stderr.write(f"Shared beginnings are not reused: the model's attention needs {missing}.\n")
        return False
    except Exception as error:  # an architecture may break in any way when its attention is given to it
        if is_out_of_memory(error) or is_of_the_device(error):
            raise
        traceback.print_exc()
        return False
    far = max(float((ours - theirs).abs().max() / theirs.std()) for ours, theirs in zip(found, expected, strict=True))
    agrees = far <= AGREEMENT[str(expected[0].dtype).removeprefix("torch.")]
    if not agrees:
        sys.stderr.write(f"Shared beginnings are not reused: scores differ by {far:.2g} of their spread.\n")
    return agrees
