"""Listing people and approving endpoints in the terminal, and what `status` says of both."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backend.approvals import Approvals
from backend.datasets.rehearsal import MARKER
from backend.settings import Settings
from backend.tasks import all_tasks
from frontend_config.custody_commands import custody_commands
from frontend_config.custody_status import custody_concerns
from tests.custody import approval, file_approvals, list_reader, new_key

URL = "https://llm.example"
ANN = ("credentialed", "add", "Ann B", "--account", "annb", "--since", "2024-01-01", "--training-until", "2099-01-01")
APPROVE = (
    *("endpoints", "approve", f"{URL}/v1/chat/completions", "--tasks", "mednli", "--provider", "us"),
    *("--evidence", "contract 1", "--by", "Ann B"),
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", signing_key=new_key(tmp_path))


def said(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(custody_commands(lambda: settings, all_tasks), list(words))


def test_an_operator_lists_somebody_approves_and_revokes(settings: Settings) -> None:
    assert "so no credentialed task is run" in said(settings, "credentialed", "list").output
    assert said(settings, *ANN, "--tasks", "mednli,medisumqa").exit_code == 0
    assert "until 2099-01-01" in said(settings, "credentialed", "list").output
    assert said(settings, *APPROVE, "--days", "90").exit_code == 0
    (told,) = json.loads(said(settings, "endpoints", "list", "--json").output)
    assert (told["endpoint"], told["tasks"], told["fault"]) == (f"{URL}:443", ["mednli"], None)
    assert Approvals(settings).tasks_at(f"{URL}/generate") == {"mednli"}
    assert "contract 1" in said(settings, "endpoints", "list").output
    assert said(settings, "endpoints", "revoke", told["id"]).exit_code == 0
    assert not Approvals(settings).tasks_at(URL)
    assert said(settings, "credentialed", "remove", "Ann B").exit_code == 0
    assert json.loads(said(settings, "credentialed", "list", "--json").output) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((*APPROVE,), "not listed as somebody"),
        ((*ANN, "--tasks", "meqsum"), "no credentialed task"),
        ((*ANN[:-1], "2020-01-01", "--tasks", "mednli"), "a training that ends after"),
        (("endpoints", "revoke", "x"), "There is no approval"),
        (("credentialed", "remove", "Eve"), "Nobody called"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(settings: Settings, words: tuple[str, ...], why: str) -> None:
    done = said(settings, *words)
    assert done.exit_code and why in str(done.exception)


def test_nothing_is_approved_without_a_key_in_clear_or_for_a_task_that_the_person_may_not_read(
    settings: Settings,
) -> None:
    said(settings, *ANN, "--tasks", "medisumqa")
    assert "may read mednli" in str(said(settings, *APPROVE).exception)
    said(settings, *ANN, "--tasks", "mednli")
    keyless = settings.model_copy(update={"signing_key": None})
    assert "CLUE_SIGNING_KEY" in str(said(keyless, *APPROVE).exception)
    clear = tuple(word.replace("https", "http") for word in APPROVE)
    assert "https" in str(said(settings, *clear).exception)


def test_status_says_what_needs_the_operator(settings: Settings) -> None:
    tasks, now = list(all_tasks().values()), datetime.now(UTC)
    data = settings.data_dir / "mednli" / "mli_test_v1.jsonl"
    assert custody_concerns(settings, tasks) == []
    data.parent.mkdir(parents=True)
    data.touch()
    data.chmod(0o644)
    nobody, readable = custody_concerns(settings, tasks)
    assert "python app.py credentialed add NAME" in nobody and "--tasks mednli" in nobody
    assert f"chmod o-rwx {data}" in readable
    data.chmod(0o600)
    list_reader(settings.home, "mednli", until=(now + timedelta(days=13)).date())
    (ends,) = custody_concerns(settings, tasks)
    assert "training of Ann B ends" in ends
    assert len(custody_concerns(settings, tasks, now + timedelta(days=20))) == 2, "nobody may read, and it ended"
    list_reader(settings.home, "mednli")
    assert settings.signing_key
    file_approvals(settings.home, [approval(settings.signing_key, URL, "mednli", days=30)])
    assert custody_concerns(settings, tasks) == []
    assert "ends on" in custody_concerns(settings, tasks, now + timedelta(days=24))[0]
    assert "it expired on" in custody_concerns(settings, tasks, now + timedelta(days=31))[0]
    aside = settings.home / "before-restore-1"
    (aside / "runs").mkdir(parents=True)
    file_approvals(settings.home, [])
    assert "Remove it" in custody_concerns(settings, tasks, now + timedelta(days=31))[0]
    (settings.data_dir / MARKER).touch()
    (settings.home / "credentialed.json").unlink()
    assert custody_concerns(settings, tasks) == [], "invented data need nobody"
