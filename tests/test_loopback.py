"""The loopback Hub and the tiny models are held against the real client and the real library."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx2
import pytest
import torch
from huggingface_hub import HfApi, constants, get_safetensors_metadata, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from jinja2.exceptions import TemplateError
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

from tests.loopback.hub import READER, LoopbackHub
from tests.loopback.models import ChatTemplate as Template
from tests.loopback.models import pickle_only, tiny_bert, tiny_llama

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Does the man have a fever?"}]
URL = os.environ["HF_ENDPOINT"]


def test_the_real_client_points_at_the_loopback_hub() -> None:
    assert constants.ENDPOINT == URL and URL.startswith("http://127.0.0.1:")


def test_model_info_says_what_the_folder_holds(hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model, base_model="acme/base", licence="mit", tags=["clinical"])
    info = HfApi().model_info("acme/tiny", files_metadata=True)
    assert (info.id, info.sha, info.gated, info.private) == ("acme/tiny", sha, False, False)
    assert info.safetensors is not None and info.card_data is not None
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert info.safetensors.total == info.safetensors.parameters["F32"] == model.num_parameters()
    assert info.config is not None
    assert info.config["architectures"] == ["LlamaForCausalLM"] and info.config["model_type"] == "llama"
    assert info.card_data.license == "mit" and info.card_data.base_model == "acme/base"
    assert {"base_model:acme/base", "license:mit", "clinical"} <= set(info.tags or [])
    sizes = {sibling.rfilename: sibling.size for sibling in info.siblings or []}
    assert sizes == {path.name: path.stat().st_size for path in tiny_model.iterdir()}
    weights = next(sibling for sibling in info.siblings or [] if sibling.rfilename == "model.safetensors")
    content = (tiny_model / "model.safetensors").read_bytes()
    assert weights.lfs is not None and weights.lfs.sha256 == hashlib.sha256(content).hexdigest()


def test_expand_brings_only_what_was_asked_for(hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    info = HfApi().model_info("acme/tiny", expand=["sha", "safetensors"])
    assert info.sha == sha and info.safetensors is not None and info.siblings is None and info.tags is None


def test_a_pinned_commit_stays_downloadable_after_a_new_one(hub: LoopbackHub, tiny_model: Path, tmp_path: Path) -> None:
    changing = Path(shutil.copytree(tiny_model, tmp_path / "changing"))
    first = hub.add("acme/tiny", changing)
    (changing / "config.json").write_text("{}")
    second = hub.add("acme/tiny", changing)
    assert first != second and HfApi().model_info("acme/tiny").sha == second
    patterns = ["*.safetensors", "config.json"]
    old = Path(snapshot_download("acme/tiny", revision=first, allow_patterns=patterns))
    assert old.name == first
    assert sorted(path.name for path in old.iterdir()) == ["config.json", "model.safetensors"]
    for path in old.iterdir():
        assert path.read_bytes() == (tiny_model / path.name).read_bytes()


def test_the_same_contents_are_the_same_commit(hub: LoopbackHub, tiny_model: Path) -> None:
    assert hub.add("acme/tiny", tiny_model) == hub.add("acme/tiny", tiny_model, licence="mit")


def test_a_forgotten_commit_is_an_unknown_revision(hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    hub.forget_commit("acme/tiny", sha)
    with pytest.raises(RevisionNotFoundError):
        HfApi().model_info("acme/tiny", revision=sha)


def test_a_gated_repository_is_refused_by_the_real_client(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/shut", tiny_model, gated=True)
    assert HfApi().model_info("acme/shut").gated == "auto"
    for token in (False, "hf_somebodyelse"):
        with pytest.raises(GatedRepoError):
            HfApi().auth_check("acme/shut", token=token)
        with pytest.raises(GatedRepoError):
            snapshot_download("acme/shut", token=token)
    assert Path(snapshot_download("acme/shut", token=READER)).is_dir()


def test_a_private_repository_is_missing_for_strangers(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/mine", tiny_model, private=True)
    with pytest.raises(RepositoryNotFoundError):
        HfApi().model_info("acme/mine", token=False)
    assert HfApi().model_info("acme/mine", token=READER).private
    assert HfApi().whoami(token=READER)["name"] == "reader"


def test_missing_things_are_named_by_the_real_client(hub: LoopbackHub, tiny_model: Path) -> None:
    with pytest.raises(RepositoryNotFoundError):
        HfApi().model_info("acme/none")
    with pytest.raises(RepositoryNotFoundError):
        snapshot_download("acme/none")
    hub.add("acme/tiny", tiny_model)
    with pytest.raises(RevisionNotFoundError):
        HfApi().model_info("acme/tiny", revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download("acme/tiny", "absent.json")
    hub.remove("acme/tiny")
    with pytest.raises(RepositoryNotFoundError):
        HfApi().model_info("acme/tiny")


def test_a_renamed_repository_is_followed_and_answers_with_its_new_name(hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/old", tiny_model, renamed_to="acme/new")
    info = HfApi().model_info("acme/old")
    assert (info.id, info.sha) == ("acme/new", sha)
    assert json.loads(Path(hf_hub_download("acme/old", "config.json")).read_text())["model_type"] == "llama"
    assert Path(snapshot_download("acme/old", revision=sha)).name == sha
    hub.rename("acme/new", "zeta/newest")
    assert HfApi().model_info("acme/old").id == "zeta/newest"


def test_parameters_are_counted_without_a_download(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model)
    counted = get_safetensors_metadata("acme/tiny").parameter_count
    info = HfApi().model_info("acme/tiny", expand=["safetensors"])
    assert info.safetensors is not None and counted == info.safetensors.parameters


def test_transformers_loads_a_model_by_its_repository(hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    assert AutoConfig.from_pretrained("acme/tiny", revision=sha).model_type == "llama"
    tokenizer = AutoTokenizer.from_pretrained("acme/tiny", revision=sha)
    model = AutoModelForCausalLM.from_pretrained("acme/tiny", revision=sha)
    assert len(tokenizer) == model.config.vocab_size


def test_a_hub_that_is_down_is_an_error_of_the_hub(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model)
    hub.down = True
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi().model_info("acme/tiny")
    assert caught.value.response.status_code == 503
    hub.down = False
    assert HfApi().model_info("acme/tiny").sha


def test_a_rate_limit_counts_down(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model)
    hub.rate_limited = 1
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi().model_info("acme/tiny")
    assert caught.value.response.status_code == 429 and caught.value.response.headers["Retry-After"] == "0"
    assert HfApi().model_info("acme/tiny").sha
    assert hub.requests == ["GET /api/models/acme/tiny"] * 2


def test_a_file_that_breaks_off_never_becomes_a_download(hub: LoopbackHub, tiny_model: Path, tmp_path: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    hub.cut_after = 100
    with pytest.raises((httpx2.NetworkError, httpx2.RemoteProtocolError)):
        hf_hub_download("acme/tiny", "config.json", revision=sha, cache_dir=tmp_path)
    with pytest.raises(LocalEntryNotFoundError):
        hf_hub_download("acme/tiny", "config.json", revision=sha, cache_dir=tmp_path, local_files_only=True)
    hub.cut_after = None
    kept = hf_hub_download("acme/tiny", "config.json", revision=sha, cache_dir=tmp_path)
    assert Path(kept).read_bytes() == (tiny_model / "config.json").read_bytes()


def test_a_spoiled_file_arrives_with_another_digest(hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    hub.spoiled = True
    got = Path(hf_hub_download("acme/tiny", "model.safetensors", revision=sha)).read_bytes()
    true = (tiny_model / "model.safetensors").read_bytes()
    assert len(got) == len(true) and hashlib.sha256(got).digest() != hashlib.sha256(true).digest()


def test_a_tiny_llama_answers_through_its_template(tiny_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model: Any = AutoModelForCausalLM.from_pretrained(tiny_model)
    prompt: Any = tokenizer.apply_chat_template(QUESTION, add_generation_prompt=True, return_tensors="pt")
    written = model.generate(**prompt, max_new_tokens=8, do_sample=False)
    assert prompt["input_ids"].shape[1] < written.shape[1] <= prompt["input_ids"].shape[1] + 8
    text = tokenizer.apply_chat_template(QUESTION, add_generation_prompt=True, tokenize=False)
    assert text == "<s><|system|>Be brief.<|end|><|user|>Does the man have a fever?<|end|><|assistant|>"
    assert tokenizer(text).input_ids[:2] == [tokenizer.bos_token_id] * 2


@pytest.mark.parametrize(
    ("template", "system_role", "error", "says"),
    [
        (Template.NORMAL, False, TemplateError, "System role not supported"),
        (Template.HOSTILE, True, TemplateError, "Does the man have a fever"),
        (None, True, ValueError, "chat_template"),
    ],
)
def test_a_tiny_llama_whose_template_fails_still_continues_text(
    tmp_path: Path, template: Template | None, system_role: bool, error: type[Exception], says: str
) -> None:
    folder = tiny_llama(tmp_path, chat_template=template, system_role=system_role)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with pytest.raises(error, match=says):
        tokenizer.apply_chat_template(QUESTION, tokenize=False)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    prompt = tokenizer("The man has", return_tensors="pt")
    assert model.generate(**prompt, max_new_tokens=4, do_sample=False).shape[1] > prompt.input_ids.shape[1]


def test_a_seed_decides_every_byte_of_a_model(tiny_model: Path, tmp_path: Path) -> None:
    again, other = tiny_llama(tmp_path / "again"), tiny_llama(tmp_path / "other", seed=1)
    for path in tiny_model.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
        assert (path.read_bytes() == (other / path.name).read_bytes()) is (path.suffix != ".safetensors")


def test_a_pickle_only_repository_has_no_safetensors(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.add("acme/pickled", pickle_only(tmp_path))
    info = HfApi().model_info("acme/pickled")
    assert info.safetensors is None
    assert "pytorch_model.bin" in {sibling.rfilename for sibling in info.siblings or []}


def test_a_tiny_bert_embeds_text_and_knows_no_maximal_length(tiny_encoder: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    assert tokenizer.model_max_length > 10**9
    assert tokenizer.tokenize("Chest PAIN and fevers")[:3] == ["chest", "pain", "and"]
    with torch.no_grad():
        output = AutoModel.from_pretrained(tiny_encoder)(**tokenizer("chest pain", return_tensors="pt"))
    assert output.last_hidden_state.shape == (1, 4, 64)
    twin = tiny_bert(tmp_path / "twin")
    assert (twin / "model.safetensors").read_bytes() == (tiny_encoder / "model.safetensors").read_bytes()
