"""No file of a hostile repository is opened by a library before it was looked at as bytes, and refused with a code."""

import json
import struct
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize

from backend.errors import FailureCode, ModelFault, UsageError
from backend.hub import check_folder, check_id
from backend.hub.gate import let_through
from backend.hub.hooks import LEFTOVERS, PLACES
from backend.hub.weights import BITS, check_header
from tests.corpus.attack import Attack, Outcome
from tests.corpus.folders import CONFIG, TOKENIZER_CONFIG, honest, weights
from tests.corpus.ids import IDS
from tests.corpus.models import MODELS
from tests.corpus.repositories import REPOSITORIES
from tests.corpus.settings_files import SETTINGS_FILES
from tests.corpus.strings import STRINGS
from tests.corpus.templates import TEMPLATES
from tests.corpus.weight_files import WEIGHTS

Files = Mapping[str, bytes | str | None]
EVERY: tuple[Attack[Any], ...] = (*IDS, *WEIGHTS, *SETTINGS_FILES, *TEMPLATES, *REPOSITORIES, *MODELS)
SECONDS = 5  # of computing; the largest takes 0.5
HOSTILE = ("evil", "passwd", "<img", "\x80", "\u043e")


def spoiled(folder: Path, files: Files) -> Path:
    honest(folder)
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content)
    return folder


def fit_for_the_public(fault: ModelFault) -> bool:
    said = str(fault)
    return said.isascii() and said.isprintable() and len(said) < 400 and not any(word in said for word in HOSTILE)


def keys_of(value: Any) -> set[str]:
    if isinstance(value, list):
        return {key for each in value for key in keys_of(each)}
    return set(value) | {key for each in value.values() for key in keys_of(each)} if isinstance(value, dict) else set()


def test_the_corpus_is_as_large_as_it_says_and_every_attack_is_one_sentence() -> None:
    assert len(EVERY) >= 200 and len(STRINGS) >= 20
    assert len({(type(attack.how), attack.name) for attack in EVERY}) == len(EVERY)
    assert all(attack.sentence and not attack.sentence.endswith(".") for attack in EVERY)


@pytest.mark.parametrize("attack", IDS, ids=str)
def test_what_is_no_id_is_refused_by_its_form_and_never_repeated(attack: Attack[str]) -> None:
    with pytest.raises(UsageError, match="owner/name") as caught:
        check_id(attack.how)
    assert len(str(caught.value)) < 200 and str(caught.value).isascii()


@pytest.mark.parametrize("attack", WEIGHTS, ids=str)
def test_weights_that_lie_are_refused_before_they_are_mapped(attack: Attack[Files], tmp_path: Path) -> None:
    folder, begun = spoiled(tmp_path / "model", attack.how), time.thread_time()
    with pytest.raises(ModelFault) as caught:
        check_folder(folder)
    assert caught.value.code is attack.expected and fit_for_the_public(caught.value)
    assert time.thread_time() - begun < SECONDS


@pytest.mark.parametrize("attack", SETTINGS_FILES, ids=str)
def test_settings_that_run_or_fetch_anything_are_refused_or_cleared(attack: Attack[Files], tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder, begun = spoiled(home / "snapshots" / "commit", attack.how), time.thread_time()
    if attack.expected is Outcome.CLEARED:
        opened = let_through(folder, home)
        assert opened != folder and {path.name for path in opened.iterdir()} == {path.name for path in folder.iterdir()}
        for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
            said = json.loads((opened / name).read_text()) if (opened / name).exists() else {}
            assert not keys_of(said) & (LEFTOVERS | PLACES | {"init_inputs"})
            assert all(word not in json.dumps(said) for word in (*HOSTILE, "flash_attention"))
        assert let_through(folder, home) == opened, "a second look finds it as it is"
    else:
        with pytest.raises(ModelFault) as caught:
            let_through(folder, home)
        assert caught.value.code is attack.expected and fit_for_the_public(caught.value)
        assert not (home / "cleared").exists()
    assert time.thread_time() - begun < SECONDS


def test_an_honest_folder_is_let_through_as_it_is(tmp_path: Path) -> None:
    folder = honest(tmp_path / "snapshots" / "commit")
    assert let_through(folder, tmp_path) == folder
    check_folder(folder)


@pytest.mark.parametrize(
    "said",
    [
        {"attn_implementation": "eager", "_attn_implementation": "sdpa", "attn_implementation_note": "a/b"},
        {"use_kernels": False, "kernel_config": None, "auto_map": {}, "transformers_weights": "model.safetensors"},
        {"time_step_limit": [0.0, float("inf")], "model_max_length": 10**30, "torch_dtype": "bfloat16"},
        {"quantization_config": {"quant_method": "mxfp4"}, "vocab_size": 256_000, "num_hidden_layers": 126},
        {"tokenizer_class": "Qwen2TokenizerFast", "_name_or_path": "/home/somebody/model", "dtype": "torch.float16"},
        {"auto_map": {"AutoConfig": "configuration_phi3.Phi3Config"}, "attn_implementation": "flash_attention_2"},
    ],
)
def test_what_honest_models_say_does_not_refuse_them(said: dict[str, Any], tmp_path: Path) -> None:
    folder = spoiled(tmp_path / "snapshots" / "commit", {"config.json": json.dumps({**CONFIG, **said})})
    kept = json.loads((let_through(folder, tmp_path) / "config.json").read_text())
    assert kept == {**CONFIG, **{key: said[key] for key in kept if key in said}}
    assert said.keys() - kept.keys() <= {"use_kernels", "kernel_config", "auto_map", "attn_implementation"}


def test_a_model_without_weights_is_let_through_for_its_template_alone(tmp_path: Path) -> None:
    folder = spoiled(tmp_path / "snapshots" / "commit", {"model.safetensors": None, "config.json": None})
    assert let_through(folder, tmp_path, weights=False) == folder
    (folder / "tokenizer_config.json").write_text(json.dumps({**TOKENIZER_CONFIG, "tokenizer_class": "RagRetriever"}))
    with pytest.raises(ModelFault) as caught:
        let_through(folder, tmp_path, weights=False)
    assert caught.value.code is FailureCode.NO_TOKENIZER


def test_a_merged_model_may_keep_the_index_of_its_parts(tmp_path: Path) -> None:
    stale = '{"weight_map": {"w": "model-00001-of-00009.safetensors"}}'
    check_folder(spoiled(tmp_path / "model", {"model.safetensors.index.json": stale}))


TENSORS = st.dictionaries(
    st.text(max_size=8).filter(lambda name: name != "__metadata__"),
    st.tuples(st.sampled_from(sorted(BITS)), st.lists(st.integers(0, 3), max_size=4)),
    max_size=5,
)


def file_of(tensors: Mapping[str, tuple[str, list[int]]], shift: int = 0) -> bytes | None:
    """A sound file; None where a tensor ends within a byte. `shift` moves the end of the last tensor."""
    header: dict[str, Any] = {}
    end = 0
    for name, (dtype, shape) in tensors.items():
        count = 1
        for each in shape:
            count *= each
        if count * BITS[dtype] % 8:
            return None
        begin, end = end, end + count * BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end + shift]}
    return weights({"__metadata__": {"format": "pt"}, **header}, bytes(end))


def ours_takes(content: bytes) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        Path(file.name).write_bytes(content)
        try:
            check_header(Path(file.name))
        except ModelFault:
            return False
    return True


def theirs_takes(content: bytes) -> bool:
    try:
        deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError:
        return False
    return True


@given(tensors=TENSORS, shift=st.sampled_from([0, 0, 0, 1, -1]))
def test_headers_are_sound_for_us_as_for_the_library(tensors: dict[str, tuple[str, list[int]]], shift: int) -> None:
    content = file_of(tensors, shift)
    if content is None:
        return
    assert ours_takes(content) == theirs_takes(content) == (shift == 0 or not tensors)


@given(noise=st.binary(max_size=60), cut=st.integers(0, 80), at=st.integers(0, 80))
def test_whatever_we_take_the_library_takes_too(noise: bytes, cut: int, at: int) -> None:
    good = file_of({"a": ("F32", [2]), "b": ("U8", [3])})
    assert good is not None
    text = good[8 : 8 + at] + noise + good[8 + at + cut :]
    for content in (struct.pack("<Q", len(text)) + text, good[:at] + noise + good[at + len(noise) :]):
        assert theirs_takes(content) or not ours_takes(content)
