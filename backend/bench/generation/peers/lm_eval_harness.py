"""EleutherAI's lm-evaluation-harness, its `hf` backend, on a local task that asks with the very same texts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.bench.generation.peers.stock import device_here, dtype_for
from backend.bench.generation.work import Stopwatch, Work, take_turn


def answer(work: Work, watch: Stopwatch) -> Mapping[str, str]:
    """The text written for each prompt. The facts tell how many prompts reached the model as they are elsewhere."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    model = _timed(HFLM, watch)(
        pretrained=str(work.folder), batch_size=work.batch_size, dtype=dtype_for(work), device=device_here()
    )
    tasks = [_task(work, limit) for limit in sorted({prompt.max_new_tokens for prompt in work.prompts})]
    results = lm_eval.simple_evaluate(model=model, tasks=tasks, log_samples=True, bootstrap_iters=0, verbosity="ERROR")
    assert results is not None
    samples = [sample for task in results["samples"].values() for sample in task]
    watch.facts["engine_version"] = lm_eval.__version__
    watch.facts["same_prompts"] = sum(_is_same(model, sample, work) for sample in samples)
    return {sample["doc"]["id"]: sample["resps"][0][0] for sample in samples}


def _timed(kind: Any, watch: Stopwatch) -> Any:
    class Timed(kind):  # type: ignore[misc]
        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> Any:
            with watch.answering():
                return super().generate_until(requests, disable_tqdm=True)

    return Timed


def _task(work: Work, limit: int) -> dict[str, Any]:
    rows = [
        {"id": prompt.example_id, "text": work.texts[prompt.example_id], "gold": ""}
        for prompt in work.prompts
        if prompt.max_new_tokens == limit
    ]
    path = Path.cwd() / f"asked-{limit}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {
        "task": f"bench_{limit}",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "text",
        "doc_to_target": "gold",
        "generation_kwargs": {"until": [], "do_sample": False, "max_gen_toks": limit},
        "metric_list": [{"metric": "bypass"}],
    }


def _is_same(model: Any, sample: Mapping[str, Any], work: Work) -> bool:
    """Whether the text is the same to the byte, and so are its token ids."""
    text = sample["arguments"][0][0]
    ids = model.tok_batch_encode([text])[0][0].tolist()
    own = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    return bool(text == work.texts[sample["doc"]["id"]] and ids == own)


if __name__ == "__main__":
    take_turn(answer)
