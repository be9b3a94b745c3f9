"""What the Hub says decides who may enter, and only allowed files of one commit are ever asked for."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.domain import Model
from backend.errors import ClueError, FailureCode, HubSilent, ModelFault, PassingFault
from backend.hub import check_id, download, folder_revision, look_up
from backend.hub.faults import seconds_asked_for
from backend.hub.metadata import parameters
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import configure, pickle_only


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A repository of the test's own."""
    return Path(shutil.copytree(tiny_model, tmp_path / "repository"))


def refusal(model_id: str = "acme/tiny", max_gb: float = 1.0) -> FailureCode:
    with pytest.raises(ModelFault) as caught:
        look_up(model_id, max_gb=max_gb)
    return caught.value.code


def test_a_good_model_is_pinned_to_its_commit_with_what_the_hub_knows(hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model, base_model="acme/base", licence="mit")
    found = look_up("acme/tiny", max_gb=1)
    assert found == Model(
        hub_id="acme/tiny",
        revision=sha,
        params=found.params,
        licence="mit",
        architecture="LlamaForCausalLM",
        base_model="acme/base",
    )
    assert found.params is not None and found.params > 100_000
    assert not [request for request in hub.requests if "/resolve/" in request], "nothing of it is opened"


def test_a_branch_or_an_older_commit_is_pinned_as_asked(hub: LoopbackHub, folder: Path) -> None:
    first = hub.add("acme/tiny", folder)
    (folder / "README.md").write_text("new")
    second = hub.add("acme/tiny", folder)
    third = hub.add("acme/tiny", configure(folder, note="branch"), branch="dev")
    asked = [look_up("acme/tiny", revision, max_gb=1).revision for revision in (None, "main", first, "dev")]
    assert asked == [second, second, first, third]


@pytest.mark.parametrize("said", ["\u202emoc", "x" * 10_000, "a\x00b"], ids=["turned round", "endless", "NUL"])
def test_what_a_repository_says_of_itself_can_be_stored(hub: LoopbackHub, folder: Path, said: str) -> None:
    configure(folder, architectures=[f"{said}ForCausalLM"])
    hub.add("acme/tiny", folder, licence=said, base_model=said)
    found = look_up("acme/tiny", max_gb=1)
    for text in (found.licence, found.base_model, found.architecture):
        assert text is not None and len(text) <= 200 and text.isprintable() and text.encode()


def test_more_parameters_than_a_column_holds_are_not_believed() -> None:
    assert [parameters(number) for number in (7, 0, None, 2**63, 1e30, -1)] == [7, 0, None, None, None, None]


def test_another_case_of_the_id_is_the_same_model(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("ACME/Tiny", tiny_model, renamed_to="acme/tiny")  # the Hub redirects it so
    assert look_up("ACME/Tiny", max_gb=1).hub_id == "acme/tiny"


def test_a_renamed_model_is_refused_with_its_new_name(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/old", tiny_model, renamed_to="acme/new")
    with pytest.raises(ModelFault, match="It is acme/new now") as caught:
        look_up("acme/old", max_gb=1)
    assert caught.value.code is FailureCode.RENAMED


@pytest.mark.parametrize("kind", [True, "manual"])
def test_a_gated_model_is_refused(hub: LoopbackHub, tiny_model: Path, kind: bool | str) -> None:
    hub.add("acme/tiny", tiny_model, gated=kind)
    assert refusal() is FailureCode.GATED


def test_private_and_absent_models_and_revisions_cannot_be_told_apart(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model, private=True)
    hub.add("acme/open", tiny_model)
    assert refusal("acme/tiny") is refusal("acme/absent") is FailureCode.NOT_FOUND
    with pytest.raises(ModelFault) as caught:
        look_up("acme/open", "no-such-branch", max_gb=1)
    assert caught.value.code is FailureCode.NOT_FOUND


def test_pickled_weights_are_refused(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.add("acme/tiny", pickle_only(tmp_path / "pickled"))
    assert refusal() is FailureCode.NO_SAFETENSORS


def test_weights_in_a_subfolder_do_not_count(hub: LoopbackHub, folder: Path) -> None:
    (folder / "onnx").mkdir()
    (folder / "model.safetensors").rename(folder / "onnx" / "model.safetensors")
    hub.add("acme/tiny", folder)
    assert refusal() is FailureCode.NO_SAFETENSORS


def test_an_adapter_alone_is_refused(hub: LoopbackHub, folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    hub.add("acme/tiny", folder)
    with pytest.raises(ModelFault, match="adapters cannot be run alone") as caught:
        look_up("acme/tiny", max_gb=1)
    assert caught.value.code is FailureCode.UNSUPPORTED_ARCHITECTURE


@pytest.mark.parametrize("large", ["model.safetensors", "tokenizer.json"])
def test_what_is_too_large_to_download_is_refused(hub: LoopbackHub, folder: Path, large: str) -> None:
    size = (folder / large).stat().st_size + 3_000_000
    with (folder / large).open("ab") as file:
        file.truncate(size)
    hub.add("acme/tiny", folder)
    assert refusal(max_gb=size / 1e9) is FailureCode.TOO_LARGE
    assert look_up("acme/tiny", max_gb=2 * size / 1e9).hub_id == "acme/tiny"


def test_files_that_are_never_downloaded_may_be_as_large_as_they_like(hub: LoopbackHub, folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(bytes(9_000_000))
    hub.add("acme/tiny", folder)
    assert look_up("acme/tiny", max_gb=0.005).hub_id == "acme/tiny"


def test_what_writes_no_text_is_refused(hub: LoopbackHub, folder: Path) -> None:
    hub.add("acme/tiny", configure(folder, architectures=["BertForMaskedLM"]))
    assert refusal() is FailureCode.UNSUPPORTED_ARCHITECTURE


def test_a_hub_that_is_down_is_nobodys_fault(hub: LoopbackHub, tiny_model: Path, tmp_path: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    hub.down = True
    with pytest.raises(PassingFault, match="did not answer") as caught:
        look_up("acme/tiny", max_gb=1)
    assert caught.value.code is FailureCode.DOWNLOAD_ERROR
    with pytest.raises(HubSilent, match="Everything waits") as silent:
        download(Model(hub_id="acme/tiny", revision=sha), tmp_path, max_gb=1)
    assert "127.0.0.1" in str(silent.value) and "127.0.0.1" not in silent.value.public


def test_a_hub_that_has_had_enough_is_nobodys_fault(hub: LoopbackHub, tiny_model: Path, tmp_path: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    hub.rate_limited, hub.retry_after = 1000, 77
    with pytest.raises(PassingFault) as caught:
        look_up("acme/tiny", max_gb=1)
    assert caught.value.retry_after == 77
    with pytest.raises(HubSilent):
        download(Model(hub_id="acme/tiny", revision=sha), tmp_path, max_gb=1)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_repository_that_ails_holds_up_nobody_else(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, status: int
) -> None:
    pinned = Model(hub_id="acme/tiny", revision=hub.add("acme/tiny", tiny_model))
    hub.ailing["acme/tiny"], hub.retry_after = status, 33
    with pytest.raises(PassingFault) as caught:
        download(pinned, tmp_path, max_gb=1)
    assert (caught.value.code, caught.value.retry_after) == (FailureCode.DOWNLOAD_ERROR, 33 if status == 429 else 0)


@pytest.mark.parametrize("body", ["<!doctype html><title>Sign in</title>", "[]", "{}", '{"siblings": 7}'])
def test_a_page_in_place_of_the_hubs_answer_is_nobodys_fault(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, body: str
) -> None:
    pinned = Model(hub_id="acme/tiny", revision=hub.add("acme/tiny", tiny_model))
    hub.says = body
    with pytest.raises(PassingFault):
        look_up("acme/tiny", max_gb=1)
    with pytest.raises(PassingFault):
        download(pinned, tmp_path, max_gb=1)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("", 0),
        ("0", 0),
        ("-5", 0),
        ("12.5", 12.5),
        ("nan", 0),
        ("1e9", 3600),
        ("soon", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
    ],
)
def test_how_long_to_wait_is_read_as_seconds_or_as_a_date_and_never_more_than_an_hour(
    told: str, seconds: float
) -> None:
    assert seconds_asked_for({"retry-after": told} if told else {}) == seconds


def repository(folder: Path) -> Path:
    """A folder with code, pickles and pictures beside what is allowed."""
    for name in ("modeling_evil.py", "pytorch_model.bin", "README.md", "evil.json", "training_args.bin", "x.gguf"):
        (folder / name).write_text("evil")
    (folder / "original").mkdir()
    shutil.copy(folder / "model.safetensors", folder / "original" / "model.safetensors")
    shutil.copy(folder / "config.json", folder / "original" / "config.json")
    return folder


ALLOWED = {
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
}


def test_only_allowed_files_of_the_pinned_commit_are_asked_for(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    sha = hub.add("acme/tiny", repository(folder))
    pinned = look_up("acme/tiny", max_gb=1)
    kept = (folder / "config.json").read_bytes()
    assert hub.add("acme/tiny", configure(folder, note="a later commit")) != sha
    hub.requests.clear()
    got = download(pinned, tmp_path / "cache", max_gb=1)
    assert {path.relative_to(got).as_posix() for path in got.rglob("*") if path.is_file()} == ALLOWED
    assert (got / "config.json").read_bytes() == kept and got.name == sha
    asked = {request.split("/resolve/")[1] for request in hub.requests if "/resolve/" in request}
    assert asked == {f"{sha}/{name}" for name in ALLOWED}


def test_a_second_download_brings_nothing_anew(hub: LoopbackHub, tiny_model: Path, tmp_path: Path) -> None:
    pinned = Model(hub_id="acme/tiny", revision=hub.add("acme/tiny", tiny_model))
    first = download(pinned, tmp_path, max_gb=1)
    hub.requests.clear()
    assert download(pinned, tmp_path, max_gb=1) == first
    assert not [request for request in hub.requests if request.startswith("GET") and "/resolve/" in request]


@pytest.mark.parametrize("spoil", ["cut_after", "spoiled"])
def test_a_broken_transfer_is_nobodys_fault_and_the_next_one_is_whole(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, spoil: str
) -> None:
    pinned = Model(hub_id="acme/tiny", revision=hub.add("acme/tiny", tiny_model))
    if spoil == "cut_after":
        hub.cut_after = 100
    else:
        hub.spoiled = True
    with pytest.raises(PassingFault) as caught:
        download(pinned, tmp_path, max_gb=1)
    assert caught.value.code is FailureCode.DOWNLOAD_ERROR
    hub.cut_after, hub.spoiled = None, False
    got = download(pinned, tmp_path, max_gb=1)
    assert (got / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda hub, sha: hub.remove("acme/tiny"), FailureCode.NOT_FOUND),
        (lambda hub, sha: hub.forget_commit("acme/tiny", sha), FailureCode.NOT_FOUND),
        (lambda hub, sha: setattr(hub.repositories["acme/tiny"], "gated", "auto"), FailureCode.GATED),
    ],
)
def test_what_was_taken_away_after_the_check_is_refused_at_the_download(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path, change: Callable[[LoopbackHub, str], None], code: FailureCode
) -> None:
    pinned = Model(hub_id="acme/tiny", revision=hub.add("acme/tiny", tiny_model))
    change(hub, pinned.revision)
    with pytest.raises(ModelFault) as caught:
        download(pinned, tmp_path, max_gb=1)
    assert caught.value.code is code


def test_a_model_renamed_after_the_check_is_still_the_commit_it_was(
    hub: LoopbackHub, tiny_model: Path, tmp_path: Path
) -> None:
    pinned = Model(hub_id="acme/tiny", revision=hub.add("acme/tiny", tiny_model))
    hub.rename("acme/tiny", "acme/other")
    got = download(pinned, tmp_path, max_gb=1)
    assert got.name == pinned.revision
    assert (got / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()


@pytest.mark.parametrize("model_id", ["acme/tiny", " acme/tiny\n", "A-1/b_2.c-3", "0/1"])
def test_an_id_of_the_hubs_form_is_taken_without_its_blanks(model_id: str) -> None:
    assert check_id(model_id) == model_id.strip()


@given(text=st.text(max_size=30) | st.from_regex(r"[\w.-]{1,5}/[\w.-]{1,5}", fullmatch=True))
@example("a/\u0660")
def test_whatever_is_taken_is_harmless_in_a_path_a_page_and_a_shell(text: str) -> None:
    try:
        taken = check_id(text)
    except ClueError:
        return
    owner, name = taken.split("/")
    for part in (owner, name):
        assert (part and part[0].isalnum() and part[-1].isalnum()) or "_" in (part[0], part[-1])
        assert ".." not in part and part.isascii() and not set(part) & set(" \t\r\n<>&\"'`$;|*?[]{}()\\:@#%=+,~!^")


def test_a_folder_has_another_revision_once_a_file_of_it_changes(folder: Path) -> None:
    first = folder_revision(folder)
    (folder / "results").mkdir()
    assert folder_revision(folder) == first and first.startswith("local-")
    os.utime(folder / "config.json", ns=(1, 1))
    assert folder_revision(folder) != first
