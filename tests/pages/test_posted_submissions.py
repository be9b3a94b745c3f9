"""A program submits as the page does: the same person, the same rules, and no other origin."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from backend.domain import Domain, Edition
from backend.errors import Blocked, Declined, FailureCode, QueueBusy, TooManyOpen, WeekSpent
from backend.settings import Settings, read_settings
from backend.submission import Receipt, SubmissionForm
from frontend_config.site import build_site
from frontend_config.v1 import build_api
from tests.loopback.oidc import CLIENT, SECRET, LoopbackProvider

from .gates import Gate
from .serving import Shelf

HERE = "http://127.0.0.1:7860"
SPACE = "https://owner-clue.hf.space"
PATH = "/v1/submissions"
SURROGATE = "\\ud800"


def asking(shelf: Shelf, **desk: Any) -> TestClient:
    app = FastAPI(openapi_url=None)
    app.mount("/v1", build_api(replace(shelf.desk(), **desk)))
    return TestClient(app, base_url=HERE, client=("127.0.0.1", 50_000))


def test_what_is_posted_is_submitted_and_answered_with_the_receipt() -> None:
    shelf = Shelf()
    wish = {
        "model": " owner/name ",
        "revision": "dev",
        "edition": "rehearsal",
        "base_model": "a/b",
        "domain": "general",
    }
    answer = asking(shelf).post(PATH, json=wish, headers={"Origin": HERE, "Sec-Fetch-Site": "same-origin"})
    told = answer.json()
    assert answer.status_code == 201
    assert (told["id"], told["position"], told["address"]) == ("s0077", 3, "/submission?id=s0077")
    assert answer.headers["Location"] == "/v1/submissions/s0077"
    form = SubmissionForm(
        model_id="owner/name", revision="dev", edition=Edition.REHEARSAL, base_model="a/b", domain=Domain.GENERAL
    )
    assert shelf.taken == [(form, "local")]


def test_what_is_not_stated_may_be_null_and_the_edition_is_the_full_one() -> None:
    shelf = Shelf()
    assert asking(shelf).post(PATH, json={"model": "owner/name", "revision": None, "edition": None}).is_success
    assert shelf.taken == [(SubmissionForm(model_id="owner/name"), "local")]


def test_what_is_there_already_is_200() -> None:
    shelf = Shelf()

    def submit(form: SubmissionForm, person: str) -> Receipt:
        return replace(shelf.submit(form, person), is_new=False)

    assert asking(shelf, submit=submit).post(PATH, json={"model": "owner/name"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "no JSON object"), ("[]", "no JSON object"), ("7", "no JSON object"), ("[" * 9_999, "no JSON object"),
        ("\x00", "no JSON object"), ("{}", "Name a model"), ('{"model": "  "}', "Name a model"),
        ('{"model": 7}', "model must be text"), ('{"model": "a/b", "revision": ["x"]}', "revision must be text"),
        (json.dumps({"model": "x" * 2_001}), "model must be text"),
        ('{"model": "a/b", "edition": "half"}', "edition must be full or rehearsal"),
        ('{"model": "a/b", "domain": "' + SURROGATE + '"}', "domain must be biomedical or general"),
        ('{"model": "a/b", "submitter": "ada"}', "There is no 'submitter' in a submission."),
        ('{"model": "a/b", "' + SURROGATE + '{0}": null}', "There is no '" + SURROGATE + "{0}' in a submission."),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_body_that_does_not_fit_is_one_sentence(body: str, said: str) -> None:
    shelf = Shelf()
    answer = asking(shelf).post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, list(answer.json())) == (422, ["error"])
    assert said in answer.json()["error"] and shelf.taken == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (TooManyOpen("Three are open."), 409),
        (WeekSpent("Five in seven days.", datetime(2026, 11, 24, tzinfo=UTC)), 429),
        (Blocked("You are blocked."), 403),
        (QueueBusy("The queue is busy."), 503),
        (Declined("It is gated.", FailureCode.GATED), 422),
    ],
    ids=["too many", "week", "blocked", "busy", "gated"],
)
def test_a_refusal_of_the_door_is_its_sentence(fault: Declined, status: int) -> None:
    def submit(form: SubmissionForm, person: str) -> Receipt:
        raise fault

    answer = asking(Shelf(), submit=submit).post(PATH, json={"model": "owner/name"})
    assert (answer.status_code, answer.json()) == (status, {"error": str(fault)})


def test_a_week_that_is_used_up_says_after_how_many_seconds_to_ask_again() -> None:
    def submit(form: SubmissionForm, person: str) -> Receipt:
        raise WeekSpent("Five in seven days.", datetime.now(UTC) + timedelta(hours=1))

    answer = asking(Shelf(), submit=submit).post(PATH, json={"model": "owner/name"})
    assert 3595 <= int(answer.headers["Retry-After"]) <= 3600


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Host": "rebound.example"},
        {"X-Forwarded-For": "192.0.2.7"},
    ],
    ids=str,
)  # fmt: skip
def test_no_other_origin_may_submit_or_is_told_that_it_may_ask(headers: dict[str, str]) -> None:
    shelf = Shelf()
    answer = asking(shelf).post(PATH, json={"model": "owner/name"}, headers=headers)
    assert answer.status_code == 403 and "was not accepted" in answer.json()["error"] and shelf.taken == []
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    before = asking(shelf).options(PATH, headers={"Access-Control-Request-Method": "POST", **headers})
    assert "POST" not in before.headers["Access-Control-Allow-Methods"]
    assert "content-type" not in before.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_only_what_is_said_to_be_json_is_read(kind: str | None) -> None:
    shelf = Shelf()
    headers = {"Content-Type": kind} if kind else {}
    answer = asking(shelf).post(PATH, content=b'{"model": "owner/name"}', headers=headers)
    assert answer.status_code == 415 and shelf.taken == []


@pytest.mark.parametrize("each", [10_000, 70_000])
def test_a_body_larger_than_any_submission_is_refused_however_it_comes(each: int) -> None:
    shelf = Shelf()
    guarded = TestClient(build_site(shelf.desk()), base_url=HERE, client=("127.0.0.1", 50_000))
    parts = (b" " * each for _ in range(20))
    answer = guarded.post(PATH, content=parts, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413 and "larger than any submission" in answer.json()["error"]
    assert shelf.taken == []


def test_a_page_that_is_closed_takes_nothing() -> None:
    shelf = Shelf(settings=Settings(host="0.0.0.0"))
    answer = asking(shelf).post(PATH, json={"model": "owner/name"})
    assert answer.status_code == 403 and "Submitting is closed" in answer.json()["error"] and shelf.taken == []


def test_other_ways_of_asking_name_the_one_there_is() -> None:
    answer = asking(Shelf()).put(PATH, json={})
    assert answer.status_code == 405 and answer.json()["error"].endswith("Ask with POST.")


def test_the_description_tells_how_to_submit_and_what_is_refused() -> None:
    told = asking(Shelf()).get("/v1/openapi.json").json()["paths"]["/submissions"]["post"]
    assert {"200", "201", "401", "403", "409", "413", "415", "422", "429", "503"} == told["responses"].keys()
    members = told["requestBody"]["content"]["application/json"]["schema"]
    assert members["properties"].keys() == {"model", "revision", "edition", "base_model", "domain"}
    assert members["additionalProperties"] is False


def test_on_a_space_it_is_whoever_signed_in_with_its_own_client_and_nobody_else(tmp_path: Path) -> None:
    with LoopbackProvider(people={"5f1a": {"preferred_username": "ada"}}).serving() as provider:
        environ = {
            "SPACE_ID": "owner/clue", "SPACE_HOST": "owner-clue.hf.space,clue.example", "OAUTH_CLIENT_ID": CLIENT,
            "OAUTH_CLIENT_SECRET": SECRET, "OAUTH_SCOPES": "openid profile", "OPENID_PROVIDER_URL": provider.issuer,
            "CLUE_HOME": str(tmp_path),
        }  # fmt: skip
        shelf = Shelf(settings=read_settings(environ))
        space = TestClient(build_site(shelf.desk()), base_url=SPACE, client=("10.0.0.1", 50_000))

        def post(**headers: str) -> int:
            return space.post(PATH, json={"model": "owner/name"}, headers=headers).status_code

        assert [post(), post(Cookie="__Host-clue-session=e30.aaaa.bbbb")] == [401, 401]
        sent = space.get("/signin", follow_redirects=False).headers["location"]
        back = Gate(SPACE, shelf, provider).decide(dict(parse_qsl(urlsplit(sent).query)), "5f1a")
        assert back.startswith(f"{SPACE}/login/callback?")
        assert space.get(back, follow_redirects=False).status_code == 303
    assert post(Origin="https://evil.example") == 403
    assert post(Origin="https://evil.example", **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert post(Origin="https://clue.example") == 403 and shelf.taken == []
    assert post(Origin=SPACE, **{"Sec-Fetch-Site": "same-origin"}) == 201
    assert [person for _, person in shelf.taken] == [f"{provider.issuer}#5f1a"]
    assert "Cookie" not in space.get("/v1/queue").headers["Vary"], "what is only read is the same for all"
