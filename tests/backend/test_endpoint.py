"""A served model: every prompt gets its own answer, asked for greedily, and nobody sees the machine's token."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from huggingface_hub import constants
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.domain import Finish
from backend.endpoint_address import split_url
from backend.engines.endpoint import ENGINE, PROBE
from backend.engines.served.counting import estimate_tokens
from backend.errors import FailureCode, PassingFault, UsageError
from backend.prompting import plain_text
from backend.settings import Settings
from tests.backend.asking import QUESTIONS, SHA, assert_answers_all, changed, local, prompt, prompts, served
from tests.backend.dialects import DIALECTS, Server, expected, last_line, opened
from tests.loopback.openai import OpenAIServer
from tests.loopback.serving import serve
from tests.loopback.tgi import TgiServer


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_prompt_gets_its_own_answer(dialect: str, settings: Settings) -> None:
    make, path = DIALECTS[dialect]
    asked = [*prompts(40, new=150), prompt(99, "cut to fit", new=150, truncated=True)]
    with opened(make(), settings, path) as client:
        found = assert_answers_all(client, asked)
    for one in asked:
        assert found[one.example_id].text.split() == expected(one).split()
        assert found[one.example_id].finish is Finish.STOP and found[one.example_id].output_tokens


@pytest.mark.parametrize("dialect", ["tgi-generate", "tgi-chat", "openai", "completions"])
def test_an_answer_that_is_cut_says_so(dialect: str, settings: Settings) -> None:
    with opened(DIALECTS[dialect][0](), settings) as client:
        (cut,) = client.complete([prompt(0, "one two three four five six", new=3)])
    assert (cut.finish, cut.output_tokens) == (Finish.LENGTH, 3)


def test_decoding_is_greedy_by_name_and_the_model_is_named(settings: Settings) -> None:
    tgi, openai = TgiServer(last_line, has_chat=False), OpenAIServer(last_line)
    for server in (tgi, openai):
        with opened(server, settings) as client:
            assert_answers_all(client, [prompt(0, "Is it?")])
    parameters = tgi.bodies[-1]["parameters"]
    assert parameters["do_sample"] is False and parameters["max_new_tokens"] == 12
    assert tgi.bodies[-1]["inputs"] == plain_text(prompt(0, "Is it?").messages)
    assert (openai.bodies[-1]["temperature"], openai.bodies[-1]["model"]) == (0, "acme/tiny")
    assert [turn["role"] for turn in openai.bodies[-1]["messages"]] == ["system", "user", "assistant", "user"]


def test_an_answer_is_begun_where_a_text_is_continued_and_not_in_a_chat(settings: Settings) -> None:
    begun = replace(prompt(0, "Is it?"), begun="In short: ")
    tgi, openai = TgiServer(last_line, has_chat=False), OpenAIServer(last_line)
    for server in (tgi, openai):
        with opened(server, settings) as client:
            assert_answers_all(client, [begun])
    assert tgi.bodies[-1]["inputs"] == plain_text(begun.messages) + "In short: "
    assert [turn["role"] for turn in openai.bodies[-1]["messages"]] == ["system", "user", "assistant", "user"]
    assert openai.bodies[-1]["messages"][-1]["content"] == "Is it?"


def test_the_manifest_tells_what_was_served(settings: Settings) -> None:
    with opened(TgiServer(last_line, has_chat=False), settings) as client:
        assert dict(client.facts) == {
            "engine_version": "TGI 3.3.7",
            "endpoint_model": "acme/tiny",
            "endpoint_sha": SHA,
            "template": "plain",
            "window": 1025,
            "token_counts": "server",
        }
        assert client.window.tokens == 1025
    with opened(OpenAIServer(last_line, max_model_len=777), settings) as client:
        assert (client.facts["template"], client.window.tokens) == ("server", 777)


def test_no_more_requests_are_in_flight_than_allowed(settings: Settings) -> None:
    barrier = Barrier(4)

    def wait_for_company(text: str) -> str:
        if text != PROBE.messages[-1].content:
            barrier.wait(60)
        return text

    server = OpenAIServer(wait_for_company)
    with opened(server, changed(settings, endpoint_concurrency=4), "/v1") as client:
        assert_answers_all(client, prompts(24))
    assert server.faults.peak == 4


def test_a_slow_consumer_does_not_lose_answers(settings: Settings) -> None:
    with opened(OpenAIServer(last_line), changed(settings, endpoint_concurrency=3), "/v1") as client:
        seen = []
        for prediction in client.complete(prompts(12)):
            Event().wait(0.02)
            seen.append(prediction.example_id)
    assert sorted(seen) == sorted(one.example_id for one in prompts(12))


@pytest.mark.parametrize(
    "server",
    [
        TgiServer(last_line, max_input_tokens=30, has_chat=False),
        TgiServer(last_line, max_input_tokens=30),
        TgiServer(last_line, max_total_tokens=40, has_chat=False),
        TgiServer(last_line, max_total_tokens=40),
        OpenAIServer(last_line, max_model_len=40),
        OpenAIServer(last_line, max_model_len=40, has_chat=False),
    ],
    ids=["generate-input", "chat-input", "generate-total", "chat-total", "openai", "completions"],
)
def test_a_prompt_too_long_for_the_server_is_refused_and_not_an_empty_answer(
    server: Server, settings: Settings
) -> None:
    with opened(server, settings) as client:
        found = assert_answers_all(client, [prompt(0, "fever " * 100), prompt(1, "Is it?", new=1)])
    assert (found["q-0"].finish, found["q-0"].text) == (Finish.REFUSED, "")
    assert found["q-1"].finish is not Finish.REFUSED and found["q-1"].text


def _echo(body: Any) -> Any:
    asked = body["messages"][-1]["content"]
    return {"detail": [{"msg": "Input should be valid", "input": asked}], "message": f"cannot read {asked}"}


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (lambda body: {"error": {"message": "temperature must be positive"}}, 400),
        (lambda body: {"error": "`max_new_tokens` must be strictly positive", "error_type": "validation"}, 422),
        (_echo, 422),
    ],
    ids=["other", "parameter", "echo"],
)
def test_another_refusal_is_not_taken_for_a_prompt_too_long(
    refusal: Callable[[Any], Any], status: int, settings: Settings
) -> None:
    async def refuse(request: Any) -> JSONResponse:
        body = await request.json()
        if body["max_tokens"] == 1:  # the look at the opening
            return JSONResponse({"choices": [{"message": {"role": "assistant", "content": "yes"}}]})
        return JSONResponse(refusal(body), status)

    async def list_models(request: Any) -> JSONResponse:
        return JSONResponse({"data": []})

    app = Starlette(routes=[Route("/v1/models", list_models), Route("/v1/chat/completions", refuse, methods=["POST"])])
    with serve(app) as url, ENGINE.open(served(f"{url}/v1"), settings, Event()) as client:
        with pytest.raises(PassingFault, match=str(status)) as caught:
            list(client.complete([prompt(0, "The wait was too long, the context length unknown.")]))
        assert caught.value.code is FailureCode.ENDPOINT_ERROR


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (TgiServer(last_line, model_id="acme/other"), "serves acme/other, not acme/tiny"),
        (TgiServer(last_line, model_sha="f" * 40), "serves commit ffffffffffff, not 0123456789ab"),
        (OpenAIServer(last_line, models=["acme/a", "acme/b"]), "serves acme/a, acme/b, not acme/tiny"),
    ],
)
def test_a_server_of_another_model_is_never_asked(server: Server, says: str, settings: Settings) -> None:
    with pytest.raises(PassingFault, match=says) as caught, opened(server, settings):
        raise AssertionError("it opened")
    assert caught.value.code is FailureCode.ENDPOINT_ERROR and server.faults.requests == 0


def test_a_name_in_another_case_is_the_same_model(settings: Settings) -> None:
    with opened(TgiServer(last_line, model_id="ACME/Tiny"), settings) as client:
        assert client.facts["endpoint_model"] == "ACME/Tiny"


class Witness:
    """Passes everything on and remembers the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await self.app(scope, receive, send)


@pytest.mark.parametrize("token", [None, "endpoint-key"])
@pytest.mark.parametrize("dialect", ["tgi-generate", "tgi-chat", "openai", "completions"])
def test_the_machines_own_token_is_never_sent(dialect: str, token: str | None, settings: Settings) -> None:
    kept = Path(constants.HF_TOKEN_PATH)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("hf_machineownsecret")
    try:
        witness = Witness(DIALECTS[dialect][0]().app())
        with (
            serve(witness) as url,
            ENGINE.open(served(url), changed(settings, endpoint_token=token), Event()) as client,
        ):
            assert_answers_all(client, prompts(2))
    finally:
        kept.unlink()
    assert len(witness.headers) > 3 and "hf_machineownsecret" not in str(witness.headers)
    sent = {one.get("authorization") for one in witness.headers}
    assert sent == {f"Bearer {token}"} if token else sent <= {None, "Bearer none"}


def test_a_real_model_behind_tgi_and_vllm_writes_the_same(tiny_model: Path, settings: Settings) -> None:
    texts = []
    for server in (TgiServer(tiny_model), OpenAIServer(tiny_model)):
        with opened(server, settings) as client:
            found = assert_answers_all(client, prompts(4, new=6))
            texts.append({name: one.text for name, one in found.items()})
    assert texts[0] == texts[1] and any(texts[0].values())


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h:1", ("http://h:1", None)),
        ("http://h:1/", ("http://h:1", None)),
        ("https://h/v1", ("https://h", "chat")),
        ("https://h/v1/", ("https://h", "chat")),
        ("https://h/base/v1/chat/completions", ("https://h/base", "chat")),
        ("http://h/generate", ("http://h", "generate")),
        ("http://h/v1/completions", ("http://h", "completions")),
    ],
)
def test_a_url_may_name_its_dialect(url: str, parts: tuple[str, str | None]) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize(
    "url", ["", "h:1", "ftp://h", "file:///etc/passwd", "http://", "//h/v1", "http://[", "http://h:x"]
)
def test_what_is_no_http_url_is_refused(url: str, settings: Settings) -> None:
    with pytest.raises(UsageError, match="not an endpoint"), ENGINE.open(served(url), settings, Event()):
        raise AssertionError("it opened")


def test_the_engine_needs_a_url_and_lets_text_leave(settings: Settings) -> None:
    with pytest.raises(UsageError, match="needs the endpoint's URL"), ENGINE.open(local(Path()), settings, Event()):
        raise AssertionError("it opened")
    assert not ENGINE.keeps_text_home


def test_the_estimate_of_tokens_is_no_less_than_words() -> None:
    for one in prompts():
        words = sum(len(turn.content.split()) for turn in one.messages)
        assert estimate_tokens(one.messages) > words > 0
    assert len(QUESTIONS) == 12
