"""Shared beginnings are reused only where a trial shows that the model's own attention would have said the same."""

from typing import Any

import pytest
import torch
from transformers import (
    FalconMambaConfig,
    Gemma3Config,
    LEDConfig,
    LlamaConfig,
    Mamba2Config,
    PegasusConfig,
    PhimoeConfig,
    Qwen2MoeConfig,
)

from backend.engines.local.asked import TokenizedPrompt
from backend.engines.local.batching import Budget
from backend.engines.local.loading import window
from backend.engines.local.plain import PlainBatches
from backend.engines.local.plain import fit as plain_fit
from backend.engines.local.ways import SHARE_OF_GPU, TOKENS_ON_CPU, choose_way, tokens_that_fit
from backend.errors import FailureCode, ModelFault
from tests.backend.local.tiny import END, KINDS, SIZES, answers, model_of, one_by_one, tree_of_prompts

PROBE = list(range(3, 14))


@pytest.mark.parametrize(
    "config",
    [
        Qwen2MoeConfig(
            **SIZES,
            use_sliding_window=True,
            sliding_window=300,
            max_window_layers=2,
            num_experts=4,
            num_experts_per_tok=2,
            moe_intermediate_size=16,
            shared_expert_intermediate_size=16,
        ),
        PhimoeConfig(**SIZES, sliding_window=300, num_local_experts=4),
    ],
    ids=["Qwen 2 MoE", "Phi MoE"],
)
def test_a_window_that_attention_is_not_told_of_is_noticed_though_it_is_wider_than_the_trial(config: Any) -> None:
    assert choose_way(model_of(config), PROBE, 120).name == "none"


def test_the_trial_leaves_windows_and_attention_as_they_were() -> None:
    for name in ("mistral", "gemma-2"):
        model = model_of(KINDS[name].configuration())
        before = [model.config.sliding_window, *(getattr(part, "sliding_window", None) for part in model.modules())]
        own = model.config._attn_implementation
        way = choose_way(model, PROBE, 120)
        after = [model.config.sliding_window, *(getattr(part, "sliding_window", None) for part in model.modules())]
        assert before == after
        assert (model.config._attn_implementation == own) is (way.name == "none")


def test_scores_that_are_no_numbers_are_never_taken_for_agreement() -> None:
    model = model_of(LlamaConfig(**SIZES))

    def spoil(module: Any, args: Any, given: Any, output: Any) -> None:
        if given.get("logits_to_keep") is not None:
            output.logits[0, 1:] = float("nan")

    model.register_forward_hook(spoil, with_kwargs=True)
    assert choose_way(model, PROBE, 120).name == "none"


def test_a_window_hardly_longer_than_the_probe_is_not_overrun() -> None:
    model = model_of(KINDS["gpt-2"].configuration())
    assert model.transformer.wpe.num_embeddings == 512
    small = KINDS["gpt-2"].configuration()
    small.n_positions = 12
    assert choose_way(model_of(small), PROBE, 120).name == "prefix"


def test_a_vision_model_reads_text_as_its_text_model_does() -> None:
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Gemma3Config(
        text_config={**SIZES, **KINDS["gemma-3"].settings},
        vision_config={**vision, "image_size": 28, "patch_size": 14},
        mm_tokens_per_image=4,
        image_token_index=96,
    )
    asked = [one for one in tree_of_prompts() if 96 not in one.tokens]
    expected = one_by_one(model_of(config), asked)
    way = choose_way(model_of(config), PROBE, 200)
    assert way.name == "prefix"
    assert answers(way, asked) == expected


def test_texts_whose_lengths_turn_tokens_differently_are_not_answered_together() -> None:
    """With longrope a text of more than 24 tokens is turned in another way, and so would be its padded neighbours."""
    model = model_of(KINDS["phi-3 long"].configuration())
    asked = [
        TokenizedPrompt(str(size), [3 + (size * 7 + place * 5) % 90 for place in range(size)], 6)
        for size in range(14, 36, 3)
    ]
    expected = one_by_one(model_of(model.config), asked)
    assert answers(PlainBatches(model, [END], Budget(10_000)), asked) != expected, "or there is nothing to look after"
    assert answers(PlainBatches(model, [END], Budget(10_000), even=24), asked) == expected


def test_plain_batches_hold_what_fits_padded_and_turned_alike() -> None:
    asked = [TokenizedPrompt("", [1] * size, 5) for size in (30, 26, 25, 24, 20, 19, 8)]
    assert plain_fit(asked, Budget(10_000)) == 7
    assert plain_fit(asked, Budget(3 * 35)) == 3
    assert plain_fit(asked, Budget(1)) == 1
    assert plain_fit(asked, Budget(10_000, rows=2)) == 2
    assert plain_fit(asked, Budget(10_000), even=24) == 3, "all of them longer than 24"
    assert plain_fit(asked[3:], Budget(10_000), even=24) == 1, "grows beyond 24 while it is written"
    assert plain_fit(asked[5:], Budget(10_000), even=24) == 2, "all of them within 24, answers too"


def test_numbers_of_another_kind_are_judged_by_the_weights() -> None:
    """Some architectures give float32 scores whatever the weights are."""
    model = model_of(LlamaConfig(**SIZES)).to(torch.bfloat16)

    def widen(module: Any, args: Any, output: Any) -> None:
        output.logits = output.logits.float()

    model.register_forward_hook(widen)
    assert choose_way(model, PROBE, 120).name == "prefix"


@pytest.mark.parametrize("reusing", [False, True], ids=["in the model's own way", "while sharing"])
def test_memory_that_runs_out_in_the_trial_is_told_as_what_it_is(reusing: bool) -> None:
    model = model_of(LlamaConfig(**SIZES))

    def fill(module: Any, args: Any, given: Any) -> None:
        if ("logits_to_keep" in given) is reusing:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    model.register_forward_pre_hook(fill, with_kwargs=True)
    with pytest.raises(ModelFault) as caught:
        choose_way(model, PROBE, 120)
    assert caught.value.code is FailureCode.OUT_OF_MEMORY


def test_a_model_that_takes_no_other_attention_is_asked_plainly() -> None:
    model = model_of(LlamaConfig(**SIZES))
    own = model.set_attn_implementation

    def take(name: str) -> None:
        if name != "sdpa":
            raise ValueError("It takes sdpa alone.")
        own(name)

    model.set_attn_implementation = take
    assert choose_way(model, PROBE, 120).name == "none"


def test_every_architecture_has_a_number_of_tokens_that_fit() -> None:
    made = {name: kind.configuration().get_text_config() for name, kind in KINDS.items()}
    found = {name: tokens_that_fit(config, 2, 10_000_000) for name, config in made.items()}
    by_hand = {"llama": 2 * 2 * 2 * 8 * 2, "gpt-2": 2 * 2 * 4 * 8 * 2, "t5": 2 * 2 * 4 * 8 * 2}
    assert {name: found[name] for name in by_hand} == {
        name: int(SHARE_OF_GPU * 10_000_000 / each) for name, each in by_hand.items()
    }
    assert found["mamba"] == TOKENS_ON_CPU and min(found.values()) > 0
    for config in (Mamba2Config(), FalconMambaConfig()):
        assert tokens_that_fit(config, 2, 10_000_000) == TOKENS_ON_CPU


def test_the_window_of_an_encoder_is_known_by_each_of_its_names() -> None:
    assert window(LEDConfig(max_encoder_position_embeddings=4096)) == 4096
    assert window(PegasusConfig(max_position_embeddings=512)) == 512
