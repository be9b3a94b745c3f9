"""The door takes in what may enter, pins it, and turns the rest away with a sentence."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from backend import hub as hub_module
from backend.domain import Domain, Edition, Engine
from backend.errors import Declined, FailureCode, UsageError
from backend.settings import Settings
from backend.submission import Status, SubmissionForm
from eval_queue.intake import Intake, look_up_with
from storage.submissions import Submissions
from tests.eval_queue.toys import no_hub, toy_engine
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import pickle_only


def accept_rules(model_id: str) -> None:
    """Knows rules/one and no other rule."""
    if model_id.startswith("rules/") and model_id != "rules/one":
        raise UsageError("There is no such rule.")


def engines() -> Mapping[str, Engine]:
    rules = toy_engine(name="rules", editions=frozenset({Edition.REHEARSAL}), from_hub=False)
    rules = Engine(**{name: getattr(rules, name) for name in Engine.__slots__} | {"accept": accept_rules})
    made = [toy_engine(name="transformers", needs_files=True), toy_engine(name="endpoint"), rules]
    return {engine.name: engine for engine in made}


@pytest.fixture
def store(tmp_path: Path) -> Submissions:
    return Submissions(tmp_path / "queue.sqlite")


@pytest.fixture
def intake(store: Submissions, tmp_path: Path) -> Intake:
    settings = Settings(home=tmp_path, max_model_gb=1)
    return Intake(store, engines(), settings, look_up_with(settings, engines(), hub_module.look_up))


def declined(intake: Intake, store: Submissions, form: SubmissionForm) -> Declined:
    """Why a form is not taken in; nothing was stored."""
    before = store.newest()
    with pytest.raises(Declined) as refusal:
        intake.submit(form, "ann")
    assert store.newest() == before
    return refusal.value


def test_a_receipt_tells_the_commit_and_the_place(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path
) -> None:
    sha = hub.add("acme/tiny", tiny_model, base_model="acme/base", licence="mit")
    form = SubmissionForm(model_id=" acme/tiny ", domain=Domain.BIOMEDICAL)
    receipt = intake.submit(form, "ann")
    stored = receipt.submission
    assert stored == store.find(stored.id) and stored.status is Status.QUEUED and receipt.position == 1
    assert (stored.model.hub_id, stored.model.revision, stored.model.domain) == ("acme/tiny", sha, Domain.BIOMEDICAL)
    assert (stored.model.licence, stored.model.base_model, stored.edition) == ("mit", "acme/base", Edition.FULL)
    assert (stored.submitter, stored.engine, stored.attempt) == ("ann", "transformers", 0)
    assert "number 1 in the queue" in receipt.sentence


def test_what_the_person_says_of_the_base_model_counts(intake: Intake, hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model, base_model="acme/base")
    stored = intake.submit(SubmissionForm(model_id="acme/tiny", base_model=" acme/other "), "ann").submission
    assert stored.model.base_model == "acme/other"


def test_a_branch_a_tag_and_its_commit_are_the_same_submission(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path
) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    first = intake.submit(SubmissionForm(model_id="acme/tiny"), "ann")
    for revision in ("main", sha, "", None):
        again = intake.submit(SubmissionForm(model_id="acme/tiny", revision=revision), "bob")
        assert again.submission == first.submission and again.position == 1
        assert "already on its way" in again.sentence
    assert len(store.newest()) == 1


def test_a_finished_commit_is_said_to_be_on_the_board(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path
) -> None:
    hub.add("acme/tiny", tiny_model)
    intake.submit(SubmissionForm(model_id="acme/tiny"), "ann")
    claim = store.claim("worker", 60)
    assert claim is not None
    store.step(claim, Status.SCORING, actor="worker")
    store.step(claim, Status.FINISHED, actor="worker")
    again = intake.submit(SubmissionForm(model_id="acme/tiny"), "bob")
    assert again.submission.id == claim.submission.id and again.position is None
    assert again.sentence == "This commit is already on the board."


def test_a_new_commit_is_a_new_submission(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path, tiny_model_without_template: Path
) -> None:
    hub.add("acme/tiny", tiny_model)
    intake.submit(SubmissionForm(model_id="acme/tiny"), "ann")
    sha = hub.add("acme/tiny", tiny_model_without_template)
    assert intake.submit(SubmissionForm(model_id="acme/tiny"), "ann").submission.model.revision == sha
    assert len(store.newest()) == 2


@pytest.mark.parametrize(
    "model_id",
    [
        "",
        "tiny",
        "acme/tiny/more",
        "acme/",
        "/tiny",
        "acme /tiny",
        "acme/ti\u0301ny",
        "acme/tіny",  # a Cyrillic letter
        "acme/..",
        "../tiny",
        "acme/tiny?x=1",
        "https://huggingface.co/acme/tiny",
        "acme/tiny\x00",
        "<img src=x>/y",
        "acme/tiny\u202egpj",
        "a" * 1_000_000,
        "acme/" + "a" * 200,
    ],
    ids=range(17),
)
def test_what_is_no_model_id_is_declined_without_asking_the_hub(
    intake: Intake, store: Submissions, hub: LoopbackHub, model_id: str
) -> None:
    refusal = declined(intake, store, SubmissionForm(model_id=model_id))
    assert "owner/name" in str(refusal) and refusal.code is None and hub.requests == []


@pytest.mark.parametrize("revision", ["no-such-branch", "f" * 40, "../main", "main\x00", "a b", "ä", "x" * 100_000])
def test_an_unknown_or_impossible_revision_is_declined(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path, revision: str
) -> None:
    hub.add("acme/tiny", tiny_model)
    declined(intake, store, SubmissionForm(model_id="acme/tiny", revision=revision))


def test_a_base_model_that_is_no_id_is_declined(intake: Intake, store: Submissions, hub: LoopbackHub) -> None:
    declined(intake, store, SubmissionForm(model_id="acme/tiny", base_model="<script>"))
    assert hub.requests == []


def test_an_unknown_model_is_declined_with_its_code(intake: Intake, store: Submissions, hub: LoopbackHub) -> None:
    refusal = declined(intake, store, SubmissionForm(model_id="acme/nobody"))
    assert refusal.code is FailureCode.NOT_FOUND and FailureCode.NOT_FOUND.sentence in str(refusal)


def test_a_gated_model_is_declined_with_its_code(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path
) -> None:
    hub.add("acme/tiny", tiny_model, gated=True)
    assert declined(intake, store, SubmissionForm(model_id="acme/tiny")).code is FailureCode.GATED


def test_a_model_with_pickled_weights_alone_is_declined_with_its_code(
    intake: Intake, store: Submissions, hub: LoopbackHub, tmp_path: Path
) -> None:
    hub.add("acme/old", pickle_only(tmp_path / "old"))
    assert declined(intake, store, SubmissionForm(model_id="acme/old")).code is FailureCode.NO_SAFETENSORS


def test_a_renamed_model_is_declined_with_its_new_name(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path
) -> None:
    hub.add("acme/tiny", tiny_model, renamed_to="acme/small")
    refusal = declined(intake, store, SubmissionForm(model_id="acme/tiny"))
    assert refusal.code is FailureCode.RENAMED and "acme/small" in str(refusal)


def test_a_model_that_is_too_large_is_declined_with_its_code(
    store: Submissions, hub: LoopbackHub, tiny_model: Path, tmp_path: Path
) -> None:
    hub.add("acme/tiny", tiny_model)
    settings = Settings(home=tmp_path, max_model_gb=1e-6)
    intake = Intake(store, engines(), settings, look_up_with(settings, engines(), hub_module.look_up))
    assert declined(intake, store, SubmissionForm(model_id="acme/tiny")).code is FailureCode.TOO_LARGE


def test_while_the_hub_is_down_a_submission_is_kept_as_received(
    intake: Intake, store: Submissions, hub: LoopbackHub
) -> None:
    hub.down = True
    receipt = intake.submit(SubmissionForm(model_id="acme/tiny", revision="v1"), "ann")
    assert receipt.submission.status is Status.RECEIVED and receipt.position is None
    assert receipt.submission.model.revision == "v1" and "The Hub does not answer" in receipt.sentence
    again = intake.submit(SubmissionForm(model_id="ACME/tiny", revision="v1"), "bob")
    assert again.submission.id == receipt.submission.id and len(store.newest()) == 1


def test_one_person_too_many_is_declined_with_the_limit(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path
) -> None:
    for number in range(4):
        hub.add(f"acme/m{number}", tiny_model)
    for number in range(3):
        intake.submit(SubmissionForm(model_id=f"acme/m{number}"), "ann")
    refusal = declined(intake, store, SubmissionForm(model_id="acme/m3"))
    assert "3 submissions" in str(refusal) and "cancel one" in str(refusal)
    assert intake.submit(SubmissionForm(model_id="acme/m3"), "bob").position == 2


def test_rules_are_no_model_and_declined_in_the_full_edition(intake: Intake, store: Submissions) -> None:
    for engine in (None, "rules"):
        refusal = declined(intake, store, SubmissionForm(model_id="rules/one", engine=engine))
        assert "rehearsal" in str(refusal)


def test_an_engines_own_ids_need_no_hub(store: Submissions, tmp_path: Path) -> None:
    intake = Intake(store, engines(), Settings(home=tmp_path), no_hub)
    form = SubmissionForm(model_id="rules/one", edition=Edition.REHEARSAL)
    stored = intake.submit(form, "ann").submission
    assert (stored.engine, stored.model.revision, stored.status) == ("rules", "rules", Status.QUEUED)
    declined(intake, store, SubmissionForm(model_id="rules/two", edition=Edition.REHEARSAL))


def test_an_unknown_engine_is_declined_with_the_known_ones(intake: Intake, store: Submissions) -> None:
    refusal = declined(intake, store, SubmissionForm(model_id="acme/tiny", engine="oracle"))
    assert "oracle" in str(refusal) and "transformers, endpoint, rules" in str(refusal)


def test_an_endpoint_without_an_address_is_declined(intake: Intake, store: Submissions, hub: LoopbackHub) -> None:
    refusal = declined(intake, store, SubmissionForm(model_id="acme/tiny", engine="endpoint"))
    assert "CLUE_ENDPOINT_URL" in str(refusal) and hub.requests == []


@pytest.mark.parametrize("url", ["nonsense", "file:///etc/passwd", "javascript:alert(1)", "ftp://x/y", "http://"])
def test_an_address_that_is_none_is_declined(
    intake: Intake, store: Submissions, hub: LoopbackHub, tiny_model: Path, url: str
) -> None:
    hub.add("acme/tiny", tiny_model)
    refusal = declined(intake, store, SubmissionForm(model_id="acme/tiny", engine="endpoint", url=url))
    assert "http" in str(refusal)


def test_an_endpoints_address_is_kept(intake: Intake, hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model)
    form = SubmissionForm(model_id="acme/tiny", engine="endpoint", url="http://127.0.0.1:8080/v1")
    assert intake.submit(form, "ann").submission.url == "http://127.0.0.1:8080/v1"


def test_who_submits_is_never_part_of_the_form() -> None:
    assert not {"submitter", "user", "owner", "status", "token"} & set(SubmissionForm.__slots__)


def test_an_impossible_revision_is_declined_while_the_hub_is_down_too(
    intake: Intake, store: Submissions, hub: LoopbackHub
) -> None:
    hub.down = True
    for revision in ("main\x00", "a b", "\u202emain", "x" * 100_000):
        declined(intake, store, SubmissionForm(model_id="acme/tiny", revision=revision))


def test_while_the_queue_is_locked_a_submission_is_declined_with_a_sentence_and_nothing_is_stored(
    tmp_path: Path, store: Submissions
) -> None:
    hurried = Submissions(tmp_path / "queue.sqlite", busy_seconds=0.05)
    intake = Intake(hurried, engines(), Settings(home=tmp_path), no_hub)
    form = SubmissionForm(model_id="rules/one", edition=Edition.REHEARSAL)
    with closing(sqlite3.connect(tmp_path / "queue.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "busy just now" in str(declined(intake, store, form))
    assert intake.submit(form, "ann").position == 1
