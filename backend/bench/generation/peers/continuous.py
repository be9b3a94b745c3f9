"""transformers' continuous batching over a paged cache, in the order of the file."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.bench.generation.peers.stock import PromptTokens, load
from backend.bench.generation.work import Stopwatch, Work, take_turn
from backend.ordering import in_prefix_order

# Left to itself it takes 60 % of a machine's memory: (tokens a page, tokens a batch, requests a batch).
ON_CPU, ON_GPU = (32, 1_024, 16), (256, 8_192, 256)
GPU_PAGES = 2_048  # 69 GB for a 7B model


def answer(work: Work, watch: Stopwatch, *, in_our_order: bool = False) -> Mapping[str, str]:
    """The text written for each prompt."""
    from transformers import GenerationConfig

    stock = load(work)
    with watch.answering():
        texts = stock.read(work)
        if in_our_order:
            place = {prompt.example_id: number for number, prompt in enumerate(in_prefix_order(work.prompts))}
            texts.sort(key=lambda text: place[text.id])
        given = stock.model.generation_config
        config = GenerationConfig(do_sample=False, pad_token_id=given.pad_token_id, eos_token_id=given.eos_token_id)
        config.max_new_tokens = max(text.limit for text in texts)
        made = stock.model.generate_batch(
            [text.ids for text in texts],
            generation_config=config,
            continuous_batching_config=_batching(texts, on_gpu=stock.model.device.type == "cuda"),
        )
        # Each is known by a number that grows in the order of asking.
        rows = [made[name].generated_tokens for name in sorted(made, key=lambda name: int(name.rpartition("_")[2]))]
        return {text.id: stock.write(row[: text.limit]) for text, row in zip(texts, rows, strict=True)}


def _batching(texts: Sequence[PromptTokens], on_gpu: bool) -> Any:
    from transformers import ContinuousBatchingConfig

    page, tokens, requests = ON_GPU if on_gpu else ON_CPU
    longest = max(len(text.ids) + text.limit for text in texts)
    wanted = -(-longest // page) * min(requests, len(texts))
    pages = min(wanted, GPU_PAGES) if on_gpu else wanted
    return ContinuousBatchingConfig(
        page_size=page, num_blocks=pages, max_batch_tokens=tokens, max_requests_per_batch=requests
    )


if __name__ == "__main__":
    take_turn(answer)
