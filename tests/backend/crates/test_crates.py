"""What is packed arrives as it was, and nothing that is damaged or does not belong there is taken in."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backend.crates.manifest import CRATE, MANIFEST, read_crate, seal
from backend.crates.packing import Packer
from backend.crates.unpacking import Unpacker
from backend.crates.wanting import still_wanting
from backend.datasets.catalog import locate
from backend.datasets.mednli import MEDNLI
from backend.datasets.meqsum import MEQSUM
from backend.datasets.rehearsal import CANARIES, MARKER
from backend.domain import Dataset, Model
from backend.errors import CrateDamaged, DiskFull, MetricUnavailable, UsageError
from backend.hub import look_up, source_under
from backend.hub.metadata import Repository, inspect
from backend.metrics.bertscore import SCIBERT, brought_folder, encoder_folder
from backend.settings import Settings
from backend.tasks import all_tasks
from tests.backend.asking import changed
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import configure

CARD = "---\nlicense: mit\nbase_model: acme/base\n---\n"
# A workbook whose digest is not known, so that an invented one will do.
OPEN = replace(
    all_tasks()["meqsum"],
    file=replace(MEQSUM, sha256=None),
    load=lambda folder: Dataset(examples=(), sha256="", source="", rows=len(locate(MEQSUM, folder).read_bytes())),
)
TASKS = {"meqsum": OPEN, "mednli": all_tasks()["mednli"]}


def pin(model_id: str, revision: str | None) -> Model:
    return look_up(model_id, revision, max_gb=1, loads_here=True)


def quiet(name: str, done: int, total: int | None) -> None:
    """Nobody looks."""


@dataclass(frozen=True)
class Sides:
    """The machine with a network, the one without, and the crate between them."""

    connected: Settings
    isolated: Settings
    crate: Path

    def pack(self, *models: str) -> None:
        packer = Packer(self.crate, self.connected, quiet)
        for model in models:
            packer.add_model(model, pin)
        packer.close()

    def receive(self) -> None:
        Unpacker(folder=self.crate, settings=self.isolated, tasks=TASKS.values(), report=quiet).unpack()

    def inspect(self, model_id: str, revision: str | None = None) -> Repository:
        return source_under(self.isolated).inspect(model_id, revision)


@pytest.fixture
def sides(settings: Settings, tmp_path: Path) -> Sides:
    connected = changed(settings, home=tmp_path / "connected", min_free_gb=0)
    isolated = changed(settings, home=tmp_path / "isolated", min_free_gb=0, offline=True)
    return Sides(connected, isolated, tmp_path / "crate")


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A repository with a card, and with files that are never opened."""
    made = Path(shutil.copytree(tiny_model, tmp_path / "repository"))
    (made / "README.md").write_text(CARD)
    (made / "modeling_tiny.py").write_text("raise SystemExit")
    (made / "pytorch_model.bin").write_bytes(b"pickled")
    return made


def test_a_model_arrives_as_the_hub_described_it(hub: LoopbackHub, folder: Path, sides: Sides) -> None:
    sha = hub.add("acme/tiny", folder, licence="mit", base_model="acme/base")
    said = inspect("acme/tiny")
    sides.pack("acme/tiny")
    hub.clear()
    sides.receive()
    sides.receive()  # a second time changes nothing
    found = sides.inspect("acme/tiny", "main")
    facts = ("revision", "params", "licence", "base_model", "architecture", "model_type", "template", "own_code")
    assert [getattr(found, name) for name in facts] == [getattr(said, name) for name in facts]
    stated = {file.rfilename: (file.size, file.sha256) for file in said.files}
    assert {file.rfilename: (file.size, file.sha256) for file in found.files}.items() <= stated.items()
    assert {"modeling_tiny.py", "pytorch_model.bin"} == stated.keys() - {file.rfilename for file in found.files}
    assert sides.inspect("acme/tiny", sha) == found and hub.requests == []


def test_an_update_moves_the_branch_and_keeps_the_older_commit(hub: LoopbackHub, folder: Path, sides: Sides) -> None:
    first = hub.add("acme/tiny", folder)
    sides.pack("acme/tiny")
    second = hub.add("acme/tiny", configure(folder, note="newer"))
    sides.pack("acme/tiny@main")
    hub.clear()
    sides.receive()
    assert [sides.inspect("acme/tiny", name).revision for name in (None, "main", first)] == [second, second, first]


def rewrite(crate: Path, change: Callable[[dict[str, Any]], object]) -> None:
    stated = json.loads((crate / MANIFEST).read_bytes())
    change(stated)
    (crate / MANIFEST).write_text(json.dumps(stated))


def weights_in(crate: Path) -> Path:
    (found,) = crate.rglob("model.safetensors")
    return found


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def forge(crate: Path) -> None:
    """Another file under the digest that the Hub announced, with the crate's own digest made to fit."""
    flip(path := next(crate.rglob("config.json")))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def fit(stated: dict[str, Any]) -> None:
        (part,) = [each for each in stated["models"][0]["files"] if each["name"] == path.name]
        part["sha256"] = digest

    rewrite(crate, fit)


def name_a_file(name: str, crate: Path) -> None:
    rewrite(crate, lambda stated: stated["models"][0]["files"][0].update(name=name))


SPOIL: dict[str, Callable[[Path], object]] = {
    "one bit of the weights": lambda crate: flip(weights_in(crate)),
    "the end of a file": lambda crate: weights_in(crate).write_bytes(weights_in(crate).read_bytes()[:-1]),
    "a file": lambda crate: weights_in(crate).unlink(),
    "a foreign file": lambda crate: (weights_in(crate).parent / "setup.py").write_text("x"),
    "a link": lambda crate: (weights_in(crate).parent / "link").symlink_to("/etc/passwd"),
    "a forged file": forge,
    "a name that leads out": partial(name_a_file, "../../../../evil"),
    "code": partial(name_a_file, "modeling_tiny.py"),
    "an id that leads out": lambda crate: rewrite(crate, lambda s: s["models"][0].update(hub_id="../..")),
    "a branch that leads out": lambda crate: rewrite(crate, lambda s: s["models"][0].update(ref="../../x")),
    "a task that leads out": lambda crate: rewrite(
        crate, lambda s: s.update(data=[{"task": "../x", "files": [{"name": "a", "bytes": 1, "sha256": "0" * 64}]}])
    ),
    "another form": lambda crate: rewrite(crate, lambda s: s.update(format=99)),
    "no manifest": lambda crate: (crate / MANIFEST).unlink(),
    "half a manifest": lambda crate: (crate / MANIFEST).write_bytes((crate / MANIFEST).read_bytes()[:-9]),
}


def test_a_crate_that_is_damaged_or_holds_more_is_refused_and_nothing_of_it_can_be_found(
    hub: LoopbackHub, folder: Path, sides: Sides, tmp_path: Path
) -> None:
    hub.add("acme/tiny", folder)
    sides.pack("acme/tiny")
    for name, spoil in SPOIL.items():
        crate = Path(shutil.copytree(sides.crate, tmp_path / "spoilt" / name))
        spoil(crate)
        home = tmp_path / "homes" / name
        with pytest.raises(CrateDamaged):
            Sides(sides.connected, changed(sides.isolated, home=home), crate).receive()
        assert not list(home.glob("models/*/snapshots/*")), name
        assert not list(tmp_path.rglob("evil")), name


def test_what_was_brought_before_stays_when_the_next_crate_is_damaged(
    hub: LoopbackHub, folder: Path, sides: Sides
) -> None:
    hub.add("acme/tiny", folder)
    sides.pack("acme/tiny")
    sides.receive()
    before = sides.inspect("acme/tiny")
    hub.add("acme/tiny", configure(folder, note="newer"))
    sides.pack("acme/tiny")
    flip(next(path for path in sides.crate.rglob("config.json") if "newer" in path.read_text()))
    with pytest.raises(CrateDamaged):
        sides.receive()
    assert sides.inspect("acme/tiny") == before


def test_open_data_and_encoders_arrive_and_credentialed_files_never_leave(
    sides: Sides, tiny_encoder: Path, rehearsal_data: Path, tmp_path: Path
) -> None:
    source = Path(shutil.copytree(rehearsal_data, tmp_path / "data"))
    (source / MARKER).unlink()
    assert locate(MEDNLI, source)
    connected = changed(sides.connected, data=source, scibert=str(tiny_encoder))
    packer = Packer(sides.crate, connected, quiet)
    assert len(packer.add_encoders()) == 2  # tiny ones are other encoders, and are not packed
    packer.add_data(TASKS.values())
    crate = packer.close()
    assert [data.task for data in crate.data] == ["meqsum"] and crate.encoders == ()
    packed = b"".join(path.read_bytes() for path in sides.crate.rglob("*") if path.is_file())
    assert not [canary for canary in CANARIES if canary.encode() in packed]
    sides.receive()
    assert locate(MEQSUM, sides.isolated.data_dir).read_bytes() == locate(MEQSUM, source).read_bytes()
    wanting = " ".join(still_wanting(sides.isolated, TASKS.values()))
    assert "mednli: its file belongs at" in wanting and "meqsum" not in wanting
    assert "UMLS F1" in wanting and SCIBERT.hub_id in wanting and "HF_HUB_OFFLINE" not in wanting


def test_an_encoder_that_was_received_is_the_one_that_is_used(sides: Sides) -> None:
    own = changed(sides.isolated, scibert=SCIBERT.hub_id)
    place = brought_folder(SCIBERT, own)
    place.mkdir(parents=True)
    shape = {"vocab_size": SCIBERT.vocab_size, "hidden_size": SCIBERT.hidden_size, "num_hidden_layers": 12}
    (place / "config.json").write_text(json.dumps(shape))
    assert encoder_folder(SCIBERT, own) == place
    (place / "config.json").write_text("{}")
    with pytest.raises(MetricUnavailable):
        encoder_folder(SCIBERT, own)


def test_a_folder_that_holds_something_else_is_not_packed_into(sides: Sides) -> None:
    (sides.crate / "models" / "mine").mkdir(parents=True)
    (sides.crate / "models" / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(CrateDamaged, match=r"models/mine/thesis.txt does not belong"):
        Packer(sides.crate, sides.connected, quiet)


def test_a_crate_is_packed_only_where_there_is_a_network(sides: Sides) -> None:
    with pytest.raises(UsageError, match="HF_HUB_OFFLINE"):
        Packer(sides.crate, sides.isolated, quiet)


def test_there_must_be_room_for_all_of_it_before_any_is_copied(hub: LoopbackHub, folder: Path, sides: Sides) -> None:
    hub.add("acme/tiny", folder)
    sides.pack("acme/tiny")
    with pytest.raises(DiskFull, match="Make room"):
        Sides(sides.connected, changed(sides.isolated, min_free_gb=1e9), sides.crate).receive()
    assert not (sides.isolated.home / "models").exists()


def test_the_seal_changes_with_anything_in_the_manifest(hub: LoopbackHub, folder: Path, sides: Sides) -> None:
    hub.add("acme/tiny", folder)
    sides.pack("acme/tiny")
    before = seal(sides.crate)
    assert CRATE.validate_json((sides.crate / MANIFEST).read_bytes()) == read_crate(sides.crate)
    rewrite(sides.crate, lambda stated: stated["models"][0].update(ref="other"))
    assert seal(sides.crate) != before
