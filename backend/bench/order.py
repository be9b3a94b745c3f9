"""How many tokens of a task need no computing because the prompt before begins with them: one order beside others."""

import random
import tempfile
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.bench.circumstances import circumstances
from backend.bench.vocabulary import Ids, LineTokenizer, contents, rendered, share, shared_lengths, train_vocabulary
from backend.datasets.rehearsal import Scale, write_rehearsal
from backend.domain import Prompt, Task, Window
from backend.ordering import in_pieces, in_prefix_order
from backend.progress import FractionProgress

GPUS = 8
# What a 7B model with grouped-query attention leaves for its cache on a GPU of 141 GB, at 131 kB a token, and pages of
# the size that servers use.
CACHE_TOKENS, PAGE = 840_000, 16
NEAR = 0.002


def measure_order(task: Task, scale: Scale, report: FractionProgress) -> dict[str, Any]:
    """The record for all prompts of one task: the share of prompt tokens that begin the prompt before, in five orders.

    `clean` means that the order by text shares no less than any other, but for 0.2 % of that by token ids.
    """
    report("writing rehearsal data", 0.05)
    prompts, built = _build(task, scale)
    report("tokenizing", 0.3)
    tokenizer = LineTokenizer(train_vocabulary(contents(prompts)))
    started = time.perf_counter()
    ids = {prompt.example_id: tokenizer.ids(rendered(prompt.messages, prompt.begun)) for prompt in prompts}
    tokenizing = time.perf_counter() - started
    started = time.perf_counter()
    by_text = in_prefix_order(prompts)
    sorting = time.perf_counter() - started
    report("walking", 0.5)
    orders = _orders(prompts, by_text, ids)
    shares = {name: share(sequences) for name, sequences in orders.items()}
    report("a paged cache", 0.7)
    cached = {name: paged_share(orders[name], CACHE_TOKENS) for name in ("file", "by_text")}
    return {
        **circumstances(),
        "task": task.name,
        "scale": str(scale),
        "prompts": len(prompts),
        "prompt_tokens": sum(map(len, ids.values())),
        "seconds": {"building": round(built, 2), "tokenizing": round(tokenizing, 2), "sorting": round(sorting, 2)},
        "shared_with_predecessor": _percent(shares),
        "shared_in_pieces": _percent({f"{GPUS} pieces of by_text": share_in_pieces(orders["by_text"], GPUS)}),
        f"found_in_a_paged_cache_of_{CACHE_TOKENS}_tokens": _percent(cached),
        "less_prefill_than_file_order": _percent(
            {
                "with the predecessor's cache": 1 - (1 - shares["by_text"]) / (1 - shares["file"]),
                "with that paged cache": 1 - (1 - cached["by_text"]) / (1 - cached["file"]),
            }
        ),
        "clean": is_best(shares),
    }


def is_best(shares: Mapping[str, float]) -> bool:
    """Whether the order by text shares as much as any, within 0.2 % of the order by token ids, the best there is."""
    others = [value for name, value in shares.items() if name not in ("by_text", "by_token_ids")]
    ours = shares["by_text"]
    return ours >= max(others) and ours >= (1 - NEAR) * shares["by_token_ids"]


def share_in_pieces(sequences: Sequence[Ids], count: int) -> float:
    """The share that is left when the sequences are cut into so many contiguous pieces, none knowing the others."""
    total = sum(map(len, sequences))
    return float(sum(int(shared_lengths(piece).sum()) for piece in in_pieces(sequences, count))) / total


def paged_share(sequences: Sequence[Ids], tokens: int) -> float:
    """The share of tokens found in a cache of whole pages that forgets the page that was used longest ago.

    A page is known by all tokens from the beginning of its prompt on, as in servers with automatic prefix caching.
    """
    kept: OrderedDict[int, None] = OrderedDict()
    found = 0
    for sequence in sequences:
        names = _page_names(sequence)
        hit = next((place for place, name in enumerate(names) if name not in kept), len(names))
        found += hit * PAGE
        # From the end, so that the beginning of a prompt is forgotten last.
        for name in reversed(names):
            kept[name] = None
            kept.move_to_end(name)
        while len(kept) > tokens // PAGE:
            kept.popitem(last=False)
    return found / sum(map(len, sequences))


def _build(task: Task, scale: Scale) -> tuple[list[Prompt], float]:
    """The task's prompts, and the seconds that reading and rendering took."""
    with tempfile.TemporaryDirectory(prefix="clue-bench-") as home:
        write_rehearsal(Path(home) / "data", scale)
        started = time.perf_counter()
        examples = task.load(Path(home) / "data").examples
        return [task.ask(example, Window(None, len)) for example in examples], time.perf_counter() - started


def _page_names(sequence: Ids) -> list[int]:
    data, width, before, names = sequence.tobytes(), PAGE * sequence.itemsize, 0, []
    for start in range(0, len(data) - width + 1, width):
        before = hash((before, data[start : start + width]))
        names.append(before)
    return names


def _orders(prompts: Sequence[Prompt], by_text: Sequence[Prompt], ids: Mapping[str, Ids]) -> dict[str, list[Ids]]:
    in_file = [ids[prompt.example_id] for prompt in prompts]
    return {
        "by_text": [ids[prompt.example_id] for prompt in by_text],
        # Big-endian bytes compare as the numbers do.
        "by_token_ids": sorted(in_file, key=lambda sequence: sequence.astype(">u2").tobytes()),
        "file": in_file,
        "by_length": sorted(in_file, key=len),
        "random": random.Random(1).sample(in_file, len(in_file)),
    }


def _percent(shares: Mapping[str, float]) -> dict[str, float]:
    return {name: round(100 * value, 2) for name, value in shares.items()}
