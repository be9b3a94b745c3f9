"""A model's folder, opened in this process: its own tokenizer, form and ends, and the answers of plain generate."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from backend import prompting
from backend.domain import Prompt
from backend.engines.local import generator
from backend.engines.local.generator import Generator
from backend.errors import FailureCode, ModelFault
from backend.prompting import before_turn_end, plain_text
from tests.backend.asking import prompts
from tests.backend.local.tiny import KINDS, SIZES, model_of
from tests.backend.local.vocabularies import byte_level, unigram


def saved(folder: Path, model: Any, tokenizer: Any) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_t5(folder: Path, side: str) -> Path:
    tokenizer = unigram()
    tokenizer.padding_side, tokenizer.eos_token, tokenizer.pad_token = side, "</s>", "<unk>"
    config = KINDS["t5"].configuration()
    config.vocab_size, config.eos_token_id = len(tokenizer), 1
    model = model_of(config)
    model.generation_config.eos_token_id = [1]
    return saved(folder, model, tokenizer)


def base_llama(folder: Path, side: str) -> Path:
    tokenizer = byte_level()
    tokenizer.padding_side, tokenizer.pad_token = side, "<s>"
    model = model_of(LlamaConfig(**{**SIZES, "vocab_size": len(tokenizer)}))
    model.generation_config.eos_token_id = None
    return saved(folder, model, tokenizer)


def answered(generator: Generator, asked: list[Prompt]) -> dict[str, Mapping[str, Any]]:
    """What is sent, by example."""
    sent: list[Mapping[str, Any]] = []
    generator.complete([asdict(one) for one in asked], sent.append)
    assert len(sent) == len(asked)
    return {answer["example_id"]: answer for answer in sent}


def plainly(folder: Path, asked: list[Prompt]) -> dict[str, str]:
    """What the folder's model writes when each is asked alone, with nothing of ours between."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    is_t5 = "t5" in (folder / "config.json").read_text()
    model: Any = (AutoModelForSeq2SeqLM if is_t5 else AutoModelForCausalLM).from_pretrained(folder)
    found = {}
    for one in asked:
        ids = tokenizer(plain_text(one.messages), return_tensors="pt").input_ids
        assert (ids[0, -1] == tokenizer.eos_token_id) == is_t5, "a T5 reads a mark of the end"
        row = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=one.max_new_tokens, do_sample=False
        )
        found[one.example_id] = before_turn_end(
            tokenizer.decode(row[0, 0 if is_t5 else ids.shape[1] :], skip_special_tokens=True)
        )
    return found


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("build", "way"), [(base_llama, "prefix"), (tiny_t5, "none")], ids=["llama", "t5"])
def test_answers_are_those_of_the_folders_own_parts_whatever_side_it_pads_on(
    tmp_path: Path, build: Callable[[Path, str], Path], way: str, side: str
) -> None:
    folder, asked = build(tmp_path, side), prompts(8, new=6)
    generator = Generator(folder, "float32", 800)
    assert generator.reuse == way and "reuse" not in generator.facts(folder)
    found = answered(generator, asked)
    expected = plainly(folder, asked)
    assert {name: answer["text"] for name, answer in found.items()} == expected
    assert len(set(expected.values())) > 4


def test_a_base_model_is_not_let_write_on_after_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, asked = base_llama(tmp_path, "left"), prompts(6, new=60)
    long = answered(Generator(folder, "float32", 4_000), asked)
    assert {answer["output_tokens"] for answer in long.values()} == {60}
    mark = long["q-1"]["text"][9:12]
    for module in (generator, prompting):
        monkeypatch.setattr(module, "PLAIN_TURN_END", mark)
    short = answered(Generator(folder, "float32", 4_000), asked)
    assert short["q-1"]["output_tokens"] < 32 and short["q-1"]["finish"] == "stop"
    for name, answer in short.items():
        text = long[name]["text"]
        assert answer["text"] == text.split(mark)[0]
        assert answer["finish"] == ("stop" if mark in text else "length")
        assert mark in text or answer["output_tokens"] == 60


def test_a_model_too_large_for_its_first_look_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*args: Any, **options: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(LlamaForCausalLM, "forward", fill)
    with pytest.raises(ModelFault) as caught:
        Generator(base_llama(tmp_path, "left"), "float32", 800)
    assert caught.value.code is FailureCode.OUT_OF_MEMORY
