"""Which way a model generates: with its prompts' shared beginnings read once where that is right, else plainly."""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from backend.engines.local.asked import GenerationMethod, Over, TokenizedPrompt, never_over
from backend.engines.local.attention import Unsupported
from backend.engines.local.batching import Budget
from backend.engines.local.faults import is_of_the_device, is_out_of_memory, too_large_is_told
from backend.engines.local.loading import window
from backend.engines.local.plain import PlainBatches
from backend.engines.local.prefix import PrefixReuse
from backend.engines.local.rope import even_length

TOKENS_ON_CPU = 16_384
SHARE_OF_GPU = 0.7
MOST_OF_PROBE = 48
TRIAL_TOKENS = 4
TRIAL_WINDOW = 4
AGREEMENT = {"float32": 1e-3, "float16": 5e-2, "bfloat16": 2e-1}
ATTENTIONS = frozenset({"full_attention", "sliding_attention"})


@too_large_is_told()
def choose_way(model: Any, probe: Sequence[int], batch_tokens: int | None, over: Over = never_over) -> GenerationMethod:
    """The way for this model, tried on a few prompts made of the probe's tokens against the model's own attention.

    `over` says of the tokens written so far whether they are more than an answer already. ModelFault with
    out_of_memory where not even those few fit.
    """
    ends = model.generation_config.eos_token_id or []
    budget = Budget(batch_tokens or _tokens_beside(model))
    if may_reuse(model):
        own = model.config._attn_implementation
        with _short_windows(model):
            trial = _trial(probe, window(model.config))
            expected = _plain_scores(model, trial)
            agrees = _agrees(partial(PrefixReuse, model, ends, Budget(budget.tokens)), trial, expected, model.dtype)
        if agrees:
            return PrefixReuse(model, ends, budget, over)
        model.set_attn_implementation(own)
    return PlainBatches(model, ends, budget, even_length(model.config.get_text_config()), over)


def may_reuse(model: Any) -> bool:
    """Whether attention can be given to the architecture, nothing else looks back, and rope is even in the window."""
    config = model.config.get_text_config()
    return (
        not model.config.is_encoder_decoder
        and bool(getattr(model, "_supports_attention_backend", False))
        and not model._is_stateful
        and {"position_ids", "logits_to_keep"} <= inspect.signature(model.forward).parameters.keys()
        and even_length(config) >= (window(model.config) or float("inf"))
        and set(getattr(config, "layer_types", None) or ()) <= ATTENTIONS
    )


def tokens_that_fit(config: Any, itemsize: int, free: int) -> int:
    """Tokens whose keys and values, of `itemsize` bytes a number, fit in a share of `free` bytes.

    TOKENS_ON_CPU where the configuration does not tell how large they are; state spaces have none.
    """
    queries, hidden, layers = (
        _whole(config, name) for name in ("num_attention_heads", "hidden_size", "num_hidden_layers")
    )
    heads = _whole(config, "num_key_value_heads") or queries
    size = _whole(config, "head_dim") or (hidden // queries if queries else 0)
    each = 2 * layers * heads * size * itemsize
    return max(int(SHARE_OF_GPU * free / each), 1) if each else TOKENS_ON_CPU


def _whole(config: Any, name: str) -> int:
    found = getattr(config, name, None)
    return found if isinstance(found, int) else 0


def _tokens_beside(model: Any) -> int:
    """Tokens that fit beside the model, on a GPU; a fixed number elsewhere."""
    import torch

    if model.device.type != "cuda":
        return TOKENS_ON_CPU
    free, _ = torch.cuda.mem_get_info()
    return tokens_that_fit(model.config.get_text_config(), model.dtype.itemsize, free)


@contextmanager
def _short_windows(model: Any) -> Iterator[None]:
    """Sliding windows are shorter than the trial's prompts meanwhile: a window that is not kept to would show."""
    holders = [
        holder
        for holder in (model.config.get_text_config(), *model.modules())
        if isinstance(getattr(holder, "sliding_window", None), int) and holder.sliding_window > TRIAL_WINDOW
    ]
    own = [holder.sliding_window for holder in holders]
    try:
        for holder in holders:
            holder.sliding_window = TRIAL_WINDOW
        yield
    finally:
        for holder, size in zip(holders, own, strict=True):
            holder.sliding_window = size


def _trial(probe: Sequence[int], most: int | None) -> list[TokenizedPrompt]:
    """Prompts of which some begin alike, some within others, and one stands alone; none longer than `most`."""
    size = max(1, min(MOST_OF_PROBE, ((most or sys.maxsize) - 1) // 3))
    tokens, back = list(probe[:size]), list(reversed(probe[:size]))
    texts = (tokens, tokens + back[:5], tokens + back[:5] + tokens[:7], tokens + tokens[1:], back)
    return [TokenizedPrompt(str(number), text, TRIAL_TOKENS) for number, text in enumerate(texts)]


def _plain_scores(model: Any, trial: Sequence[TokenizedPrompt]) -> Any:
    """The model's own scores after each prompt, and after it with its first token once more (2 × vocabulary)."""
    import torch

    with torch.inference_mode():
        return [
            model(input_ids=torch.tensor([[*one.tokens, one.tokens[0]]], device=model.device)).logits[0, -2:]
            for one in trial
        ]


def _agrees(
    make: Callable[[], PrefixReuse], trial: Sequence[TokenizedPrompt], expected: Sequence[Any], model_dtype: Any
) -> bool:
    try:
        found = make().scores(trial)
    except Unsupported as missing:
        sys.stderr.write(f"Shared beginnings are not reused: the model's attention needs {missing}.\n")
        return False
    except Exception as error:  # an architecture may break in any way when its attention is given to it
        if is_out_of_memory(error) or is_of_the_device(error):
            raise
        traceback.print_exc()
        return False
    far = _furthest(found, expected)
    agrees = far <= AGREEMENT.get(str(model_dtype).removeprefix("torch."), AGREEMENT["bfloat16"])
    if not agrees:
        sys.stderr.write(f"Shared beginnings are not reused: scores differ by {far:.2g} of their spread.\n")
    return agrees


def _furthest(found: Sequence[Any], expected: Sequence[Any]) -> float:
    """How far scores lie from the expected ones, in standard deviations of those; NaN where any of them is none."""
    import torch

    apart = [(ours - theirs).abs().max() / theirs.std() for ours, theirs in zip(found, expected, strict=True)]
    return float(torch.stack(apart).max())
