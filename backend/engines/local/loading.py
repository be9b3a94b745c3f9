"""Opens the submitted files: configuration, tokenizer, weights; nothing of them is ever run."""

import hashlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.engines.device import find_device, is_gpu_expected
from backend.engines.local.faults import is_of_the_device, is_out_of_memory
from backend.errors import FailureCode, ModelFault


def load_config(folder: Path) -> Any:
    """The configuration. ModelFault unless the installed transformers knows it."""
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # noqa: BLE001 - submitted files can break a loader in any way
        traceback.print_exc()
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE) from None


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer. ModelFault with no_tokenizer when there is none that can be used."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # noqa: BLE001 - submitted files can break a loader in any way
        traceback.print_exc()
        raise ModelFault(FailureCode.NO_TOKENIZER) from None


def load_model(folder: Path, config: Any, dtype: str) -> Any:
    """The model on its device, with all its weights. ModelFault when it does not load or does not fit."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    device = find_device(expected=is_gpu_expected())
    wanted = ("bfloat16" if device == "cuda" else "float32") if dtype == "auto" else dtype
    try:
        model, found = kind.from_pretrained(
            folder,
            dtype=wanted,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        model = model.to(device).eval()
    except Exception as error:
        traceback.print_exc()
        if is_out_of_memory(error):
            raise ModelFault(FailureCode.OUT_OF_MEMORY) from None
        if is_of_the_device(error):
            raise
        # Anything else: submitted files can break a loader in any way.
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE) from None
    if found["missing_keys"]:
        # transformers would fill them with random numbers, and what those write is no result.
        sys.stderr.write(f"Weights are missing: {', '.join(sorted(found['missing_keys'])[:5])}\n")
        raise ModelFault(FailureCode.UNSUPPORTED_ARCHITECTURE)
    return model


def greedy(tokenizer: Any, given: Any) -> Any:
    """Settings that generate greedily and end where the repository or the template says that a turn ends."""
    from transformers import GenerationConfig

    ends = given.eos_token_id if isinstance(given.eos_token_id, list) else [given.eos_token_id]
    ends = sorted({token for token in [*ends, tokenizer.eos_token_id, *_turn_ends(tokenizer)] if token is not None})
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (ends[0] if ends else 0)
    return GenerationConfig(
        do_sample=False,
        num_beams=1,
        pad_token_id=pad,
        eos_token_id=ends or None,
        bos_token_id=given.bos_token_id,
        decoder_start_token_id=given.decoder_start_token_id,
    )


def _turn_ends(tokenizer: Any) -> list[int]:
    marks = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|end_of_turn|>", "<|eot|>")
    known = tokenizer.get_vocab()
    return [known[mark] for mark in marks if mark in known]


def window(config: Any) -> int | None:
    """The longest input in tokens, answer included; None when the configuration does not tell."""
    text_config = config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "max_encoder_position_embeddings"):
        tokens = getattr(text_config, name, None)
        if isinstance(tokens, int) and tokens > 0:
            return tokens
    return None


def digest(files: Sequence[Path]) -> str:
    """SHA-256 over names and contents."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + b"\0")
        with file.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
