"""A local model: what it writes is what plain generate writes, and no submitted file gets beyond its process."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from backend.domain import Finish, Message, Prompt, Role
from backend.engines.transformers import ENGINE, LocalModel
from backend.errors import UsageError
from backend.isolation import ModelProcess
from backend.prompting import before_turn_end, merge_system, plain_text
from backend.settings import Settings
from tests.backend.asking import assert_answers_all, by_id, local, prompt, prompts, served
from tests.backend.loading import load_into
from tests.loopback.models import tiny_llama

FORMS = {
    "chat": {},
    "system_merged": {"system_role": False},
    "plain": {"chat_template": None},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("forms")
    return {name: tiny_llama(root / name, context=512, **how) for name, how in FORMS.items()}  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shared(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LocalModel]]:
    """One opened model for each form of prompt."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), batch_tokens=2_000, load_timeout=120, answer_timeout=120)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(ENGINE.open(local(folder), settings, Event()))  # type: ignore[misc]
            for name, folder in folders.items()
        }


def plainly_generated(folder: Path, asked: Prompt) -> str:
    """What the model writes when it is asked alone, with nothing of ours between."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if tokenizer.chat_template is None:
        ids = tokenizer(plain_text(asked.messages) + asked.begun, return_tensors="pt").input_ids
    else:
        turns = asked.messages if "not supported" not in tokenizer.chat_template else merge_system(asked.messages)
        written = [{"role": str(turn.role), "content": turn.content} for turn in turns]
        text = tokenizer.apply_chat_template(written, add_generation_prompt=True, tokenize=False) + asked.begun
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
    ends = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|end|>")]
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=asked.max_new_tokens,
        do_sample=False,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
    )[0, ids.shape[1] :]
    answer = str(tokenizer.decode(out, skip_special_tokens=True))
    return before_turn_end(answer) if tokenizer.chat_template is None else answer


@pytest.mark.parametrize("form", FORMS)
def test_batched_answers_are_those_of_plain_generate_one_by_one(
    form: str, shared: dict[str, LocalModel], folders: dict[str, Path]
) -> None:
    client, asked = shared[form], prompts()
    found = assert_answers_all(client, asked)
    assert {one.example_id: found[one.example_id].text for one in asked} == {
        one.example_id: plainly_generated(folders[form], one) for one in asked
    }
    assert client.facts["template"] == form and client.facts["dtype"] == "float32"
    assert all(0 <= (one.output_tokens or 0) <= 12 for one in found.values())


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_goes_on_from_the_words_it_was_begun_with(
    form: str, shared: dict[str, LocalModel], folders: dict[str, Path]
) -> None:
    begun = [replace(one, begun="In short: fever") for one in prompts(4)]
    found = assert_answers_all(shared[form], begun)
    assert {one.example_id: found[one.example_id].text for one in begun} == {
        one.example_id: plainly_generated(folders[form], one) for one in begun
    }
    without = assert_answers_all(shared[form], prompts(4))
    assert any(found[key].text != without[key].text for key in found)


@pytest.mark.parametrize("form", FORMS)
def test_a_conversation_may_have_lost_its_instruction(form: str, shared: dict[str, LocalModel]) -> None:
    cut = [replace(one, messages=one.messages[1:]) for one in prompts(2)]
    found = assert_answers_all(shared[form], cut)
    assert all(found[one.example_id].prompt_tokens == shared[form].window.count(one.messages) for one in cut)


@pytest.mark.parametrize("form", FORMS)
def test_a_prompt_opens_with_one_mark_of_beginning(
    form: str, shared: dict[str, LocalModel], folders: dict[str, Path]
) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(folders[form])
    messages = prompt(1, "Is it?").messages
    if form == "plain":
        text = plain_text(messages)
    else:
        turns = merge_system(messages) if form == "system_merged" else messages
        text = "".join(f"<|{turn.role}|>{turn.content}<|end|>" for turn in turns) + "<|assistant|>"
    assert shared[form].window.count(messages) == 1 + len(tokenizer(text, add_special_tokens=False).input_ids)
    assert next(iter(shared[form].complete([prompt(1, "Is it?")]))).prompt_tokens == shared[form].window.count(messages)


def test_the_manifest_tells_weights_template_and_window(shared: dict[str, LocalModel]) -> None:
    chat, merged, plain = (shared[form].facts for form in FORMS)
    assert chat["window"] == shared["chat"].window.tokens == 512
    assert chat["weights_sha256"] == merged["weights_sha256"] == plain["weights_sha256"]
    assert chat["template_sha256"] != merged["template_sha256"] and plain["template_sha256"] is None
    assert isinstance(chat["params"], int) and chat["device"] == "cpu" and chat["batch_tokens"] == 2_000


def test_the_way_of_generating_is_told_and_is_no_fact_that_a_journal_would_be_set_aside_for(
    shared: dict[str, LocalModel],
) -> None:
    assert shared["chat"].reuse == "prefix" and "reuse" not in shared["chat"].facts


def test_a_prompt_longer_than_the_window_is_refused_and_the_others_are_answered(shared: dict[str, LocalModel]) -> None:
    asked = [prompt(0, "Is it?"), prompt(1, "a fever " * 400, truncated=True), prompt(2, "What is gout?")]
    found = assert_answers_all(shared["chat"], asked)
    assert (found["q-1"].finish, found["q-1"].text, found["q-1"].output_tokens) == (Finish.REFUSED, "", 0)
    assert (found["q-1"].prompt_tokens or 0) > 512
    assert Finish.REFUSED not in {found["q-0"].finish, found["q-2"].finish}


def test_a_prompt_that_fits_exactly_is_answered_and_one_token_more_is_not(shared: dict[str, LocalModel]) -> None:
    client = shared["chat"]
    lengths = range(20, 500, 5)
    asked = next(one for n in lengths if client.window.count((one := prompt(0, "fever " * n)).messages) > 470)
    room = 512 - client.window.count(asked.messages)
    fits, bursts = (
        next(iter(client.complete([Prompt(example_id="x", messages=asked.messages, max_new_tokens=new)])))
        for new in (room, room + 1)
    )
    assert (fits.finish is not Finish.REFUSED, bursts.finish) == (True, Finish.REFUSED)


def test_more_prompts_than_a_chunk_and_several_batches_are_all_answered(shared: dict[str, LocalModel]) -> None:
    assert_answers_all(shared["chat"], prompts(70, new=2))


def test_no_prompts_need_no_answers(shared: dict[str, LocalModel]) -> None:
    assert list(shared["chat"].complete([])) == []


def test_a_url_is_no_folder(settings: Settings) -> None:
    with pytest.raises(UsageError, match="takes no URL"), ENGINE.open(served("http://127.0.0.1:1"), settings, Event()):
        raise AssertionError("it opened")


def test_end_of_turn_marks_end_the_answer(
    folders: dict[str, Path], tmp_path: Path, settings: Settings, loader: tuple[ModelProcess, Path]
) -> None:
    """A model whose every next token ends the turn says nothing, and says so at once."""
    folder = Path(shutil.copytree(folders["chat"], tmp_path / "model"))
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    head = torch.zeros_like(weights["lm_head.weight"])
    norm = weights["model.norm.weight"] * 0
    # With a norm of zero all logits are equal, so the lowest id is written, and it is named as an end below.
    assert tokenizer.convert_tokens_to_ids("<pad>") == 0
    weights |= {"lm_head.weight": head, "model.norm.weight": norm}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    generation = folder / "generation_config.json"
    generation.write_text(json.dumps(json.loads(generation.read_text()) | {"eos_token_id": [0, 2]}))
    client = load_into(loader, folder, settings)
    found = by_id(client.complete([prompt(0, "Is it?"), prompt(1, "What is gout?")]))
    assert {(one.text, one.finish, one.output_tokens) for one in found.values()} == {("", Finish.STOP, 0)}


def test_sampling_in_the_repository_s_own_settings_changes_nothing(
    folders: dict[str, Path],
    tmp_path: Path,
    settings: Settings,
    shared: dict[str, LocalModel],
    loader: tuple[ModelProcess, Path],
) -> None:
    folder = Path(shutil.copytree(folders["chat"], tmp_path / "model"))
    generation = folder / "generation_config.json"
    wild = {"do_sample": True, "temperature": 5.0, "repetition_penalty": 3.0, "max_new_tokens": 1, "num_beams": 4}
    generation.write_text(json.dumps(json.loads(generation.read_text()) | wild))
    client = load_into(loader, folder, settings)
    assert by_id(client.complete(prompts(3))) == by_id(shared["chat"].complete(prompts(3)))


def test_a_message_may_hold_what_breaks_lines_and_terminals(shared: dict[str, LocalModel]) -> None:
    nasty = "a\nb\r\u2028c\x00d\x1b[2J </s><|end|> {{ 7 * 7 }} {% endfor %}"
    asked = Prompt(
        example_id='id "with" \n odd\u2028marks',
        messages=(Message(Role.SYSTEM, nasty), Message(Role.USER, nasty)),
        max_new_tokens=3,
    )
    assert [one.example_id for one in shared["chat"].complete([asked])] == [asked.example_id]
