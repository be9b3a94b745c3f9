"""Whatever the architecture and the way, the greedy answers are those of plain generate, one prompt at a time."""

import pytest

from backend.engines.local.batching import Budget
from backend.engines.local.plain import PlainBatches
from backend.engines.local.rope import even_length
from backend.engines.local.ways import choose_way
from tests.backend.local.tiny import END, KINDS, answers, model_of, one_by_one, tree_of_prompts

PROBE = list(range(3, 14))


@pytest.mark.parametrize("name", KINDS)
def test_answers_are_those_of_plain_generate_with_and_without_reuse(name: str) -> None:
    asked, kind = tree_of_prompts(), KINDS[name]
    config = kind.configuration()
    expected = one_by_one(model_of(config), asked)
    assert len({tuple(tokens) for tokens in expected.values()}) >= 6, "a model that always says the same proves nothing"

    model = model_of(config)
    assert answers(PlainBatches(model, [END], Budget(150), even_length(config)), asked) == expected
    way = choose_way(model, PROBE, 120)
    assert way.name == kind.reuse
    assert answers(way, asked[:5], asked[5:]) == expected
    if way.name == "prefix":
        assert way.effort.prefill_tokens < 0.6 * way.effort.prompt_tokens, "what is shared is read once"
