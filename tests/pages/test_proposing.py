"""Results go to a model's repository as one pull request, with the submitter's own permission, which nobody keeps."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import yaml
from huggingface_hub import constants
from playwright.sync_api import Browser, expect

from backend.hub.proposing import PERMISSION, TITLE
from backend.settings import Settings
from backend.submission import Person, Status
from eval_queue.queue import Queue
from eval_queue.rights import Rights
from frontend_config.desk import Desk as Parts
from frontend_config.proposing.rules import Proposals, offered
from frontend_config.site import build_site
from storage.ledger import Ledger
from storage.submissions import Submissions
from tests.eval_queue.toys import no_hub
from tests.loopback.hub import LoopbackHub
from tests.loopback.hub_community import PullRequest, open_request
from tests.loopback.oidc import LoopbackProvider
from tests.loopback.serving import address_of, listen

from . import records
from .gates import ADA, BOB, BROWSER, PEOPLE, Gate, settings_of
from .publications import HUB_ID, ledger, numbered
from .serving import Shelf, serving

PATH = "/propose?line=11"
FILE = ".eval_results/clue.yaml"
SCOPES = f"openid profile {PERMISSION}"
OPERATOR = "0ff1"


@dataclass
class Desk:
    """A site whose line 11 ada has submitted, with the Hub and the provider at one address."""

    gate: Gate
    hub: LoopbackHub
    store: Submissions
    repository: Path
    desk: Parts

    def visitor(self, sub: str = ADA) -> httpx.Client:
        client = self.gate.visitor()
        self.gate.sign_in(client, sub, PATH)
        return client

    def press(self, visitor: httpx.Client, line: str = "11", **headers: str) -> httpx.Response:
        return visitor.post("/propose", data={"line": line}, headers=headers)

    def consent(self, visitor: httpx.Client, sub: str = ADA) -> httpx.Response:
        sent = self.press(visitor)
        assert sent.status_code == 303, sent.text
        asked = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
        return visitor.get(self.gate.decide(asked, sub))

    @property
    def requests(self) -> list[PullRequest]:
        return self.hub.community.requests.get(HUB_ID, [])

    @property
    def text(self) -> str:
        return httpx.get(f"{self.gate.address}/v1/runs/11/eval_results.yaml").text

    def state(self, name: str, text: str) -> None:
        """The repository's main states this from now on."""
        file = self.repository / ".eval_results" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.hub.add(HUB_ID, self.repository)

    def sent(self) -> list[str]:
        return [each for each in self.hub.requests if each.startswith("POST /api/models/")]


@pytest.fixture
def desk(hub: LoopbackHub, tmp_path: Path) -> Iterator[Desk]:
    people = {**PEOPLE, OPERATOR: {"preferred_username": "olga"}}
    provider = LoopbackProvider(people=people, issuer=constants.ENDPOINT)
    hub.provider, hub.community.scopes = provider.app(), provider.scopes
    repository, home = tmp_path / "model", tmp_path / "home"
    repository.mkdir()
    home.mkdir()
    (repository / "README.md").write_text("# A model", encoding="utf-8")
    hub.add(HUB_ID, repository)
    listener = listen()
    settings = settings_of(
        home, provider, public_url=address_of(listener), benchmark_dataset="acme/clue", oidc_scopes=SCOPES,
        operators=f"{constants.ENDPOINT}#{OPERATOR}",
    )  # fmt: skip
    store = Submissions(home / "queue.sqlite")
    submitted = records.submission(1, HUB_ID, Status.QUEUED, 1, submitter=f"{constants.ENDPOINT}#{ADA}")
    store.add(replace(submitted, created_at=datetime.now(UTC), attempt=0), most_open=None)
    shelf = Shelf(measured=numbered(), publications=ledger(numbered()), settings=settings)
    queue = Queue(store, Ledger(home / "ledger.jsonl"), settings, no_hub, Rights(settings))
    parts = replace(shelf.desk(), own=queue.own, proposals=store.audit)
    with serving(build_site(parts), listener) as address:
        yield Desk(Gate(address, shelf, provider), hub, store, repository, parts)


def test_the_submitter_presses_consents_and_the_repository_has_one_pull_request(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = desk.visitor()
    assert desk.gate.provider.asked == [] and PERMISSION not in dict(desk.gate.begin(desk.gate.visitor()))["scope"]
    shown = visitor.get(PATH)
    assert shown.status_code == 200 and "dataset:" in shown.text and desk.sent() == []
    done = desk.consent(visitor)
    (made,) = desk.requests
    assert f"{constants.ENDPOINT}/{HUB_ID}/discussions/1" in done.text and made.title == TITLE
    assert {path: content.decode() for path, content in made.added.items()} == {FILE: desk.text}
    for link in (f"{desk.gate.address}/model?id={HUB_ID}", f"{desk.gate.address}/v1/runs/11", "app.py evaluate"):
        assert link in made.about
    deed = desk.store.audit.since()[-1]
    assert (deed.actor, deed.deed, deed.object) == (desk.gate.subject(ADA), "propose line 11", "s0001")
    # A second press shows the same, whoever presses, and does not even ask for permission.
    for each in (visitor, desk.visitor(OPERATOR)):
        again = desk.press(each)
        assert again.headers["location"] == PATH and "/discussions/1" in each.get(PATH).text
    assert len(desk.requests) == 1
    # And the permission is nowhere.
    kept = b"".join(each.read_bytes() for each in desk.gate.shelf.settings.home.rglob("*") if each.is_file())
    said = caplog.text + done.text + visitor.get(PATH).text + str(list(visitor.cookies.jar))
    tokens = list(desk.gate.provider.tokens)
    assert len(tokens) == 3 and not [each for each in tokens if each in said or each.encode() in kept]


def test_who_did_not_submit_it_is_told_so_and_nothing_is_asked(desk: Desk) -> None:
    for client, words in ((desk.visitor(BOB), "Only the person who submitted it"), (desk.gate.visitor(), "Sign in")):
        assert words in client.get(PATH).text
        answer = desk.press(client)
        assert words in (answer.text if answer.status_code == 403 else client.get(answer.headers["location"]).text)
    desk.store.people.meet(replace(desk.gate.shelf.met[0], subject=desk.gate.subject(ADA), name="ada"))
    desk.store.people.block(desk.gate.subject(ADA), by="the operator", reason="Spam")
    assert "blocked you" in desk.press(desk.visitor()).text
    assert desk.sent() == [] and desk.requests == []


@pytest.mark.parametrize(("line", "words"), [("2", "no longer stands"), ("999", "no result"), ("x", "no result")])
def test_only_what_stands_on_the_board_can_be_proposed(desk: Desk, line: str, words: str) -> None:
    visitor = desk.visitor()
    assert words in visitor.get("/propose", params={"line": line}).text
    assert words in desk.press(visitor, line).text


def test_a_press_of_another_sites_page_begins_nothing(desk: Desk) -> None:
    visitor = desk.visitor()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert desk.press(visitor, "11", **headers).status_code == 403


def test_without_permission_nothing_is_sent(desk: Desk) -> None:
    visitor = desk.visitor()
    desk.gate.provider.withheld = (PERMISSION,)
    assert "was not told to give this permission" in desk.consent(visitor).text
    desk.gate.provider.withheld = ()
    assert "was not told to give this permission" in desk.consent(visitor, "").text
    assert "as another person" in desk.consent(visitor, BOB).text
    assert desk.sent() == [] and desk.gate.who(visitor) == "ada"


def test_what_came_back_is_used_once(desk: Desk) -> None:
    visitor = desk.visitor()
    sent = desk.press(visitor)
    asked = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
    assert set(asked["scope"].split()) == set(SCOPES.split())
    address = desk.gate.decide(asked, ADA)
    stranger = BROWSER.get(address)  # a browser that began nothing
    assert stranger.status_code == 403 and desk.requests == []
    visitor.get(address)
    assert visitor.get(address).status_code == 303 and len(desk.requests) == 1


def test_two_presses_at_once_open_one_pull_request(desk: Desk) -> None:
    desk.hub.community.scopes, desk.hub.community.delay = {"permit": SCOPES}, 0.3
    proposals, ada = Proposals(desk.desk), Person(desk.gate.subject(ADA), "ada")
    with ThreadPoolExecutor(2) as pool:
        pressed = [pool.submit(proposals.open, 11, ada, "permit") for _ in range(2)]
    ends = [each.exception() or each.result() for each in pressed]
    assert len(desk.requests) == 1 and sorted(type(each).__name__ for each in ends) == ["NotProposed", "Proposed"]


def test_the_same_values_under_any_name_are_not_proposed_again(desk: Desk) -> None:
    visitor = desk.visitor()
    desk.state("somebody.yaml", desk.text.replace("name: CLUE Leaderboard", "name: Somebody"))
    assert "states these very values already" in desk.consent(visitor).text
    assert desk.requests == []


def test_an_open_pull_request_with_the_same_values_is_named_and_kept(desk: Desk) -> None:
    repository = desk.hub.repositories[HUB_ID]
    requests = desk.hub.community.requests.setdefault(HUB_ID, [])
    open_request(requests, repository, "Fix a typo", "", {"README.md": b"# The model"})
    open_request(requests, repository, TITLE, "", {".eval_results/other.yaml": desk.text.encode()})
    visitor = desk.visitor()
    assert "/discussions/2" in desk.consent(visitor).text and len(desk.requests) == 2
    assert "/discussions/2" in visitor.get(PATH).text


def test_other_values_are_named_and_other_results_are_not_overwritten(desk: Desk) -> None:
    entries = yaml.safe_load(desk.text)
    lower = [each | {"value": 1.5} for each in entries[:1]]
    desk.state("earlier.yaml", yaml.safe_dump(lower))
    desk.state("clue.yaml", yaml.safe_dump([{"dataset": {"id": "acme/other", "task_id": "x"}, "value": 3}]))
    desk.state("broken.yaml", "- {dataset: [")
    desk.consent(desk.visitor())
    (made,) = desk.requests
    task = entries[0]["dataset"]["task_id"]
    assert f"`.eval_results/earlier.yaml` states 1.5 for `{task}`; this run measured" in made.about
    assert list(made.added) == [".eval_results/clue-2.yaml"] and made.added[".eval_results/clue-2.yaml"].decode() == (
        desk.text
    )


def test_what_goes_wrong_on_the_hub_is_said_and_leaves_nothing_half_done(desk: Desk) -> None:
    visitor, hub = desk.visitor(), desk.hub
    hub.community.closed = {HUB_ID}
    assert "disabled them" in desk.consent(visitor).text
    hub.community.closed = set()
    for status, words in ((403, "did not take your permission"), (429, "too many requests"), (503, "does not answer"),
                          (412, "changed while"), (400, "refused the pull request")):  # fmt: skip
        hub.community.refusing = status
        assert words in desk.consent(visitor).text
    hub.community.refusing = None
    hub.ailing = {HUB_ID: 503}
    assert "does not answer" in desk.consent(visitor).text
    hub.ailing = {}
    hub.repositories[HUB_ID].private = True
    assert "private, renamed or gone" in desk.consent(visitor).text
    hub.repositories[HUB_ID].private = False
    assert desk.requests == [] and "propose line 11" not in {each.deed for each in desk.store.audit.since()}
    desk.consent(visitor)
    assert len(desk.requests) == 1


def test_it_is_not_there_where_the_hub_is_not_the_provider_or_may_not_be_asked(tmp_path: Path) -> None:
    provider = LoopbackProvider(issuer="http://127.0.0.1:9")
    about = {"public_url": "http://127.0.0.1:8", "benchmark_dataset": "acme/clue"}
    ours = {"oidc_issuer": constants.ENDPOINT, "oidc_scopes": SCOPES}
    for given in (
        {"oidc_scopes": SCOPES},
        {"oidc_issuer": constants.ENDPOINT},
        ours | {"benchmark_dataset": None},
        ours | {"offline": True},
    ):
        settings: Settings = settings_of(tmp_path, provider, **(about | given))
        assert not offered(settings)
    assert offered(settings_of(tmp_path, provider, **(about | ours)))
    shelf = Shelf(measured=numbered(), publications=ledger(numbered()), settings=settings)
    with serving(build_site(shelf.desk())) as address:
        assert httpx.get(f"{address}{PATH}").status_code == 404
        assert httpx.get(f"{address}/v1/row", params={"id": HUB_ID}).json()["exports"]["propose"] is None


def test_from_the_models_page_through_the_provider_to_the_pull_request_in_a_browser(
    browser: Browser, desk: Desk
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{desk.gate.address}/model?id={HUB_ID}")
    page.get_by_role("link", name="Propose these results").click()
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Go on as ada").click()
    expect(page).to_have_url(f"{desk.gate.address}{PATH}")
    expect(page.get_by_role("region", name="The file")).to_contain_text("acme/clue")
    page.get_by_role("button", name="and propose").click()
    page.get_by_role("button", name="Go on as ada").click()
    link = page.get_by_role("link", name=f"{HUB_ID}/discussions/1")
    expect(link).to_have_attribute("href", f"{constants.ENDPOINT}/{HUB_ID}/discussions/1")
    (made,) = desk.requests
    assert made.added[FILE].decode() == desk.text
    context.close()
