"""What is said before submitting is what submitting then does, and it says what else is worth knowing."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from backend.domain import Domain, Edition, Engine, Model, Provenance, Standing
from backend.engines.local.loading import digest
from backend.errors import Declined, UsageError
from backend.hub import Courtesy, download, source_under
from backend.hub.admission import weights_digest
from backend.hub.metadata import inspect
from backend.settings import Settings
from backend.submission import Check, CheckResult, Outlook, Spent, Status, SubmissionForm
from eval_queue.estimates import Estimates
from eval_queue.intake import Intake, look_up_with
from eval_queue.preflight import Preflight
from storage.submissions import Submissions
from tests.eval_queue.toys import toy_engine
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import configure, pickle_only
from tests.storage.records import wish

HOSTILE = ["<img src=x onerror=alert(1)>", "\u202emoc.live", "x" * 10_000, "a\x00b", "half \ud800 a letter"]
PREPARE: Mapping[str, Callable[[LoopbackHub, Path], object]] = {
    "good": lambda hub, folder: hub.add("acme/tiny", folder, base_model="acme/base"),
    "absent": lambda hub, folder: None,
    "gated": lambda hub, folder: hub.add("acme/tiny", folder, gated=True),
    "private": lambda hub, folder: hub.add("acme/tiny", folder, private=True),
    "renamed": lambda hub, folder: hub.add("acme/tiny", folder, renamed_to="acme/new"),
    "pickled": lambda hub, folder: hub.add("acme/tiny", pickle_only(folder)),
    "encoder": lambda hub, folder: hub.add("acme/tiny", configure(folder, architectures=["BertForMaskedLM"])),
    "unknown type": lambda hub, folder: hub.add(
        "acme/tiny", configure(folder, model_type="newest", auto_map={"A": "b"})
    ),
    "own code": lambda hub, folder: hub.add("acme/tiny", configure(folder, auto_map={"AutoModel": "m.M"})),
    "no config": lambda hub, folder: hub.add("acme/tiny", without_config(folder)),
    "called unsafe": lambda hub, folder: flagged(hub, folder, "model.safetensors"),
    "pickle called unsafe": lambda hub, folder: flagged(hub, folder, "old.bin"),
    "needs kernels": lambda hub, folder: hub.add(
        "acme/tiny", configure(folder, quantization_config={"quant_method": "eetq"})
    ),
    "down": lambda hub, folder: setattr(hub, "down", True),
}
FORMS = {
    "plain": SubmissionForm(model_id="acme/tiny", domain=Domain.BIOMEDICAL),
    "base that is no id": SubmissionForm(model_id="acme/tiny", base_model="<b>"),
    "revision that is none": SubmissionForm(model_id="acme/tiny", revision="a b"),
    "branch that is not there": SubmissionForm(model_id="acme/tiny", revision="dev"),
    "served elsewhere": SubmissionForm(model_id="acme/tiny", engine="endpoint", url="http://gpu.example"),
    "a rule": SubmissionForm(model_id="rules/one", edition=Edition.REHEARSAL),
    "a rule in the full edition": SubmissionForm(model_id="rules/one"),
    "a rule there is not": SubmissionForm(model_id="rules/two", edition=Edition.REHEARSAL),
}

MEETINGS = [
    *((state, "plain") for state in PREPARE),
    *(("good", form) for form in FORMS),
    ("unknown type", "served elsewhere"),
    ("down", "branch that is not there"),
]


def flagged(hub: LoopbackHub, folder: Path, name: str) -> None:
    hub.add("acme/tiny", folder)
    hub.repositories["acme/tiny"].scans[name] = "unsafe"


def accept_rules(model_id: str) -> None:
    if model_id != "rules/one":
        raise UsageError("There is no such rule.")


def engines() -> Mapping[str, Engine]:
    rules = toy_engine(name="rules", editions=frozenset({Edition.REHEARSAL}), from_hub=False)
    made = [toy_engine(name="transformers", needs_files=True), toy_engine(name="endpoint")]
    return {each.name: each for each in [*made, replace(rules, accept=accept_rules)]}


@dataclass
class Office:
    """A door, and what looks at forms before they come to it."""

    home: Path
    rows: tuple[Standing, ...] = ()
    spent: tuple[Spent, ...] = ()

    def __post_init__(self) -> None:
        self.settings = Settings(home=self.home, max_model_gb=1)
        self.store = Submissions(self.home / "queue.sqlite")
        self.courtesy = Courtesy()

    @property
    def intake(self) -> Intake:
        look_up = look_up_with(self.settings, engines(), self.courtesy.look_up)
        return Intake(self.store, engines(), self.settings, look_up)

    def outlook(self, form: SubmissionForm, person: str = "ann") -> Outlook:
        def standings(provenance: Provenance, edition: Edition) -> list[Standing]:
            return [row for row in self.rows if (row.provenance, row.edition) == (provenance, edition)]

        estimates = Estimates(lambda: self.spent, ["first"])
        return Preflight(self.intake, self.courtesy, self.store, self.settings, standings, estimates)(form, person)

    def said(self, title: str, form: SubmissionForm | None = None) -> Check:
        return next(check for check in self.outlook(form or FORMS["plain"]).checks if check.title == title)


@pytest.fixture
def office(tmp_path: Path, hub: LoopbackHub) -> Office:
    return Office(tmp_path)


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "repository"))


def without_config(folder: Path) -> Path:
    (folder / "config.json").unlink()
    return folder


def row(hub_id: str, weights: str | None, **about: object) -> Standing:
    found = Standing(
        label=hub_id, model=Model(hub_id=hub_id, revision="1" * 40), provenance=Provenance.MEASURED,
        edition=Edition.FULL, protocol="clue-2", engine="transformers", domain=None, base_model=None, params=None,
        cells={}, published_at=None, submission_id="s-twin", weights_sha256=weights,
    )  # fmt: skip
    return replace(found, **about)  # type: ignore[arg-type]


def declines(office: Office, form: SubmissionForm) -> str | None:
    try:
        office.intake.submit(form, "ann")
    except Declined as refusal:
        return str(refusal)
    return None


def test_without_a_network_what_was_not_brought_is_refused_with_the_command_that_brings_it(
    office: Office, hub: LoopbackHub, folder: Path
) -> None:
    sha = hub.add("acme/tiny", folder)
    office.settings = Settings(home=office.home, max_model_gb=1, offline=True)
    office.courtesy = Courtesy(source_under(office.settings))
    refused = office.outlook(FORMS["plain"])
    assert [check.title for check in refused.checks] == ["Brought here"] and refused.refused
    assert "python app.py carry FOLDER acme/tiny" in refused.checks[0].sentence
    assert refused.checks[0].sentence == declines(office, FORMS["plain"])
    download(Model(hub_id="acme/tiny", revision=sha), office.home / "models", max_gb=1)
    hub.clear()
    office.courtesy = Courtesy(source_under(office.settings))
    assert sha[:12] in office.said("Brought here").sentence and not office.outlook(FORMS["plain"]).refused
    assert declines(office, FORMS["plain"]) is None and hub.requests == []


@pytest.mark.parametrize(("state", "asked"), MEETINGS)
def test_a_refusal_is_foretold_exactly_when_the_door_declines_and_in_its_words(
    office: Office, hub: LoopbackHub, folder: Path, state: str, asked: str
) -> None:
    PREPARE[state](hub, folder)
    form = FORMS[asked]
    foretold = office.outlook(form)
    assert office.store.newest() == [], "nothing is stored by looking"
    declined = declines(office, form)
    assert foretold.refused is (declined is not None)
    if declined:
        refusals = [check.sentence for check in foretold.checks if check.finding is CheckResult.REFUSAL]
        assert declined in refusals
        assert foretold.position is None


def test_who_has_enough_open_is_told_so_before(office: Office, hub: LoopbackHub, folder: Path) -> None:
    hub.add("acme/tiny", folder)
    for number in range(office.settings.open_submissions):
        office.store.add(wish(f"acme/m{number}"), most_open=99)
    refusal = office.said("Your turn")
    assert refusal.finding is CheckResult.REFUSAL and refusal.sentence == declines(office, FORMS["plain"])
    assert not office.outlook(FORMS["plain"], "bob").refused


def test_what_is_there_already_is_linked_and_never_refused(office: Office, hub: LoopbackHub, folder: Path) -> None:
    hub.add("acme/tiny", folder)
    office.settings = Settings(home=office.home, max_model_gb=1, open_submissions=1)
    first = office.intake.submit(FORMS["plain"], "ann").submission
    again = office.said("New here")
    assert (again.finding, again.submission_id) == (CheckResult.WARNING, first.id)
    assert "already on its way" in again.sentence and office.outlook(FORMS["plain"]).position is None
    assert office.intake.submit(FORMS["plain"], "ann").submission.id == first.id


def test_the_same_weights_under_another_name_are_found_by_the_hubs_digests_alone(
    office: Office, hub: LoopbackHub, folder: Path, tiny_model_without_template: Path
) -> None:
    hub.add("acme/tiny", folder)
    in_manifest = digest(sorted(folder.glob("*.safetensors")))
    assert weights_digest(inspect("acme/tiny")) == in_manifest
    office.rows = (row("other/name", in_manifest), row("other/old", "0" * 64))
    twin = office.said("Weights elsewhere")
    assert (twin.finding, twin.submission_id) == (CheckResult.WARNING, "s-twin") and "other/name" in twin.sentence
    assert not [request for request in hub.requests if "/resolve/" in request], "nothing of it is opened"


def test_the_base_model_is_named_with_whether_the_two_can_be_compared(
    office: Office, hub: LoopbackHub, folder: Path
) -> None:
    hub.add("acme/tiny", folder, base_model="acme/base")
    assert office.said("Base model").sentence.startswith("acme/base: The Hub has no such model")
    hub.add("acme/base", folder)
    office.courtesy = Courtesy()
    assert "submit it as well" in office.said("Base model").sentence
    office.rows = (row("ACME/base", None),)
    assert "is on the board" in office.said("Base model").sentence
    named = office.said("Base model", replace(FORMS["plain"], base_model="acme/other"))
    assert named.sentence.startswith("acme/other: "), "what a person names counts"
    assert office.outlook(FORMS["plain"]).base_model == "acme/base"


@pytest.mark.parametrize("place", ["chat_template.jinja", "chat_template.json", "tokenizer_config.json", None])
def test_the_chat_template_is_found_where_it_lies(
    office: Office, hub: LoopbackHub, folder: Path, place: str | None
) -> None:
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    if place and place.startswith("chat"):
        (folder / place).write_text("{}")
    elif place:
        path = folder / place
        path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": "{{ 1 }}"}))
    hub.add("acme/tiny", folder)
    said = office.said("Chat template")
    assert (said.finding is CheckResult.OK and place in said.sentence) if place else said.finding is CheckResult.WARNING


def test_place_and_time_are_told_as_for_any_other_that_waits(office: Office, hub: LoopbackHub, folder: Path) -> None:
    hub.add("acme/tiny", folder)
    office.store.add(wish("acme/before"), most_open=9)
    office.spent = tuple(
        Spent(task="first", items=10, seconds=100, engine="transformers", edition=Edition.FULL, params=None)
        for _ in range(3)
    )
    office.store.seen()
    outlook = office.outlook(FORMS["plain"])
    assert outlook.position == 2 and outlook.estimate is not None and outlook.estimate.lasts is not None
    assert outlook.estimate.begins is None, "nobody knows how long the one before it takes"


def test_a_gpu_that_is_too_small_is_said_and_refuses_nobody(office: Office, hub: LoopbackHub, folder: Path) -> None:
    hub.add("acme/tiny", folder)
    assert "GPU" not in office.said("Size").sentence
    office.settings = Settings(home=office.home, max_model_gb=1, gpu_gb=0.0001)
    assert office.said("Size").finding is CheckResult.WARNING and "it may not fit" in office.said("Size").sentence
    assert declines(office, FORMS["plain"]) is None


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_repository_says_of_itself_stays_short_text(
    office: Office, hub: LoopbackHub, folder: Path, said: str
) -> None:
    configure(folder, architectures=[said + "ForCausalLM"], model_type="llama")
    hub.add("acme/tiny", folder, licence=said, base_model=said)
    outlook = office.outlook(FORMS["plain"])
    assert not outlook.refused and outlook.base_model is None
    assert office.said("Base model").finding is CheckResult.WARNING
    for check in outlook.checks:
        assert len(check.sentence) < 600 and check.sentence.isprintable()


@pytest.mark.parametrize("stated", [7, {"a": 1}, "LlamaForCausalLM", [None], [["x"]], True, ""], ids=str)
def test_architectures_of_another_shape_are_answered_like_any_other(
    office: Office, hub: LoopbackHub, folder: Path, stated: object
) -> None:
    configure(folder, architectures=stated)
    hub.add("acme/tiny", folder)
    refused = stated not in ("LlamaForCausalLM", "")
    assert office.outlook(FORMS["plain"]).refused is refused
    assert (declines(office, FORMS["plain"]) is not None) is refused


def test_when_enough_was_asked_checks_pause_and_the_form_is_taken_all_the_same(
    office: Office, hub: LoopbackHub, folder: Path
) -> None:
    hub.add("acme/tiny", folder)
    office.courtesy = Courtesy(in_all="1/hour")
    office.courtesy.suggestions("acme", "bob")
    outlook = office.outlook(FORMS["plain"])
    assert [check.finding for check in outlook.checks] == [CheckResult.UNKNOWN, CheckResult.OK, CheckResult.OK]
    assert outlook.checks[0].sentence.startswith("Checks are paused for a moment.")
    receipt = office.intake.submit(FORMS["plain"], "ann")
    assert receipt.submission.status is Status.RECEIVED and receipt.sentence.startswith("Checks are paused")
