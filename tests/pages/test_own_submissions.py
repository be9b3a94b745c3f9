"""A person cancels, retries and withdraws what is theirs; nobody else can, with or without a button."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from backend.errors import UsageError
from backend.settings import Settings
from backend.submission import LOCAL_USER, OPERATOR, SYSTEM, Person, Status
from eval_queue.queue import Queue
from eval_queue.rights import Rights
from frontend_config.desk import Desk
from frontend_config.pages.queue import act_handler, carry_out, who_handler
from frontend_config.site import build_site
from storage.ledger import Ledger
from tests.eval_queue.toys import House, no_hub
from tests.storage.records import wish

from . import records
from .conftest import Opener
from .gates import request
from .serving import Shelf, ask_island, serving

ELSEWHERE = "https://elsewhere.example"
ADA = "https://id.example#1"


@pytest.fixture
def signing_in(tmp_path: Path) -> Settings:
    client = {"oidc_client_id": "board", "oidc_client_secret": "s", "public_url": "https://clue.example"}
    return Settings(home=tmp_path, **client)


@dataclass
class Ward:
    """A site over a real queue."""

    address: str
    house: House

    def add(self, model_id: str, submitter: str = LOCAL_USER) -> str:
        return self.house.submissions.add(wish(model_id, submitter=submitter), most_open=1_000).id

    def status(self, submission_id: str) -> Status:
        return self.house.found(submission_id).status

    def post(self, function: str, data: object, origin: str) -> Any:
        """What a function of the queue's island answers to a request that was not made by the page."""
        return ask_island(self.address, "queue", function, data, Origin=origin).json()


def desk_over(house: House, rights: Rights) -> Desk:
    queue, store = house.queue, house.submissions
    return replace(
        Shelf().desk(), submissions=store.newest, waiting=store.waiting, events=store.events,
        estimates=lambda *read: {}, pulse=store.pulse, cancel=queue.cancel, retry=queue.retry, withdraw=queue.withdraw,
        people=store.people.public, is_operator=rights.is_operator,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """A ward whose visitor, the local user, is one person among others."""
    house = House(tmp_path_factory.mktemp("home"))
    rights = Rights(house.settings, operators=frozenset())
    house.queue = Queue(house.submissions, house.ledger, house.settings, no_hub, rights)
    with serving(build_site(desk_over(house, rights))) as address:
        yield Ward(address, house)


def card(page: Page) -> Any:
    return page.locator("article.wanted")


def test_a_person_cancels_what_runs_and_retries_it_from_where_it_stopped(visit: Opener, ward: Ward) -> None:
    mine = ward.add("acme/mine")
    ward.house.submissions.claim("gpu-box-17", 60)
    page = visit(f"/queue?id={mine}", address=ward.address)
    card(page).get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Let it go on").click()
    assert ward.status(mine) is Status.RUNNING, "nothing is done before it was confirmed"
    card(page).get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the evaluation").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("acme/mine: cancelled.")
    page.get_by_role("button", name="Close").click()
    expect(card(page)).to_contain_text("Cancelled on request.")
    expect(card(page)).not_to_contain_text("false")
    steps = card(page).get_by_role("listitem")
    expect(steps).to_have_count(3)
    expect(steps.nth(1)).to_contain_text("Running by a worker, attempt 1")
    expect(steps.nth(2)).to_contain_text("Cancelled by the submitter")
    card(page).get_by_role("button", name="Retry from where it stopped").click()
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("acme/mine: queued again.")
    page.get_by_role("button", name="Close").click()
    expect(card(page).locator(".status")).to_have_text("Waiting")
    expect(card(page)).not_to_contain_text("Waits because")
    assert ward.house.submissions.claim("gpu-box-17", 60)
    expect(card(page).locator(".status")).to_have_text("Running")
    expect(page.get_by_text("gpu-box-17")).to_have_count(0)
    ward.house.queue.cancel(mine, LOCAL_USER)


def test_a_person_withdraws_a_result_with_a_reason_that_stays_text(visit: Opener, ward: Ward) -> None:
    mine = ward.add("acme/published")
    assert ward.house.worker().run_next()
    page = visit(f"/queue?id={mine}", address=ward.address, width=390)
    card(page).get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Withdraw the result").click()
    assert ward.status(mine) is Status.FINISHED, "nothing is withdrawn without a reason"
    page.get_by_label("Reason").fill(records.IMAGE)
    page.get_by_role("button", name="Withdraw the result").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("acme/published: withdrawn.")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_role("button", name="Close").click()
    expect(card(page)).to_contain_text(f"Withdrawn because{records.IMAGE}")
    expect(page.locator("section img")).to_have_count(0)
    (_, _), (line, _) = ward.house.ledger.read()
    assert (line.submission_id, line.actor, line.reason) == (mine, "the submitter", records.IMAGE)


def test_the_submissions_of_others_have_no_buttons_and_are_refused_without_them(visit: Opener, ward: Ward) -> None:
    theirs, mine = ward.add("acme/theirs", "ann"), ward.add("acme/also-mine")
    page = visit(f"/queue?id={theirs}", address=ward.address)
    expect(page.locator(f"tr[data-id={mine}]").get_by_role("button", name="Cancel")).to_be_visible()
    expect(card(page)).to_contain_text("acme/theirs")
    assert card(page).get_by_role("button").count() == 0
    told = ward.post("act", {"deed": "cancel", "id": theirs, "reason": "", "submitter": "ann"}, ward.address)
    assert not told["done"] and told["sentence"].startswith("Only the person who submitted it")
    assert ward.status(theirs) is Status.QUEUED


def test_an_operator_has_the_buttons_of_all_and_what_they_do_is_said_to_be_theirs(
    visit: Opener, tmp_path: Path
) -> None:
    house = House(tmp_path)
    store = house.submissions
    store.people.meet(Person("https://hub.example|7", "Ann \u202eof Ward 7"))
    theirs = Ward("", house).add("acme/theirs", "https://hub.example|7")
    store.operator_pauses.begin("Moving <b>house</b>.", None, LOCAL_USER)
    with serving(build_site(desk_over(house, Rights(house.settings)))) as address:
        page = visit(f"/queue?id={theirs}", address=address)
        expect(page.locator(".decided")).to_contain_text("The operator paused the queue")
        expect(page.locator(".decided")).to_contain_text("Moving <b>house</b>.")
        expect(card(page)).to_contain_text("submitted by Ann of Ward 7")
        card(page).get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel the evaluation").click()
        page.get_by_role("button", name="Close").click()
        expect(card(page).get_by_role("listitem").last).to_contain_text("Cancelled by the operator")
        expect(card(page).get_by_role("button", name="Retry from where it stopped")).to_be_visible()
        page.goto(f"{address}/submission?id={theirs}")
        expect(page.get_by_role("button", name="Retry from where it stopped")).to_be_visible()
        told = [httpx.get(address + path).text for path in ("/v1/queue", f"/v1/submissions/{theirs}")]
    assert all("hub.example" not in each and "Ann of Ward 7" in each for each in told), "a subject is nobody's to read"
    assert store.audit.since()[-1].actor == LOCAL_USER


def test_whoever_is_blocked_reads_why_and_whom_to_write_to(visit: Opener, ward: Ward) -> None:
    mine = ward.add("acme/blocked")
    ward.house.submissions.people.block(LOCAL_USER, by=OPERATOR, reason="Three models were no models.")
    page = visit(f"/queue?id={mine}", address=ward.address)
    card(page).get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the evaluation").click()
    said = page.get_by_role("dialog").get_by_role("status")
    expect(said).to_contain_text("The operator has blocked you on this leaderboard: Three models were no models.")
    expect(said).to_contain_text("If you think that is a mistake, ask the operator.")
    ward.house.submissions.people.unblock(LOCAL_USER, by=OPERATOR)
    assert ward.status(mine) is Status.QUEUED


def test_a_foreign_page_is_nobody_and_changes_nothing(ward: Ward) -> None:
    mine = ward.add("acme/cross-site")
    told = ward.post("act", {"deed": "cancel", "id": mine, "reason": ""}, ELSEWHERE)
    assert "was not accepted" in told["error"]
    assert "person" not in ward.post("who", None, ELSEWHERE)
    key = ward.house.submissions.people.public(LOCAL_USER).key
    assert ward.post("who", None, ward.address) == {"person": key, "operator": False, "hint": None}
    assert ward.status(mine) is Status.QUEUED
    for path in ("/gradio_api/component_server", "/gradio_api/component_server/"):
        assert httpx.get(ward.address + path).status_code in (404, 405)


def test_what_the_page_never_offers_is_a_sentence() -> None:
    desk = Shelf().desk()
    wishes: list[Any] = [None, [], "cancel", {"deed": "supersede", "id": "s0005"}, {"deed": "cancel", "id": 7}]
    for odd in (*wishes, {"deed": "cancel", "id": "x" * 9999}):
        with pytest.raises(UsageError, match="came back incomplete"):
            carry_out(desk, odd, LOCAL_USER)


def test_a_ledger_that_is_broken_is_said_in_its_own_words(tmp_path: Path) -> None:
    house = House(tmp_path)
    mine = house.submissions.add(wish("acme/mine", submitter=LOCAL_USER), most_open=1).id
    house.worker().run_next()
    path = house.settings.home / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"toy"', b'"boy"'))
    house.queue._ledger = Ledger(path)
    desk = replace(Shelf().desk(), withdraw=house.queue.withdraw)
    told = act_handler(desk)({"deed": "withdraw", "id": mine, "reason": "Wrong."}, request())
    assert not told["done"] and str(told["sentence"]).startswith("ledger.jsonl line 1: ")
    assert house.found(mine).status is Status.FINISHED


@pytest.mark.parametrize("name", [LOCAL_USER, SYSTEM])
def test_nobody_who_signs_in_passes_for_the_operator_or_the_queue(name: str, signing_in: Settings) -> None:
    desk = Shelf(settings=signing_in).desk()
    assert who_handler(desk)(None, request(signing_in, Person(ADA, name)))["person"] is None


def test_whoever_signed_in_acts_under_their_subject_and_others_are_told_to_sign_in(signing_in: Settings) -> None:
    acted: list[tuple[str, str]] = []

    def cancel(submission_id: str, actor: str) -> Any:
        acted.append((submission_id, actor))
        return records.SUBMISSIONS[0]

    desk = replace(Shelf(settings=signing_in).desk(), cancel=cancel)
    ada, nobody = request(signing_in, Person(ADA, "ada")), request(signing_in)
    assert who_handler(desk)(None, ada)["person"] == f"key of {ADA}"
    stranger = who_handler(desk)(None, nobody)
    assert stranger["person"] is None and "Sign in" in str(stranger["hint"])
    wish_ = {"deed": "cancel", "id": "s0009"}
    assert not act_handler(desk)(wish_, nobody)["done"] and acted == []
    assert act_handler(desk)(wish_, ada)["done"] and acted == [("s0009", ADA)]
