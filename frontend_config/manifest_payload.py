"""What everybody may read of a manifest: the facts that are listed here, and none that names a place on a machine."""

from typing import Any

from backend.domain import Fact, Result, Run
from frontend_config.columns import HUB_ID

RESCORED = "rescored_"
TITLES = {
    "engine_version": "Engine version",
    "carried_by": "Spread over several machines or GPUs by",
    "torch_version": "PyTorch under the engine",
    "dtype": "Type of the weights",
    "device": "Device",
    "template": "Chat template",
    "template_sha256": "Chat template, SHA-256",
    "weights_sha256": "Weights, SHA-256",
    "tokenizer_sha256": "Tokenizer, SHA-256",
    "endpoint_model": "Model as the endpoint calls it",
    "endpoint_sha": "Commit as the endpoint states it",
    "batch_size": "Prompts in a batch",
    "batch_tokens": "Tokens held at once",
    "params": "Parameters",
    "window": "Context window, tokens",
    "token_counts": "Who counts tokens near the window",
    "decoding": "Decoding",
    "seed": "Seed",
    "bootstrap_resamples": "Bootstrap resamples",
    "limit": "Only the first examples",
    "python": "Python",
    "machine": "Processor architecture",
    "cpu": "Processor",
    "transformers": "transformers",
    "torch": "torch",
    "huggingface_hub": "huggingface_hub",
    "rapidfuzz": "rapidfuzz",
    "numpy": "numpy",
    "clue_clone_commit": "Commit of the authors' repository",
    "clue_clone_sha256": "The authors' scripts, SHA-256",
}


def manifest_payload(result: Result) -> list[dict[str, Any]]:
    """The facts of a result that may be shown, in the order of the list, each with its title."""
    facts = result.manifest
    told = [(name, TITLES[name], facts[name]) for name in TITLES if name in facts]
    told += [
        (name, f"{TITLES[name.removeprefix(RESCORED)]}, when judged again", fact)
        for name, fact in facts.items()
        if name.startswith(RESCORED) and name.removeprefix(RESCORED) in TITLES
    ]
    return [{"name": name, "title": title, "value": fact} for name, title, fact in told if _may_be_shown(name, fact)]


def run_payload(run: Run, title: str) -> dict[str, Any]:
    """Which version of a task and which data a run was made with, and the facts of its metrics."""
    return {
        "task": run.task,
        "title": title,
        "version": run.version,
        "dataset_sha256": run.dataset_sha256,
        "facts": {name: fact for name, fact in run.facts.items() if _may_be_shown(name, fact)},
        "missing": run.missing,
    }


def _may_be_shown(name: str, fact: Fact) -> bool:
    if fact is None or (isinstance(fact, str) and _names_a_place(fact)):
        return False
    return not (name == "endpoint_model" and not HUB_ID.fullmatch(str(fact)))


def _names_a_place(fact: str) -> bool:
    return "://" in fact or fact.startswith(("/", "~", "\\")) or fact[1:3] == ":\\"
