"""Page and worker over one mailbox: each request is taken once, everything is told, and neither believes strangers."""

import json
from pathlib import Path

import pytest

from backend.errors import Declined, HomeInUse, MailboxTaken, UsageError
from backend.settings import Settings
from backend.submission import OPERATOR, Person, Status
from eval_queue.page_mail import claim_home, page_mail
from eval_queue.worker_mail import worker_mail
from storage.entries import canonical
from storage.ledger import Ledger
from storage.letters import LEDGER, LEDGER_HEAD, PULSE, Deed, Request, request_name, write_letter
from tests.eval_queue.correspondents import KEY, Pair
from tests.storage.records import toy_result


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def requests(pair: Pair) -> list[str]:
    return [name for name in pair.mailbox.files if name.startswith("requests/")]


def written_in(pair: Pair, words: str) -> set[str]:
    """The files of the worker's home in which these words stand, deleted or not; a log of SQLite by its own file."""
    home = pair.worker.settings.home
    found = [path for path in home.rglob("*") if path.is_file() and words.encode() in path.read_bytes()]
    return {path.name.removesuffix("-wal") for path in found}


def told_in(pair: Pair, words: str) -> set[str]:
    """The files in which the worker told these words."""
    told = {name: content for name, content in pair.mailbox.files.items() if not name.startswith("requests/")}
    return {name for name, content in told.items() if words.encode() in content}


def test_three_that_came_while_no_worker_was_there_are_taken_in_their_order(pair: Pair) -> None:
    ids = [pair.page.submit(f"acme/model-{number}").submission.id for number in range(3)]
    assert [pair.page.mail.mirror.waiting(), len(requests(pair))] == [ids, 3]
    pair.exchange()
    assert pair.worker.submissions.waiting() == ids == pair.page.mail.mirror.waiting()
    assert pair.page.mail.mirror.pulse().seen_at is not None


def test_a_request_that_is_seen_again_and_again_is_one_submission(pair: Pair) -> None:
    submission_id = pair.page.submit().submission.id
    (name,) = requests(pair)
    content = pair.mailbox.files[name]
    for _ in range(2):
        pair.exchange()
        pair.start_worker(empty=False)
    pair.mailbox.files[name.replace("requests/20", "requests/19")] = content  # sealed for another name
    pair.exchange()
    assert [one.id for one in pair.worker.submissions.newest()] == [submission_id]
    assert len(pair.worker.submissions.events(submission_id)) == 1


def test_a_page_in_an_empty_home_shows_everything_again(pair: Pair) -> None:
    pair.page.mail.note_name(Person("ada", "Ada L."))
    first, second = (pair.page.submit(name).submission.id for name in ("acme/one", "acme/two"))
    pair.worker.look()
    pair.worker.finish(first)
    third = pair.page.submit("acme/three").submission.id
    pair.worker.mail._rounds.done()  # it does not see the third
    pair.worker.outgoing.send()
    pair.start_page()
    pair.page.look()
    assert pair.page.shown() == {first: "finished", second: "queued", third: "queued"}
    told = [event.status for event in pair.page.mail.events(first)]
    assert told == ["queued", "running", "scoring", "finished"]
    assert Ledger(pair.page.settings.home / "ledger.jsonl").verify().number == 1
    assert pair.page.mail.mirror.people.public("ada").name == "Ada L."


def test_a_name_that_the_worker_forgets_stands_in_no_file_there_and_is_told_no_more(pair: Pair) -> None:
    ada = Person("ada", "Ada Lovelace")
    pair.page.mail.note_name(ada)
    submission_id = pair.page.submit().submission.id
    pair.exchange()
    pair.page.mail.cancel(submission_id, "ada")
    pair.exchange()
    assert written_in(pair, ada.name) == {"queue.sqlite"} and told_in(pair, ada.name)
    pair.worker.submissions.people.forget("ada", by=OPERATOR)
    assert not written_in(pair, ada.name)
    pair.worker.look()
    assert not told_in(pair, ada.name)
    pair.start_worker(empty=False)
    pair.worker.look()
    pair.start_page()
    pair.page.look()
    assert not written_in(pair, ada.name) and not told_in(pair, ada.name)
    assert "Ada" not in pair.page.mail.mirror.people.public("ada").name


def test_nothing_is_accepted_while_the_mailbox_is_down_and_nothing_is_lost(pair: Pair) -> None:
    kept = pair.page.submit("acme/kept").submission.id
    pair.exchange()
    pair.mailbox.down = True
    with pytest.raises(Declined, match="Look at the queue"):
        pair.page.submit("acme/other")
    pair.exchange()
    assert pair.page.shown() == {kept: "queued"}
    assert "cannot be reached" in str(pair.page.mail.mirror.pulse().paused)
    pair.start_page(empty=False)
    pair.page.look()
    assert pair.page.shown() == {kept: "queued"}
    pair.mailbox.down = False
    pair.clock.now += 10_000
    pair.exchange()
    assert pair.page.mail.mirror.pulse().paused is None


def test_a_write_that_arrived_though_nobody_said_so_is_adopted_and_not_doubled(pair: Pair) -> None:
    pair.mailbox.doubtful = 1.0
    receipt = pair.page.submit()
    pair.mailbox.doubtful = 0.0
    pair.exchange()
    assert pair.page.shown() == {receipt.submission.id: "queued"}


def test_a_quota_is_the_workers_to_judge_and_its_sentence_is_shown(pair: Pair) -> None:
    for number in range(3):
        pair.page.submit(f"acme/model-{number}")
    pair.exchange()
    pair.start_page()  # knows of nothing, and lets a fourth in
    fourth = pair.page.submit("acme/model-4")
    pair.exchange()
    found = pair.page.mail.mirror.find(fourth.submission.id)
    assert found is not None and (found.status, found.failure_code) == (Status.FAILED, "refused")
    assert "3 submissions waiting or running" in str(found.note)
    assert len(pair.worker.submissions.newest()) == 3
    pair.start_worker()  # a home that knows nothing believes what the mailbox says of it
    pair.worker.look()
    assert len(pair.worker.submissions.newest()) == 3
    with pytest.raises(UsageError, match="did not take it in"):
        pair.page.mail.retry(found.id, "ada")


def test_a_duplicate_points_to_the_submission_that_is_there(pair: Pair) -> None:
    first = pair.page.submit(person="ada").submission.id
    pair.start_page()
    second = pair.page.submit(person="bob").submission.id
    pair.exchange()
    found = pair.page.mail.mirror.find(second)
    assert found is not None and first in str(found.note) and "already on its way" in str(found.note)


def test_a_deed_is_asked_for_and_carried_out_once(pair: Pair) -> None:
    submission_id = pair.page.submit().submission.id
    pair.exchange()
    assert pair.page.mail.cancel(submission_id, "ada").status is Status.QUEUED
    pair.page.mail.cancel(submission_id, "ada")
    assert len(requests(pair)) == 2
    assert "has not answered yet" in str(pair.page.mail.events(submission_id)[-1].reason)
    pair.exchange()
    assert pair.page.shown() == {submission_id: "cancelled"}
    pair.page.mail.retry(submission_id, "ada")
    pair.exchange()
    pair.start_worker(empty=False)  # sees the old cancel again
    pair.exchange()
    assert pair.page.shown() == {submission_id: "queued"}
    assert [event.status for event in pair.page.mail.events(submission_id)] == ["queued", "cancelled", "queued"]


def test_a_deed_that_the_worker_refuses_says_so_among_the_events(pair: Pair) -> None:
    submission_id = pair.page.submit().submission.id
    pair.exchange()
    pair.worker.finish(submission_id)
    pair.page.mail.cancel(submission_id, "ada")
    pair.exchange()
    assert pair.page.shown() == {submission_id: "finished"}
    assert any("was refused" in str(event.reason) for event in pair.page.mail.events(submission_id))
    pair.page.mail.withdraw(submission_id, "ada", "wrong commit")
    pair.exchange()
    assert pair.page.shown() == {submission_id: "withdrawn"}


def test_the_page_refuses_in_the_workers_own_words(pair: Pair) -> None:
    queued = pair.page.submit("acme/one").submission.id
    ended = pair.page.submit("acme/two").submission.id
    pair.exchange()
    pair.worker.queue.cancel(ended, "ada")
    pair.exchange()
    for deed, words in (
        ("cancel", ("20261122-00000000", "ada")),
        ("cancel", (queued, "mallory")),
        ("cancel", (ended, "ada")),
        ("retry", (queued, "ada")),
        ("withdraw", (queued, "ada", "why")),
        ("withdraw", (queued, "mallory", "")),
        ("withdraw", (queued, "ada", "")),
    ):
        said = []
        for side in (pair.page.mail, pair.worker.queue):
            with pytest.raises(UsageError) as refused:
                getattr(side, deed)(*words)
            said.append(str(refused.value))
        assert said[0] == said[1]
    assert len(requests(pair)) == 2


def test_a_stranger_and_the_operator_may_do_nothing_from_the_page(pair: Pair) -> None:
    submission_id = pair.page.submit().submission.id
    pair.exchange()
    for actor in ("mallory", OPERATOR):
        with pytest.raises(UsageError):
            pair.page.mail.cancel(submission_id, actor)
    at = pair.worker.found(submission_id).created_at
    for number, subject in enumerate(("mallory", OPERATOR)):
        forged = Request(
            id=f"20261122-0000000{number}",
            deed=Deed.CANCEL,
            at=at,
            subject=subject,
            name="Mallory",
            submission_id=submission_id,
        )
        name = request_name(forged.id, at)
        pair.mailbox.files[name] = write_letter(forged, name, KEY)
    pair.exchange()
    assert pair.page.shown() == {submission_id: "queued"}


HOSTILE = {
    "garbage": b"\x00\xff not json",
    "empty": b"",
    "half": b'{"id":"20261122-aaaaaaaa","deed":"sub',
    "deep": b"[" * 9_000,
    "huge": b'{"reason":"' + b"x" * 50_000 + b'"}',
    "list": b"[1,2,3]",
    "unsealed": None,
    "a url": canonical({"id": "20261122-aaaaaaaa", "deed": "submit", "url": "http://evil.example"}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_is_no_request_stops_nobody(pair: Pair, kind: str) -> None:
    submission_id = pair.page.submit().submission.id
    at = pair.page.mail.mirror.newest()[0].created_at
    forged = Request(id="20261122-aaaaaaaa", deed=Deed.SUBMIT, at=at, subject="ada", model="evil/model")
    name = request_name(forged.id, at)
    content = HOSTILE[kind]
    pair.mailbox.files[name] = write_letter(forged, name, None) if content is None else content
    pair.mailbox.files[f"requests/{at:%Y-%m-%d}/README.txt"] = b"x"
    for _ in range(3):
        pair.exchange()
    assert [one.id for one in pair.worker.submissions.newest()] == [submission_id]
    assert pair.worker.incoming.unreadable == 2
    assert pair.page.shown() == {submission_id: "queued"}


def test_thousands_of_files_that_are_none_hold_nobody_up_for_long(pair: Pair) -> None:
    for number in range(2_000):
        pair.mailbox.files[f"requests/2026-01-01/20260101-{number:08x}.json"] = b"{"
    submission_id = pair.page.submit().submission.id
    for _ in range(12):
        pair.clock.now += 2
        pair.worker.mail.look()
    assert pair.worker.submissions.find(submission_id)


def test_with_ten_thousand_requests_a_look_lists_few_and_reads_none(pair: Pair) -> None:
    pair.worker.look()
    pair.exchange()
    for number in range(10_000):
        name = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}/20260101-{number:08x}.json"
        pair.mailbox.files[f"requests/{name}"] = b"{"
        pair.worker.incoming._done.add(name)
    pair.mailbox.reads.clear()
    pair.clock.now += 2
    pair.worker.mail.look()
    assert pair.mailbox.reads == [PULSE]


def test_the_pages_ledger_grows_and_a_shorter_or_another_one_is_shown_as_broken(pair: Pair) -> None:
    first = pair.page.submit("acme/one").submission.id
    pair.exchange()
    pair.worker.finish(first)
    pair.exchange()
    second = pair.page.submit("acme/two").submission.id
    one = {name: pair.mailbox.files[name] for name in (LEDGER, LEDGER_HEAD)}
    pair.exchange()
    pair.worker.finish(second)
    pair.exchange()
    copy = Ledger(pair.page.settings.home / "ledger.jsonl")
    assert copy.verify().number == 2
    two = {name: pair.mailbox.files[name] for name in (LEDGER, LEDGER_HEAD)}
    pair.mailbox.files |= one
    pair.page.look()
    assert "has lost it" in str(pair.page.mail.mirror.pulse().paused)
    other = Ledger(pair.folder / "other.jsonl")
    for model in ("acme/one", "acme/two", "acme/three"):
        other.append(f"20261122-{model}", toy_result(model))
    forged = {
        LEDGER: (pair.folder / "other.jsonl").read_bytes(),
        LEDGER_HEAD: (pair.folder / "other.head.json").read_bytes(),
    }
    pair.mailbox.files |= forged
    pair.page.look()
    assert "line 3" in str(pair.page.mail.mirror.pulse().paused) and copy.verify().number == 2
    pair.worker.ledger.append("20261122-ffffffff", toy_result("acme/more"))
    with pytest.raises(MailboxTaken, match="does not go on from"):
        pair.worker.outgoing.send()
    pair.mailbox.files |= two
    pair.page.look()
    assert pair.page.mail.mirror.pulse().paused is None


def test_a_worker_in_an_empty_home_does_not_overwrite_the_ledger(pair: Pair) -> None:
    first = pair.page.submit().submission.id
    pair.exchange()
    pair.worker.finish(first)
    pair.exchange()
    before = pair.mailbox.files[LEDGER]
    pair.start_worker()
    pair.worker.look()
    assert pair.mailbox.files[LEDGER] == before


def test_of_two_workers_the_first_one_stops_telling(pair: Pair) -> None:
    pair.exchange()
    first = pair.worker
    pair.start_worker()
    pair.exchange()
    with pytest.raises(MailboxTaken, match="Another worker"):
        first.outgoing.send()
    pair.exchange()


def test_progress_waits_for_a_minute_and_a_step_does_not(pair: Pair) -> None:
    submission_id = pair.page.submit().submission.id
    pair.exchange()
    claim = pair.worker.submissions.claim("worker", 60)
    assert claim is not None
    pair.clock.now += 1
    pair.worker.mail.look()
    writes = pair.mailbox.writes
    for _ in range(5):
        pair.clock.now += 1
        pair.worker.clock.advance(1)
        pair.worker.submissions.beat(claim, 60, None)
        pair.worker.mail.look()
    assert pair.mailbox.writes == writes
    pair.worker.submissions.step(claim, Status.SCORING, actor="worker")
    pair.clock.now += 1
    pair.worker.mail.look()
    assert pair.mailbox.writes == writes + 2
    pair.page.look()
    assert pair.page.shown() == {submission_id: "scoring"}


def test_no_address_of_an_endpoint_and_no_database_is_in_the_mailbox(pair: Pair) -> None:
    pair.page.submit()
    pair.exchange()
    for name, content in pair.mailbox.files.items():
        assert name.endswith((".json", ".jsonl", ".npz")) and b'"url":"' not in content
        if name.endswith(".json"):
            json.loads(content)


def test_page_and_worker_in_one_or_in_one_home_are_refused(tmp_path: Path, pair: Pair) -> None:
    settings = Settings(home=tmp_path, mailbox=f"file://{tmp_path}/mailbox")
    assert page_mail(settings) is None
    with pytest.raises(UsageError, match="two machines"):
        claim_home(settings, with_worker=True)
    claim_home(settings, with_worker=False)
    assert page_mail(settings) is not None
    side = pair.worker
    with pytest.raises(HomeInUse, match="home of a page"):
        worker_mail(settings, side.submissions, side.ledger, lambda store: (pair.page.intake, side.queue))
    with pytest.raises(HomeInUse, match="home of a worker"):
        claim_home(settings.model_copy(update={"home": side.settings.home}), with_worker=False)
