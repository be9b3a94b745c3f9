"""An endpoint receives credentialed text only while a valid approval of the operator's says so, request by request."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from backend.approvals import FILE, Approval, Approvals, signed
from backend.domain import Access, Edition, Model, ModelSource
from backend.endpoint_address import Address
from backend.engines.endpoint import ENGINE
from backend.errors import NotApproved, OperatorFault, UsageError
from backend.evaluation import Evaluation
from backend.settings import Settings
from backend.signing import make_key_pair, read_public_key, read_signer
from tests.backend.asking import SHA, changed, prompt, served
from tests.backend.dialects import DIALECTS, last_line
from tests.backend.toys import MemoryJournals, toy_task
from tests.canaries import sealed
from tests.custody import NOW, approval, file_approvals, list_reader, new_key
from tests.loopback.openai import OpenAIServer
from tests.loopback.serving import serve
from tests.loopback.tgi import TgiServer

ELSEWHERE = "https://models.example:8443/team"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path)


@pytest.fixture
def trusting(settings: Settings, key: Path) -> Settings:
    """Settings that hold approvals against the key."""
    return changed(settings, signing_key=key)


def confiding(url: str, *tasks: str) -> ModelSource:
    return replace(served(url), confides=frozenset(tasks))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("known", [True, False])
def test_without_an_approval_no_byte_reaches_the_server(dialect: str, known: bool, trusting: Settings) -> None:
    asked: list[str] = []

    async def answer(request: Request) -> Response:
        asked.append(request.url.path)
        return JSONResponse({})

    with serve(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])) as url:
        source = replace(served(url + DIALECTS[dialect][1]), confides=frozenset({"mednli"}) if known else None)
        with pytest.raises(NotApproved), ENGINE.open(source, trusting, Event()):
            raise AssertionError("it opened")
    assert asked == []


@pytest.mark.parametrize("dialect", ["tgi-generate-by-url", "tgi-chat", "openai", "completions"])
def test_an_approved_server_is_asked_and_no_more_once_the_approval_is_gone(
    dialect: str, trusting: Settings, key: Path
) -> None:
    make, path = DIALECTS[dialect]
    server = make()
    server.faults.approved = True
    with server.serving() as url:
        file_approvals(trusting.home, [approval(key, url, "mednli", "medisumqa")])
        with ENGINE.open(confiding(url + path, "mednli"), trusting, Event()) as client:
            (one,) = client.complete([prompt(0, sealed("Is it?"), new=50)])
            assert one.text
            seen = len(server.bodies)
            file_approvals(trusting.home, [])
            with pytest.raises(NotApproved) as caught:
                list(client.complete([prompt(1, sealed("Is it?"))]))
            with pytest.raises(NotApproved):
                list(client.complete([prompt(2, "Is it?")]))
    assert len(server.bodies) == seen
    assert "SEALED" not in str(caught.value) and "127.0.0.1" not in caught.value.public


def test_open_texts_need_no_approval(trusting: Settings) -> None:
    with OpenAIServer(last_line).serving() as url, ENGINE.open(served(url), trusting, Event()) as client:
        assert list(client.complete([prompt(0, "open text")]))


def test_sending_stops_in_the_middle_when_the_approval_ends(trusting: Settings, key: Path) -> None:
    def slowly(text: str) -> str:
        time.sleep(0.02)
        return "yes"

    answers = []
    with OpenAIServer(slowly).serving() as url:
        ends = datetime.now(UTC) + timedelta(seconds=2)
        file_approvals(trusting.home, [approval(key, url, "mednli", issued=ends - timedelta(days=1), days=1)])
        one_by_one = changed(trusting, endpoint_concurrency=1)
        with ENGINE.open(confiding(f"{url}/v1", "mednli"), one_by_one, Event()) as client:
            coming = client.complete([prompt(n, "Is it?") for n in range(10_000)])
            answers.append(next(coming))
            with pytest.raises(NotApproved):
                answers.extend(coming)
    assert datetime.now(UTC) >= ends and len(answers) < 10_000


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_another_server_is_not_followed(status: int, trusting: Settings, key: Path) -> None:
    async def away(request: Request) -> Response:
        return RedirectResponse(f"{other}{request.url.path}", status)

    routes = [Route("/{path:path}", away, methods=["GET", "POST"])]
    thief = TgiServer(last_line)
    with thief.serving() as other, serve(Starlette(routes=routes)) as url:
        file_approvals(trusting.home, [approval(key, url, "mednli")])
        with pytest.raises(NotApproved), ENGINE.open(confiding(f"{url}/v1", "mednli"), trusting, Event()) as client:
            list(client.complete([prompt(0, sealed("Is it?"))]))
    assert thief.bodies == []


def test_a_text_goes_past_no_proxy(trusting: Settings, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = httpx2.URL("http://127.0.0.1:8080/v1/chat/completions")
    file_approvals(trusting.home, [approval(key, "http://127.0.0.1:8080", "mednli")])
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(NotApproved, match="proxy"):
        Approvals(trusting).require(url, ["mednli"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Approvals(trusting).require(url, ["mednli"])


def test_only_the_tasks_addresses_and_days_that_were_signed_are_approved(trusting: Settings, key: Path) -> None:
    file_approvals(trusting.home, [approval(key, ELSEWHERE, "mednli", days=30)])
    held = Approvals(trusting)
    assert held.tasks_at(f"{ELSEWHERE}/v1/chat/completions") == {"mednli"} == held.tasks_at(ELSEWHERE + "/")
    assert held.tasks_at("HTTPS://models.EXAMPLE:8443/team/") == {"mednli"}
    for url in (
        "http://models.example:8443/team", "https://models.example/team", "https://models.example:8443/teams",
        "https://models.example:8443/", "https://models.example.org:8443/team", "https://evil.example:8443/team",
        "https://models.example:8443@evil.example/team", "https://models.example:8443/team/../other",
        "https://models.example:8443/team/%2e%2e/other", "https://models.example:8443/team//other", "nonsense", None,
    ):  # fmt: skip
        assert held.tasks_at(url) == frozenset(), url
    for days, expected in ((-0.1, set()), (0.0, {"mednli"}), (29.99, {"mednli"}), (30, set()), (3000, set())):
        at = NOW + timedelta(days=days)
        assert Approvals(trusting, lambda at=at: at).tasks_at(ELSEWHERE) == expected  # type: ignore[misc]


@given(st.data())
def test_no_changed_record_approves_anything(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("home")
    key = new_key(folder)
    file_approvals(folder, [approval(key, ELSEWHERE, "mednli")])
    filed = json.loads((folder / FILE).read_text())
    field = data.draw(st.sampled_from(sorted(filed[0])))
    other = {
        "endpoint": "https://evil.example:443", "tasks": ["mednli", "medisumqa"], "public_key": "", "signature": "",
        "expires": "2099-01-01T00:00:00Z", "issued": "2020-01-01T00:00:00Z",
    }.get(field, "something else")  # fmt: skip
    (folder / FILE).write_text(json.dumps([{**filed[0], field: other}]))
    held = Approvals(Settings(home=folder, signing_key=key))
    assert not held.tasks_at(ELSEWHERE) and not held.tasks_at("https://evil.example")


def test_a_record_signed_with_another_key_or_checked_with_none_approves_nothing(
    settings: Settings, key: Path, tmp_path: Path
) -> None:
    file_approvals(settings.home, [approval(new_key(tmp_path, "forged"), ELSEWHERE, "mednli")])
    assert not Approvals(changed(settings, signing_key=key)).tasks_at(ELSEWHERE)
    file_approvals(settings.home, [approval(key, ELSEWHERE, "mednli")])
    assert not Approvals(settings).tasks_at(ELSEWHERE), "no key, no approval"
    public = make_key_pair(tmp_path / "second")
    assert read_public_key(public)
    assert not Approvals(changed(settings, signing_key=key, approval_key=public)).tasks_at(ELSEWHERE)
    only_public = changed(settings, approval_key=key.with_name("key.pub"))
    assert Approvals(only_public).tasks_at(ELSEWHERE) == {"mednli"}, "the worker needs no private key"
    key.with_name("key.pub").write_text("no key")
    with pytest.raises(OperatorFault, match="public key"):
        Approvals(only_public).tasks_at(ELSEWHERE)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"days": 90.001}, "90 days"),
        ({"days": 0}, "90 days"),
        ({"url": "http://models.example:8080"}, "https"),
        ({"evidence": "  "}, "evidence"),
        ({"tasks": ()}, "a task"),
    ],
)
def test_what_no_signature_can_make_good_is_never_signed(changes: dict[str, object], why: str, key: Path) -> None:
    told = {"url": ELSEWHERE, "tasks": ("mednli",), "evidence": "e", "days": 90.0} | changes
    made = Approval(
        id="a", endpoint=str(Address.of(str(told["url"]))), provider="p", evidence=str(told["evidence"]),
        tasks=told["tasks"], approved_by="Ann", issued=NOW, expires=NOW + timedelta(days=told["days"]),  # type: ignore[arg-type]
    )  # fmt: skip
    with pytest.raises(UsageError, match=why):
        signed(made, read_signer(key))


def test_a_file_that_cannot_be_read_approves_nothing_and_says_so(trusting: Settings) -> None:
    trusting.home.mkdir()
    (trusting.home / FILE).write_text("[{}]")
    with pytest.raises(OperatorFault, match="cannot be read as a list of approvals"):
        Approvals(trusting).tasks_at(ELSEWHERE)


def test_an_evaluation_confides_only_the_tasks_that_are_approved(trusting: Settings, key: Path) -> None:
    list_reader(trusting.home, "one", "other")
    tasks = [toy_task("one", access=Access.CREDENTIALED), toy_task("other", access=Access.CREDENTIALED), toy_task("o")]
    server = OpenAIServer(add_up_text)
    server.faults.approved = True
    with server.serving() as url:
        file_approvals(trusting.home, [approval(key, url, "one")])
        runs = Evaluation(
            model=Model(hub_id="acme/tiny", revision=SHA),
            source=ModelSource(hub_id="acme/tiny", revision=SHA, url=url),
            engine=ENGINE,
            edition=Edition.FULL,
            tasks=tasks,
            settings=trusting,
            journal=MemoryJournals().open,
            report=lambda progress: None,
            halt=Event(),
        ).run().runs  # fmt: skip
    assert [run.task_score.value is not None for run in runs] == [True, False, True]
    assert "may not leave this machine" in (runs[1].missing or "")


def add_up_text(text: str) -> str:
    return str(sum(int(word) for word in text.split() if word.isdigit()))
