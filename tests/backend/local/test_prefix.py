"""Reuse of shared beginnings: always the tokens of plain generate, however prompts, budgets and calls fall."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.engines.local.asked import TokenizedPrompt
from backend.engines.local.batching import Budget
from backend.engines.local.plain import PlainBatches
from backend.engines.local.prefix import PrefixReuse
from backend.errors import FailureCode, ModelFault
from tests.backend.local.tiny import KINDS, answers, model_of, one_by_one, tree_of_prompts

MOST = 6
BLOCKS = ([5], [17, 41], [80, 8, 33, 60], [61, 11, 45, 29, 52, 90, 4], [70, 23, 66, 19, 88, 37, 9, 12, 50, 31, 77])
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def twins(name: str) -> tuple[Any, Any]:
    """The same model twice: one for us, one left as it is."""
    return model_of(KINDS[name].configuration()), model_of(KINDS[name].configuration())


@cache
def plainly(name: str, tokens: tuple[int, ...]) -> tuple[int, ...]:
    """What plain generate writes when nothing ends it."""
    plain = twins(name)[1]
    plain.generation_config.eos_token_id = None
    return tuple(one_by_one(plain, [TokenizedPrompt("", tokens, MOST)])[""])


def cut(tokens: Sequence[int], limit: int, ends: Sequence[int]) -> list[int]:
    within = list(tokens[:limit])
    return within[: next((place for place, token in enumerate(within) if token in ends), limit)]


texts = st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=5).map(lambda blocks: tuple(chain.from_iterable(blocks)))
questions = st.lists(st.tuples(texts, st.integers(1, MOST)), min_size=1, max_size=12)


@pytest.mark.parametrize("name", ["llama", "mistral"])
@FEW
@given(
    asked=questions,
    ordered=st.booleans(),
    tokens=st.integers(1, 400),
    rows=st.integers(1, 8),
    chunk=st.integers(1, 40),
    ends=st.lists(st.integers(0, 96), max_size=12),
    calls=st.integers(1, 3),
)
def test_any_prompts_in_any_order_are_answered_as_by_plain_generate(
    name: str,
    asked: list[tuple[tuple[int, ...], int]],
    ordered: bool,
    tokens: int,
    rows: int,
    chunk: int,
    ends: list[int],
    calls: int,
) -> None:
    way = PrefixReuse(twins(name)[0], ends, Budget(tokens, rows))
    way._chunk = chunk
    prompts = [
        TokenizedPrompt(str(number), text, limit)
        for number, (text, limit) in enumerate(sorted(asked) if ordered else asked)
    ]
    size = -(-len(prompts) // calls)
    found = answers(way, *(prompts[start : start + size] for start in range(0, len(prompts), size)))
    assert found == {one.example_id: cut(plainly(name, tuple(one.tokens)), one.limit, ends) for one in prompts}
    assert way.effort.prompt_tokens == sum(len(one.tokens) for one in prompts)


@FEW
@given(asked=questions)
def test_in_order_each_beginning_is_read_once(asked: list[tuple[tuple[int, ...], int]]) -> None:
    """What is read are the nodes of the tree of prompts, and the last token of a prompt again when it is repeated."""
    way = PrefixReuse(twins("llama")[0], [], Budget(100_000))
    prompts = [TokenizedPrompt(str(number), text, 1) for number, (text, _) in enumerate(sorted(asked))]
    list(way.write(prompts))
    nodes = {tuple(one.tokens[: place + 1]) for one in prompts for place in range(len(one.tokens))}
    repeated = len(prompts) - len({one.tokens for one in prompts})
    assert way.effort.prefill_tokens == len(nodes) + repeated


def hooked(name: str, what: Callable[[int], None]) -> tuple[Any, Any]:
    """A model of which every forward call is told by its number, and the hook."""
    model, calls = twins(name)[0], iter(range(10_000))
    return model, model.register_forward_pre_hook(lambda *_: what(next(calls)))


@FEW
@given(failing=st.sets(st.integers(0, 25), max_size=8), tokens=st.integers(60, 200), chunk=st.integers(5, 60))
def test_when_memory_runs_out_every_prompt_is_answered_once_and_alike(
    failing: set[int], tokens: int, chunk: int
) -> None:
    asked = tree_of_prompts()
    ran_out: list[int] = []

    def run_out(call: int) -> None:
        # Only where a batch could still be cut, as one prompt alone is the model's fault.
        if call in failing and way._attention.cache.shape.rows > 1:
            ran_out.append(call)
            raise torch.OutOfMemoryError("CUDA out of memory.")

    model, hook = hooked("llama", run_out)
    way = PrefixReuse(model, [2], Budget(tokens))
    way._chunk = chunk
    try:
        found = answers(way, asked[:4], asked[4:])
    finally:
        hook.remove()
    assert found == {one.example_id: cut(plainly("llama", tuple(one.tokens)), one.limit, [2]) for one in asked}
    assert way.budget.tokens == max(tokens >> len(ran_out), 1)
    assert way.effort.prompt_tokens == sum(len(one.tokens) for one in asked), "what was in vain is not counted"


def test_one_prompt_that_is_too_much_is_the_models_fault_and_the_next_is_answered() -> None:
    asked = tree_of_prompts()

    def run_out(call: int) -> None:
        if call == 0:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    model, hook = hooked("llama", run_out)
    way = PrefixReuse(model, [2], Budget(10_000))
    with pytest.raises(ModelFault) as caught:
        list(way.write(asked[:1]))
    assert caught.value.code is FailureCode.OUT_OF_MEMORY
    found = answers(way, asked[1:3])
    hook.remove()
    assert found == {one.example_id: cut(plainly("llama", tuple(one.tokens)), one.limit, [2]) for one in asked[1:3]}


@pytest.fixture
def spoilt() -> Iterator[Callable[[int], Any]]:
    """A model whose scores are no numbers at the forward call of this number."""
    hooks = []

    def spoil(at: int) -> Any:
        model, calls = twins("llama")[0], iter(range(10_000))

        def overwrite(module: Any, given: Any, output: Any) -> None:
            if next(calls) == at:
                output.logits[..., -1:, 5] = float("nan")

        hooks.append(model.register_forward_hook(overwrite))
        return model

    yield spoil
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("at", [0, 3])
def test_scores_that_become_no_numbers_are_the_models_fault(spoilt: Callable[[int], Any], at: int) -> None:
    way = PrefixReuse(spoilt(at), [], Budget(10_000))
    asked = [TokenizedPrompt(str(number), (5, 6, 7 + number), 6) for number in range(3)]
    with pytest.raises(ModelFault) as caught:
        list(way.write(asked))
    assert caught.value.code is FailureCode.DEGENERATE_OUTPUT
    assert answers(way, asked) == {
        one.example_id: list(plainly("llama", tuple(one.tokens)))[: one.limit] for one in asked
    }, "and nothing of it stays"


def test_a_model_that_ends_at_once_says_nothing() -> None:
    way = PrefixReuse(twins("llama")[0], range(97), Budget(10_000))
    written = list(way.write(tree_of_prompts()))
    assert all(one.stopped and not one.tokens for one in written)


@pytest.mark.parametrize("limit", [3, 8, 20])
def test_an_answer_that_shows_itself_over_is_not_written_on_in_either_way(limit: int) -> None:
    """It is looked at after every eighth token; "over" here is what ends with an even number after the first."""
    asked = [TokenizedPrompt(str(number), (5, 6, 7 + number), limit) for number in range(9)]

    def over(tokens: Sequence[int]) -> bool:
        return tokens[1] % 2 == 0

    steps: list[int] = []
    model, hook = hooked("llama", steps.append)
    ours = answers(PrefixReuse(model, [2], Budget(10_000), over), asked)
    hook.remove()
    plain = twins("llama")[1]
    plain.generation_config.eos_token_id = [2]
    whole = one_by_one(plain, asked)
    expected = {name: tokens[:8] if len(tokens) > 8 and over(tokens) else tokens for name, tokens in whole.items()}
    assert ours == expected
    assert answers(PlainBatches(plain, [2], Budget(10_000), over=over), asked) == expected
    assert {over(tokens) for tokens in whole.values()} == {True, False}

    steps.clear()
    model, hook = hooked("llama", steps.append)
    assert {
        len(tokens) for tokens in answers(PrefixReuse(model, [], Budget(10_000), lambda _: True), asked).values()
    } == {min(limit, 8)}
    hook.remove()
    assert len(steps) == min(limit, 8), "one call reads, seven write on"
