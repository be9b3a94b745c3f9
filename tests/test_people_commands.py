"""What an operator types about people and the queue, and what it answers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.errors import UsageError
from backend.settings import Settings
from backend.submission import OPERATOR, Person, Status
from frontend_config.people_commands import people_commands
from tests.commands import CommandLine
from tests.eval_queue.toys import House
from tests.storage.records import wish

ADA = Person("https://hub.example|0042", "Ada")


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.settings = Settings(home=tmp_path, operators="https://hub.example|1")
    made.submissions.people.meet(ADA)
    made.submissions.people.meet(Person("https://hub.example|1", "Head"))
    made.submissions.add(wish("acme/mine", submitter=ADA.subject), most_open=9)
    return made


def typed(house: House, *words: str) -> str:
    """What is printed; whatever is raised comes through, as app.py words it."""
    return CliRunner().invoke(people_commands(lambda: house), [*words], catch_exceptions=False).stdout


def test_everybody_is_listed_with_the_subject_that_settings_ask_for(house: House) -> None:
    known = {each["subject"]: each for each in json.loads(typed(house, "people", "--json"))}
    assert known[ADA.subject]["name"] == "Ada" and known[ADA.subject]["open"] == 1
    assert [each["operator"] for each in (known["https://hub.example|1"], known[ADA.subject])] == [True, False]
    shown = typed(house, "people")
    assert "Ada" in shown and "operator" in shown


@pytest.mark.parametrize("words", ["ada", ADA.subject, "key"])
def test_a_person_is_blocked_and_unblocked_by_name_key_or_subject(house: House, words: str) -> None:
    called = house.submissions.people.public(ADA.subject).key if words == "key" else words
    assert "cancelled: wish-" in typed(house, "block", called, "--reason", "Empty [b]models[/b].")
    assert house.submissions.newest()[0].status is Status.CANCELLED
    assert json.loads(typed(house, "people", "--json"))[0]["block"]["reason"] == "Empty [b]models[/b]."
    assert "blocked" in typed(house, "people")
    assert "may take part again" in typed(house, "unblock", called)
    with pytest.raises(UsageError, match="not blocked"):
        typed(house, "unblock", called)
    with pytest.raises(UsageError, match="Nobody called 'nobody'"):
        typed(house, "block", "nobody", "--reason", "why")


def test_the_queue_is_paused_and_goes_on(house: House) -> None:
    assert "until `python app.py resume`" in typed(house, "pause", "--reason", "Moving house.")
    assert house.submissions.claim("worker", 60) is None
    house.submissions.pause("The disk is full.", 60)
    assert "once this is over: The disk is full." in typed(house, "resume")
    with pytest.raises(UsageError, match="has not paused"):
        typed(house, "resume")
    assert "until 2099-01-01 08:00 UTC" in typed(house, "pause", "--reason", "Holidays.", "--until", "2099-01-01 08:00")
    with pytest.raises(UsageError, match="past"):
        typed(house, "pause", "--reason", "Holidays.", "--until", "2020-01-01")


def test_the_trail_is_shown_by_name_and_as_json_by_subject(house: House) -> None:
    typed(house, "forget", "Head")
    typed(house, "block", "Ada", "--reason", "Spam.")
    deeds = json.loads(typed(house, "audit", "--json"))
    assert {each["deed"] for each in deeds} == {"arrive", "submit", "forget", "block", "cancel"}
    assert {"actor": ADA.subject, "deed": "submit"}.items() <= next(e for e in deeds if e["deed"] == "submit").items()
    assert "Spam." in typed(house, "audit") and "Ada" in typed(house, "audit")
    assert json.loads(typed(house, "audit", "--since", "2999-01-01", "--json")) == []


def test_the_program_itself_has_these_commands_over_its_own_home(tmp_path: Path) -> None:
    House(tmp_path).submissions.operator_pauses.begin("Moving house.", None, OPERATOR)
    (deed,) = CommandLine(home=tmp_path, settings={"CLUE_OPERATORS": "a, b"}).json("audit", "--json")
    assert (deed["actor"], deed["deed"], deed["reason"]) == (OPERATOR, "pause", "Moving house.")
