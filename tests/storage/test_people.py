"""People have names that are safe to read, keys that give nothing away, and a trail that nobody can change."""

import re
import sqlite3
import unicodedata
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import UsageError
from backend.submission import LOCAL_USER, OPERATOR, OUR_FAULTS, SYSTEM, Person, Status
from storage.audit import Audit
from storage.backup import QUEUE, write_backup
from storage.ledger import Ledger
from storage.people import LONGEST_NAME, People, readable_name
from storage.restoration import restore_backup
from storage.submissions import MIGRATIONS, ShutOut, Submissions
from tests.storage.records import Clock, wish
from tests.storage.steps import add, claim, found

ADA = Person("https://hub.example|0042", "Ada")
HOUR = 3600


@pytest.fixture
def people(store: Submissions) -> People:
    return store.people


@pytest.fixture
def audit(store: Submissions) -> Audit:
    return store.audit


def told(audit: Audit) -> list[tuple[str, str, str | None, str | None]]:
    return [(deed.actor, deed.deed, deed.object, deed.reason) for deed in audit.since()]


def test_somebody_who_comes_again_under_another_name_is_the_same_person(people: People, clock: Clock) -> None:
    people.meet(ADA)
    key = people.public(ADA.subject).key
    clock.advance(2 * HOUR)
    people.meet(Person(ADA.subject, "Ada L."))
    shown, (known,) = people.public(ADA.subject), people.everybody()
    assert (shown.name, shown.key, shown.met) == ("Ada L.", key, True)
    assert known.last_seen - known.first_seen == timedelta(hours=2)


def test_a_key_tells_people_apart_and_gives_no_subject_away(people: People, tmp_path: Path) -> None:
    keys = {people.public(subject).key for subject in (ADA.subject, "other", LOCAL_USER)}
    elsewhere = Submissions(tmp_path / "elsewhere.sqlite").people
    assert len(keys) == 3 and all(re.fullmatch("[0-9a-f]{16}", key) for key in keys)
    assert elsewhere.public(ADA.subject).key not in keys, "each home derives its own"


def test_whoever_never_came_is_shown_without_their_subject(people: People) -> None:
    shown = people.public(ADA.subject)
    assert shown.name == "somebody" and not shown.met


def test_whoever_submits_is_known_by_key_also_when_nobody_told_their_name(store: Submissions) -> None:
    add(store, submitter=ADA.subject)
    shown = store.people.public(ADA.subject)
    assert shown.met and shown.name == f"somebody ({shown.key[:4]})"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_any_name_is_one_line_that_says_what_it_looks_like(name: str) -> None:
    shown = readable_name(name)
    assert len(shown) <= LONGEST_NAME and shown == " ".join(shown.split()) and shown.isprintable()
    assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in shown)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("A\u202edminA", "A dminA"),
        ("Ada\x00\nLovelace", "Ada Lovelace"),
        ("e" + "\u0301" * 50, "\u00e9\u0301\u0301"),
        ("x" * 100_000, "x" * 59 + "…"),
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("\u200b", ""),
    ],
    ids=range(6),
)
def test_a_hostile_name_is_text_and_short(name: str, shown: str) -> None:
    assert readable_name(name) == shown


@pytest.mark.parametrize("name", ["the operator", "The Operator", "ｏｐｅｒａｔｏｒ", "local", "SYSTEM", "somebody"])
def test_a_name_that_could_be_taken_for_one_of_ours_is_told_apart(people: People, name: str) -> None:
    people.meet(Person("mallory", name))
    assert people.public("mallory").name.endswith(f"({people.public('mallory').key[:4]})")


def test_two_people_of_one_name_are_told_apart(people: People) -> None:
    people.meet(ADA)
    people.meet(Person("mallory", "ADA"))
    assert people.public(ADA.subject).name != people.public("mallory").name
    assert people.public(ADA.subject).name.startswith("Ada (")
    with pytest.raises(UsageError, match="Several people"):
        people.subject_of("ada")
    assert people.subject_of(people.public("mallory").key) == "mallory" == people.subject_of("mallory")


@pytest.mark.parametrize("subject", ["", OPERATOR, SYSTEM])
def test_nobody_comes_as_the_operator_or_the_queue(people: People, subject: str) -> None:
    with pytest.raises(UsageError):
        people.meet(Person(subject, "Mallory"))


def test_a_name_that_is_forgotten_is_nowhere_in_the_file(people: People, raw: sqlite3.Connection, clock: Clock) -> None:
    people.meet(ADA)
    clock.advance(2 * HOUR)
    people.meet(Person(ADA.subject, "Ada Lovelace"))
    people.forget(ADA.subject, by=OPERATOR)
    assert people.public(ADA.subject).name.startswith("somebody (")
    assert not [line for line in raw.iterdump() if "Ada" in line]


def test_being_seen_often_writes_little(people: People, audit: Audit, clock: Clock) -> None:
    for _ in range(50):
        people.meet(ADA)
        clock.advance(60)
    people.meet(Person(ADA.subject, "Ada L."))
    assert [deed for _, deed, _, _ in told(audit)] == ["arrive", "rename"]


def test_a_blocked_person_stores_nothing_until_they_are_unblocked(store: Submissions) -> None:
    store.people.meet(ADA)
    store.people.block(ADA.subject, by=OPERATOR, reason="spam")
    with pytest.raises(ShutOut):
        add(store, submitter=ADA.subject)
    assert store.newest() == []
    again = wish(submitter=ADA.subject)
    assert store.add(again, most_open=None, actor=OPERATOR).id == again.id, "the operator may, in their name"
    assert store.people.unblock(ADA.subject, by=OPERATOR) and not store.people.unblock(ADA.subject, by=OPERATOR)
    add(store, "acme/other", submitter=ADA.subject)


def test_the_trail_holds_deeds_and_events_in_the_order_of_time(store: Submissions, clock: Clock) -> None:
    store.people.meet(ADA)
    clock.advance(1)
    asked = add(store, submitter=ADA.subject)
    clock.advance(1)
    held = claim(store)
    store.step(held, Status.QUEUED, actor="worker")
    clock.advance(1)
    store.people.block(ADA.subject, by=OPERATOR, reason="spam")
    clock.advance(1)
    assert store.step_unclaimed(found(store, asked.id), Status.CANCELLED, actor=OPERATOR, note="why")
    clock.advance(1)
    store.operator_pauses.begin("maintenance", None, OPERATOR)
    later = clock.now
    store.operator_pauses.end("root")
    assert told(store.audit) == [
        (ADA.subject, "arrive", ADA.subject, None),
        (ADA.subject, "submit", asked.id, None),
        (OPERATOR, "block", ADA.subject, "spam"),
        (OPERATOR, "cancel", asked.id, "why"),
        (OPERATOR, "pause", None, "maintenance"),
        ("root", "resume", None, None),
    ]
    assert [deed.deed for deed in store.audit.since(later)] == ["pause", "resume"]


def test_a_refusal_is_kept_once_a_day(audit: Audit, clock: Clock) -> None:
    for _ in range(100):
        audit.refused("mallory", "week")
        clock.advance(HOUR / 2)
    audit.refused("mallory", "blocked")
    audit.refused("ada", "week")
    kinds = [(actor, deed) for actor, deed, _, _ in told(audit)]
    assert kinds.count(("mallory", "refused: week")) == 3 and len(kinds) == 5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE deed SET actor = 'mallory'", "append-only"),
        ("DELETE FROM deed", "append-only"),
        ("DELETE FROM person", "never deleted"),
        ("DELETE FROM admission", "never deleted"),
        ("UPDATE person SET blocked_because = NULL", "CHECK"),
        ("UPDATE event SET actor = 'mallory'", "append-only"),
    ],
)
def test_the_trail_cannot_be_changed_by_sql(
    store: Submissions, raw: sqlite3.Connection, change: str, sentence: str
) -> None:
    store.people.meet(ADA)
    add(store, submitter=ADA.subject)
    store.people.block(ADA.subject, by=OPERATOR, reason="spam")
    raw.execute("INSERT INTO admission (submission_id, subject, at, credentialed) SELECT id, 'x', 0, 0 FROM submission")
    before = told(store.audit)
    with pytest.raises(sqlite3.IntegrityError, match=sentence):
        raw.execute(change)
    assert told(store.audit) == before and len(before) == 3


def test_the_faults_that_are_given_back_are_those_of_the_vocabulary(raw: sqlite3.Connection) -> None:
    (sql,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'what_came_to_nothing_is_given_back'").fetchone()
    (codes,) = re.findall(r"failure_code IN \(([^)]*)\)", sql)
    assert set(re.findall(r"'(\w+)'", codes)) == set(OUR_FAULTS)


def test_an_operators_pause_outlasts_the_workers_and_ends_at_its_moment(store: Submissions, clock: Clock) -> None:
    add(store)
    until = datetime.fromtimestamp(clock.now + HOUR, UTC)
    store.operator_pauses.begin("moving house", until, OPERATOR)
    store.pause("The disk is full.", 60)
    store.resume()
    paused = store.pulse().operator_pause
    assert paused and (paused.reason, paused.until) == ("moving house", until)
    assert store.claim("worker", 60) is None and store.pulse().reason == "moving house"
    clock.advance(HOUR)
    assert store.pulse().operator_pause is None and store.claim("worker", 60) is not None


def test_a_home_of_before_goes_on_with_its_names(path: Path, clock: Clock) -> None:
    """A file made by the first two migrations alone, with a submission of a user name."""
    with closing(sqlite3.connect(path)) as db:
        for script in MIGRATIONS[:2]:
            db.executescript(script.read_text(encoding="utf-8"))
        db.execute(
            "INSERT INTO submission (id, model_id, revision, edition, engine, submitter, actor, status, created_at,"
            " updated_at) VALUES ('old', 'acme/old', 'c', 'full', 'toy', 'old-hand', 'old-hand', 'queued', 5, 5)"
        )
        db.execute("PRAGMA user_version = 2")
        db.commit()
    store = Submissions(path, clock.pair)
    assert store.people.public("old-hand").name == "old-hand" and store.waiting() == ["old"]
    assert [(deed.actor, deed.deed, deed.at.timestamp()) for deed in store.audit.since()] == [("old-hand", "submit", 5)]
    add(store, "acme/new", submitter="old-hand")
    assert store.claim("worker", 60) is not None and store.pulse().operator_pause is None


def test_people_blocks_and_the_trail_come_back_with_a_backup(tmp_path: Path, clock: Clock) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    store = Submissions(home / QUEUE, clock.pair)
    Ledger(home / "ledger.jsonl")
    store.people.meet(ADA)
    store.people.block(ADA.subject, by=OPERATOR, reason="spam")
    kept = write_backup(home, tmp_path / "backups")
    restore_backup(away, kept)
    again = Submissions(away / QUEUE, clock.pair)
    assert again.people.everybody() == store.people.everybody() and told(again.audit) == told(store.audit)
