"""Without a network a model is what was brought of it: found as the Hub would tell it, under the same rules."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from huggingface_hub import constants

from backend.domain import Model
from backend.errors import FailureCode, ModelFault
from backend.hub import Courtesy, download, fetch, source_under
from backend.hub.admission import weights_digest
from backend.hub.brought import brought_tokenizer, folder_name
from backend.hub.card import MOST_FACTS, read_card
from backend.hub.metadata import Repository, inspect
from backend.settings import Settings, read_settings
from tests.backend.asking import changed
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import configure

CARD = "---\nlicense: mit\nbase_model:\n- acme/base\n---\n# Tiny\n"


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A repository of the test's own."""
    return Path(shutil.copytree(tiny_model, tmp_path / "repository"))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everybody's, where there is no network."""
    return changed(settings, offline=True, min_free_gb=0)


@pytest.fixture
def said(hub: LoopbackHub, folder: Path, settings: Settings) -> Repository:
    """What the Hub said of a model when it was brought; from now on nothing is heard of it."""
    sha = hub.add("acme/tiny", folder)
    found = inspect("acme/tiny")
    download(Model(hub_id="acme/tiny", revision=sha), settings.home / "models", max_gb=1)
    hub.clear()
    return found


def brought(settings: Settings) -> Path:
    return settings.home / "models" / folder_name("acme/tiny")


def snapshot(settings: Settings) -> Path:
    (found,) = (brought(settings) / "snapshots").iterdir()
    return found


def told(settings: Settings, model_id: str = "acme/tiny", revision: str | None = None) -> ModelFault:
    """The fault of looking a model up."""
    with pytest.raises(ModelFault) as caught:
        source_under(settings).look_up(model_id, revision, max_gb=1, loads_here=True)
    return caught.value


def test_what_was_brought_is_described_as_the_hub_did(said: Repository, settings: Settings, hub: LoopbackHub) -> None:
    found = source_under(settings).inspect("ACME/Tiny", None)
    kept = tuple(file for file in said.files if (snapshot(settings) / file.rfilename).exists())
    by_name = sorted(found.files, key=lambda file: file.rfilename)
    assert by_name == sorted(kept, key=lambda file: file.rfilename)
    assert found == replace(said, files=found.files, licence=None)  # there is no card here
    assert weights_digest(found) == weights_digest(said) is not None
    assert hub.requests == []


def test_a_card_that_was_brought_tells_licence_and_base_model(said: Repository, settings: Settings) -> None:
    (snapshot(settings) / "README.md").write_text(CARD)
    found = source_under(settings).look_up("acme/tiny", max_gb=1, loads_here=True)
    assert (found.licence, found.base_model, found.revision) == ("mit", "acme/base", said.revision)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("---\nlicense: no\n---\n", {"license": "no"}),
        ("---\nlicense: &a [x, *a]\nbase_model: {a: b}\n---\n", {"license": ["x"]}),
        ("---\nlicense: mit\n", {}),
        ("---\n!!python/object/apply:os.system ['true']\n---\n", {}),
        ("---\n- license\n---\n", {}),
        ("---\n" + "a: " * 5_000 + "\n---\n", {}),
        ("---\n" + "[" * 20_000 + "\n---\n", {}),
        (f"---\n{' ' * MOST_FACTS}\n---\n", {}),
        ("", {}),
        ("# No facts\n", {}),
    ],
)
def test_a_card_is_read_as_words_or_not_at_all(tmp_path: Path, text: str, facts: dict[str, object]) -> None:
    (tmp_path / "README.md").write_text(text)
    assert read_card(tmp_path / "README.md") == facts


def test_a_branch_a_commit_and_the_only_commit_are_found(said: Repository, settings: Settings) -> None:
    source, refs = source_under(settings), brought(settings) / "refs"
    refs.mkdir(exist_ok=True)
    (refs / "dev").write_text(said.revision)
    assert {source.inspect("acme/tiny", name).revision for name in (None, "dev", said.revision)} == {said.revision}
    (refs / "main").unlink(missing_ok=True)
    assert source.inspect("acme/tiny", None).revision == said.revision
    shutil.copytree(snapshot(settings), brought(settings) / "snapshots" / ("0" * 40), symlinks=True)
    assert told(settings).code is FailureCode.NOT_BROUGHT  # now there are two


@pytest.mark.parametrize(
    "revision", ["main2", "../../../secret", "..", "f" * 40, "/etc/passwd", "refs\\main", "a" * 250]
)
def test_a_revision_that_is_not_here_names_the_command_that_brings_it(
    said: Repository, settings: Settings, revision: str
) -> None:
    (settings.home / "secret").write_text(said.revision)
    fault = told(settings, revision=revision)
    assert fault.code is FailureCode.NOT_BROUGHT and said.revision in str(fault)
    assert f"python app.py carry FOLDER acme/tiny@{revision}" in str(fault)


def test_a_model_that_is_not_here_names_the_command_that_brings_it(settings: Settings) -> None:
    assert "python app.py carry FOLDER acme/other" in str(told(settings, "acme/other"))


SPOIL: dict[str, Callable[[Path], object]] = {
    "a file is missing": lambda place: (place / "tokenizer.json").resolve().unlink(),
    "a file lies elsewhere": lambda place: relink(place / "tokenizer.json", place.parents[3] / "elsewhere"),
    "a file that is never opened": lambda place: (place / "modeling_tiny.py").write_text("raise SystemExit"),
    "a pickle": lambda place: (place / "pytorch_model.bin").write_bytes(b"x"),
    "a folder": lambda place: (place / "original").mkdir(),
}


def relink(path: Path, target: Path) -> None:
    target.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize("how", SPOIL)
def test_what_is_not_whole_or_has_more_in_it_is_refused(said: Repository, settings: Settings, how: str) -> None:
    SPOIL[how](snapshot(settings))
    fault = told(settings)
    assert fault.code is FailureCode.NOT_BROUGHT and "python app.py carry" in str(fault)


def test_the_rules_of_admission_are_those_of_the_hub(hub: LoopbackHub, folder: Path, settings: Settings) -> None:
    sha = hub.add("acme/tiny", configure(folder, model_type="newest", architectures=["NewestForCausalLM"]))
    assert inspect("acme/tiny").model_type == "newest"
    cache, snapshots = settings.home / "models", brought(settings) / "snapshots"
    snapshots.mkdir(parents=True)
    shutil.copytree(folder, snapshots / sha)  # as a disk without links would have it
    assert cache.exists() and told(settings).code is FailureCode.UNSUPPORTED_ARCHITECTURE


def test_files_are_held_against_their_digests_before_they_are_opened(said: Repository, settings: Settings) -> None:
    model, seen = Model(hub_id="acme/tiny", revision=said.revision), []
    folder = fetch(model, settings, Event(), lambda done, total: seen.append((done, total)))
    assert folder == snapshot(settings).resolve() and seen[-1][0] == seen[-1][1] > 100_000
    weights = (folder / "model.safetensors").resolve()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.chmod(0o600)
    weights.write_bytes(content)
    with pytest.raises(ModelFault, match=r"model.safetensors is damaged.*carry FOLDER acme/tiny@") as caught:
        fetch(model, settings, Event(), lambda done, total: None)
    assert caught.value.code is FailureCode.NOT_BROUGHT


def test_what_is_suggested_is_what_is_here(said: Repository, settings: Settings) -> None:
    courtesy = Courtesy(source_under(settings))
    assert [each.hub_id for each in courtesy.suggestions("tiny acme", "ann")] == ["acme/tiny"]
    assert courtesy.suggestions("other", "ann") == []


def test_an_endpoints_texts_are_written_with_the_template_that_was_brought(
    said: Repository, settings: Settings
) -> None:
    cache = settings.home / "models"
    assert brought_tokenizer(cache, "acme/tiny", said.revision) == snapshot(settings)
    assert brought_tokenizer(cache, "acme/tiny", "0" * 40) is None


@pytest.mark.parametrize("value", ["1", "true", "Yes", "ON", "0", "", "no", "2"])
@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_the_switch_is_read_as_the_hubs_client_reads_it(name: str, value: str) -> None:
    assert read_settings({name: value}).offline == constants._is_true(value)
