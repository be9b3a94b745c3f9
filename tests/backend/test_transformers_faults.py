"""Whatever is wrong with a model ends in a public code, and no submitted file gets beyond the model's process."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from backend.domain import Finish
from backend.engines.transformers import ENGINE, LocalModel, _opened
from backend.errors import FailureCode, Halted, ModelCrash, ModelFault
from backend.isolation import PROJECT, ModelProcess
from backend.settings import Settings
from tests.backend.asking import assert_answers_all, changed, local, prompt, prompts
from tests.backend.loading import children, load_into, loaded
from tests.loopback.models import ChatTemplate, pickle_only, tiny_llama


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good model, for the test to spoil."""
    return tiny_llama(tmp_path / "good", context=512)


@pytest.fixture(autouse=True)
def nothing_is_left(loader: tuple[ModelProcess, Path]) -> Iterator[None]:
    """After each test the same processes are there as before it, the one that all of them load into among them."""
    before = {child.pid for child in children()}
    yield
    assert {child.pid for child in children()} == before >= {loader[0].pid}


def without_tokenizer(folder: Path) -> Path:
    tiny_llama(folder)
    for path in folder.glob("tokenizer*"):
        path.unlink()
    return folder


def with_config(**changes: object) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        tiny_llama(folder)
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        return folder

    return build


def with_code(folder: Path) -> Path:
    """A model of a type that only its own code knows; running it would leave a file behind."""
    names = {"AutoConfig": "evil.EvilConfig", "AutoModelForCausalLM": "evil.Evil", "AutoTokenizer": ["evil.T", None]}
    with_config(model_type="evil", architectures=["Evil"], auto_map=names)(folder)
    tokenizer = folder / "tokenizer_config.json"
    tokenizer.write_text(json.dumps(json.loads(tokenizer.read_text()) | {"auto_map": names}))
    (folder / "evil.py").write_text(f"open({str(folder / 'marker')!r}, 'w').write('ran')\nclass EvilConfig: pass\n")
    return folder


def with_nan(folder: Path) -> Path:
    tiny_llama(folder)
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][:] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def with_lost_weights(folder: Path) -> Path:
    tiny_llama(folder)
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def with_torn_weights(folder: Path) -> Path:
    tiny_llama(folder)
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    return folder


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (without_tokenizer, FailureCode.NO_TOKENIZER),
        (pickle_only, FailureCode.UNSUPPORTED_ARCHITECTURE),
        (with_config(model_type="unheard-of", architectures=["UnheardOf"]), FailureCode.UNSUPPORTED_ARCHITECTURE),
        (with_config(model_type="bert", architectures=["BertForMaskedLM"]), FailureCode.UNSUPPORTED_ARCHITECTURE),
        (with_lost_weights, FailureCode.UNSUPPORTED_ARCHITECTURE),
        (with_torn_weights, FailureCode.UNSUPPORTED_ARCHITECTURE),
        (with_config(hidden_size="many"), FailureCode.UNSUPPORTED_ARCHITECTURE),
        (with_nan, FailureCode.DEGENERATE_OUTPUT),
        (with_code, FailureCode.UNSUPPORTED_ARCHITECTURE),
        (lambda folder: tiny_llama(folder, chat_template=ChatTemplate.HOSTILE), FailureCode.TEMPLATE_ERROR),
    ],
    ids=[
        "no-tokenizer",
        "pickled",
        "unknown-type",
        "other-type",
        "lost",
        "torn",
        "bad-config",
        "nan",
        "own-code",
        "hostile",
    ],
)
def test_a_model_that_cannot_be_used_is_refused_with_a_public_code(
    build: Callable[[Path], Path], code: FailureCode, loader: tuple[ModelProcess, Path], tmp_path: Path
) -> None:
    process, _ = loader
    folder = build(tmp_path / "model")
    process.send({"do": "load", "folder": str(folder), "dtype": "float32", "batch_tokens": 2_000})
    reply = process.receive(120, FailureCode.LOAD_TIMEOUT)
    assert reply == {"failure": code}
    assert not (folder / "marker").exists(), "code of the repository was run"


def test_a_refusal_while_loading_is_the_models_fault_and_leaves_no_process(tmp_path: Path, settings: Settings) -> None:
    folder = tiny_llama(tmp_path / "model", chat_template=ChatTemplate.HOSTILE)
    with pytest.raises(ModelFault) as caught, ENGINE.open(local(folder), settings, Event()):
        raise AssertionError("it opened")
    assert caught.value.code is FailureCode.TEMPLATE_ERROR


SECRET = "canary-premise-4711"
TRAPS = {
    "raises": "{{ raise_exception(messages[-1]['content']) }}",
    "undefined": "{{ messages[-1]['content'] | nosuchfilter }}",
    "divides": "{{ 1 / 0 }}{{ messages[-1]['content'] }}",
    "recurses": "{% macro f(x) %}{{ f(x ~ messages[-1]['content']) }}{% endmacro %}{{ f('') }}",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_template_that_fails_for_some_prompts_only_tells_nobody_the_prompt(
    trap: str, tmp_path: Path, loader: tuple[ModelProcess, Path]
) -> None:
    process, log = loader
    folder = tiny_llama(tmp_path / "model")
    template = folder / "chat_template.jinja"
    inner = template.read_text()
    template.write_text(
        f"{{% if '{SECRET[:6]}' in messages[-1]['content'] %}}{TRAPS[trap]}{{% else %}}{inner}{{% endif %}}"
    )
    process.send({"do": "load", "folder": str(folder), "dtype": "float32", "batch_tokens": 2_000})
    settings = Settings(home=tmp_path, answer_timeout=120)
    client = LocalModel(process, settings, loaded(process.receive(120, FailureCode.LOAD_TIMEOUT)))
    with pytest.raises(ModelFault) as caught:
        list(client.complete([prompt(1, f"{SECRET}: is it?")]))
    error: BaseException | None = caught.value
    assert caught.value.code is FailureCode.TEMPLATE_ERROR
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__ or error.__context__
    assert SECRET not in log.read_text()


def test_an_endless_template_ends_in_a_timeout_and_leaves_no_process(tmp_path: Path, settings: Settings) -> None:
    folder = tiny_llama(tmp_path / "model", chat_template=ChatTemplate.ENDLESS)
    hurried = changed(settings, load_timeout=6.0)
    with pytest.raises(ModelCrash) as caught, ENGINE.open(local(folder), hurried, Event()):
        raise AssertionError("it opened")
    assert caught.value.code is FailureCode.LOAD_TIMEOUT


def test_a_halt_ends_the_work_and_the_process(folder: Path, settings: Settings) -> None:
    halt = Event()
    with ENGINE.open(local(folder), changed(settings, batch_tokens=1), halt) as client:
        answers = client.complete(prompts(64))
        next(answers)
        halt.set()
        with pytest.raises(Halted):
            list(answers)


def test_a_killed_model_is_a_crash_and_leaves_no_process(
    folder: Path, settings: Settings, loader: tuple[ModelProcess, Path]
) -> None:
    before = children()
    with ENGINE.open(local(folder), changed(settings, batch_tokens=1), Event()) as client:
        (victim,) = set(children()) - set(before)
        answers = client.complete(prompts(64))
        next(answers)
        victim.kill()
        with pytest.raises(ModelCrash):
            list(answers)


@pytest.mark.parametrize(
    "lie",
    [
        {"example_id": "q-99", "text": "a", "finish": "stop", "prompt_tokens": 1, "output_tokens": 1},
        {"example_id": "q-0", "text": {"a": 1}, "finish": "stop", "prompt_tokens": 1, "output_tokens": 1},
        {"example_id": "q-0", "text": "a", "finish": "bored", "prompt_tokens": 1, "output_tokens": 1},
        {"example_id": "q-0"},
        {},
        {"failure": "because"},
        {"failure": ["a"]},
    ],
)
def test_a_process_that_answers_nonsense_is_a_crash_and_nothing_is_taken_from_it(
    lie: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    process = ModelProcess("tests.backend.rogue", tmp_path / "log", Event(), reads=[PROJECT / "tests"])
    try:
        client = LocalModel(process, settings, loaded({"window": None, "facts": {}}))
        process.send({"do": "write", "text": json.dumps(lie)})
        with pytest.raises(ModelCrash) as caught:
            list(client.complete([prompt(0, SECRET)]))
        assert caught.value.code is FailureCode.INTERNAL_ERROR and SECRET not in str(caught.value)
    finally:
        process.close()


@pytest.mark.parametrize(
    "said",
    [{"window": 1, "facts": {"dtype": "x" * 5_000}}, {"window": 1, "facts": {str(n): n for n in range(500)}}],
    ids=["a long one", "many"],
)
def test_a_model_that_says_too_much_of_itself_is_a_crash(
    said: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    process = ModelProcess("tests.backend.rogue", tmp_path / "log", Event(), reads=[PROJECT / "tests"])
    process.send({"do": "write", "text": json.dumps(said)})
    with pytest.raises(ModelCrash, match="something unreadable"), _opened(tmp_path, settings, process):
        raise AssertionError("it opened")


def test_a_process_that_hangs_while_it_writes_is_given_up_and_gone(settings: Settings, tmp_path: Path) -> None:
    process = ModelProcess("tests.backend.rogue", tmp_path / "log", Event(), reads=[PROJECT / "tests"])
    try:
        client = LocalModel(process, changed(settings, answer_timeout=0.3), loaded({"window": None, "facts": {}}))
        with pytest.raises(ModelCrash) as caught:
            list(client.complete([prompt(0, SECRET)]))
        assert caught.value.code is FailureCode.GENERATION_TIMEOUT and SECRET not in str(caught.value)
    finally:
        process.close()


@pytest.mark.parametrize(
    ("text", "kept", "finish"),
    [("", "", Finish.STOP), ("x" * 5_000_000, "x" * 12 * 64, Finish.LENGTH), ("\ud800", "\ud800", Finish.STOP)],
    ids=["empty", "5MB", "half a character"],
)
def test_an_answer_is_kept_as_it_is_up_to_what_could_be_asked_for(
    text: str, kept: str, finish: Finish, settings: Settings, tmp_path: Path
) -> None:
    process = ModelProcess("tests.backend.rogue", tmp_path / "log", Event(), reads=[PROJECT / "tests"])
    try:
        client = LocalModel(process, settings, loaded({"window": None, "facts": {}}))
        said = {"example_id": "q-0", "text": text, "finish": "stop", "prompt_tokens": 1, "output_tokens": 1}
        process.send({"do": "write", "text": json.dumps(said)})
        (found,) = client.complete([prompt(0, "Is it?")])
    finally:
        process.close()
    assert (found.text, found.finish) == (kept, finish)


def test_numbers_that_are_none_show_up_when_the_first_prompt_meets_them(
    folder: Path, settings: Settings, loader: tuple[ModelProcess, Path]
) -> None:
    """One word of the vocabulary is NaN; the trial at load does not hold it, and most prompts neither."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    harmless = {token for one in prompts(2) for turn in one.messages for token in tokenizer(turn.content).input_ids}
    (poisoned, *_) = [token for token in tokenizer("zzz %%% §").input_ids if token not in harmless]
    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"][poisoned] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    client = load_into(loader, folder, settings)
    assert_answers_all(client, prompts(2, new=1))
    with pytest.raises(ModelFault) as caught:
        list(client.complete([prompt(0, "zzz %%% §")]))
    assert caught.value.code is FailureCode.DEGENERATE_OUTPUT


def test_a_model_that_repeats_itself_without_end_is_cut_off_and_says_so(
    folder: Path, settings: Settings, loader: tuple[ModelProcess, Path]
) -> None:
    """With an output layer of zeros the word with the lowest number, which ends nothing, is written for ever."""
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = torch.zeros_like(weights["lm_head.weight"])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    client = load_into(loader, folder, settings)
    (found,) = client.complete([prompt(0, "Is it?", new=100)])
    assert (found.finish, found.output_tokens) == (Finish.LENGTH, 100)
