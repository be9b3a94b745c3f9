"""What is found out about a server before it is asked, and a run in which much goes wrong."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from threading import enumerate as threads
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from backend.domain import Finish, Message, ModelSource, Role
from backend.engines.endpoint import ENGINE
from backend.engines.served.counting import estimate_tokens
from backend.engines.served.rendering import tokenizer_folder
from backend.errors import FailureCode, ModelFault, PassingFault
from backend.settings import Settings
from tests.backend.asking import SHA, assert_answers_all, changed, local, prompt, prompts, served
from tests.backend.dialects import expected, last_line, opened
from tests.loopback.faults import Fault, FaultKind
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import ChatTemplate, tiny_llama
from tests.loopback.openai import OpenAIServer
from tests.loopback.serving import serve
from tests.loopback.tgi import TgiServer


def test_a_run_in_which_much_goes_wrong_ends_with_one_answer_for_every_prompt(settings: Settings) -> None:
    """Of the requests 5 % are refused with 429, 2 % fail with 500 and 1 % never end."""
    server = OpenAIServer(last_line, max_model_len=10**6)
    asked = prompts(300, new=150)
    with opened(server, changed(settings, endpoint_timeout=1), "/v1") as client:
        server.faults.every = {
            100: Fault(FaultKind.HANG, seconds=3600),
            50: Fault(FaultKind.SERVER_ERROR),
            20: Fault(FaultKind.RATE_LIMITED),
        }
        found = assert_answers_all(client, asked)
    assert all(found[one.example_id].text.split() == expected(one).split() for one in asked)
    assert server.faults.requests > 315


def test_what_is_asked_again_holds_nobody_up(settings: Settings) -> None:
    """With one request in flight at a time, those refused wait while all the others are answered."""
    server = OpenAIServer(last_line)
    with opened(server, changed(settings, endpoint_concurrency=1), "/v1") as client:
        server.faults.first = [Fault(FaultKind.SERVER_ERROR)]
        order = [prediction.example_id for prediction in client.complete(prompts(5))]
    assert order[0] == "q-1" and sorted(order) == [f"q-{number}" for number in range(5)]


def test_a_hanging_request_holds_its_own_place_only(settings: Settings) -> None:
    server = OpenAIServer(last_line)
    with opened(server, changed(settings, endpoint_concurrency=2), "/v1") as client:
        server.faults.first = [Fault(FaultKind.HANG, seconds=3600)]
        answers = client.complete(prompts(12))
        found = [next(answers).example_id for _ in range(11)]
    # Either of the first two may have reached the server first.
    assert found in ([f"q-{number}" for number in range(12) if number != hung] for hung in (0, 1))


def test_refusals_for_want_of_room_are_no_attempts_while_others_are_answered(settings: Settings) -> None:
    """The first prompt is refused nine times, between answers to others."""
    server = OpenAIServer(last_line)
    full = Fault(FaultKind.RATE_LIMITED)
    with opened(server, changed(settings, endpoint_concurrency=1), "/v1") as client:
        server.faults.every = {2: full}
        found = assert_answers_all(client, prompts(40))
    assert len(found) == 40


def test_nothing_is_left_running_behind_a_closed_endpoint(settings: Settings) -> None:
    server = OpenAIServer(last_line)
    with opened(server, settings, "/v1") as client:
        server.faults.always = Fault(FaultKind.HANG, seconds=3600)
        answers = client.complete(prompts(3))
        server.faults.always = None
        next(answers)
    assert not [thread for thread in threads() if thread.name == "endpoint"]


def _app(told: Mapping[str, Any], *, busy: bool = False, silent: str = "") -> Starlette:
    """A server that speaks chats and tells so much at so many addresses.

    Where it is busy it refuses the first request to each of them, and at the silent one it never answers.
    """
    seen: set[str] = set()

    async def tell(request: Request) -> JSONResponse:
        if request.url.path == silent:
            await asyncio.sleep(3600)
        if busy and request.url.path not in seen:
            seen.add(request.url.path)
            return JSONResponse({}, 503, {"Retry-After": "0.001"})
        body = told.get(request.url.path)
        return JSONResponse(body if body is not None else {}, 200 if body is not None else 404)

    async def chat(request: Request) -> JSONResponse:
        return JSONResponse(
            {"choices": [{"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]}
        )

    routes = [
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/{path:path}", tell, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes)


VLLM = {
    "/v1/models": {"data": [{"id": "acme/tiny", "owned_by": "vllm", "max_model_len": 8192}]},
    "/version": {"version": "0.11.2"},
    "/tokenize": {"count": 5000, "max_model_len": 8192, "tokens": [1]},
}
SGLANG = {
    "/v1/models": {"data": [{"id": "acme/tiny", "owned_by": "sglang"}]},
    "/get_server_info": {"version": "0.5.5", "context_length": None, "max_req_input_len": 8186},
}
LLAMA_CPP = {
    "/v1/models": {"data": [{"id": "/models/tiny.gguf", "owned_by": "llamacpp"}]},
    "/props": {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 4, "build_info": "b8681"},
    "/apply-template": {"prompt": "<s>hello"},
    "/tokenize": {"tokens": [*range(3000)]},
}


@pytest.mark.parametrize(
    ("told", "version", "window", "counts"),
    [
        (VLLM, "vllm 0.11.2", 8192, "server"),
        (SGLANG, "SGLang 0.5.5", 8186, "estimate"),
        (LLAMA_CPP, "llama.cpp b8681", 4096, "server"),
        ({}, None, None, "estimate"),
    ],
    ids=["vllm", "sglang", "llama.cpp", "unknown"],
)
def test_a_server_is_asked_for_its_own_limit(
    told: Mapping[str, Any], version: str | None, window: int | None, counts: str, settings: Settings
) -> None:
    with serve(_app(told)) as url, ENGINE.open(served(url), settings, Event()) as client:
        assert (client.facts["engine_version"], client.window.tokens) == (version, window)
        assert (client.facts["token_counts"], client.facts["template"]) == (counts, "server")


@pytest.mark.parametrize("told", [VLLM, SGLANG, LLAMA_CPP], ids=["vllm", "sglang", "llama.cpp"])
def test_a_moment_without_room_changes_nothing_of_what_is_found_out(
    told: Mapping[str, Any], settings: Settings
) -> None:
    facts = []
    for busy in (False, True):
        with serve(_app(told, busy=busy)) as url, ENGINE.open(served(url), settings, Event()) as client:
            facts.append(dict(client.facts))
    assert facts[0] == facts[1]


def test_a_server_that_never_counts_does_not_hold_up_the_opening(settings: Settings) -> None:
    hasty = changed(settings, endpoint_timeout=0.5)
    with (
        serve(_app(VLLM, silent="/tokenize")) as url,
        pytest.raises(PassingFault, match="Late"),
        ENGINE.open(served(url), hasty, Event()),
    ):
        raise AssertionError("it opened")


def test_tokens_are_counted_by_the_server_where_an_estimate_does_not_settle_it(settings: Settings) -> None:
    short, near, far = ([Message(Role.USER, "x" * 3 * tokens)] for tokens in (100, 4000, 20_000))
    with serve(_app(LLAMA_CPP)) as url, ENGINE.open(served(url), settings, Event()) as client:
        assert client.window.count(short) == estimate_tokens(short)
        assert client.window.count(near) == 3000
        assert client.window.count(far) == estimate_tokens(far)


@pytest.mark.parametrize("path", ["", "/v1"])
@pytest.mark.parametrize("make", [TgiServer, OpenAIServer])
def test_a_template_without_a_system_role_gets_the_instruction_in_the_first_turn(
    make: type[TgiServer] | type[OpenAIServer], path: str, tmp_path: Path, settings: Settings
) -> None:
    server = make(tiny_llama(tmp_path, system_role=False))
    with opened(server, settings, path) as client:
        assert client.facts["template"] == "server_system_merged"
        assert_answers_all(client, prompts(2, new=4))
    first, *_ = server.bodies[-1]["messages"]
    assert first["role"] == "user" and first["content"].startswith("You are a careful doctor.")


def test_a_text_is_written_with_the_models_own_template_where_its_files_are_at_hand(
    tiny_model: Path, settings: Settings
) -> None:
    """So /generate, /v1/completions and a chat, in which the server writes it, get the same answers."""
    texts = {}
    for path in ("/generate", "/v1/completions", "/v1/chat/completions"):
        server = TgiServer(tiny_model) if path == "/generate" else OpenAIServer(tiny_model)
        with server.serving() as url:
            source = replace(served(url + path), folder=tiny_model)
            with ENGINE.open(source, settings, Event()) as client:
                found = assert_answers_all(client, prompts(3, new=6))
                assert client.facts["template"] == ("server" if "chat" in path else "chat")
                assert ("template_sha256" in client.facts) is ("chat" not in path)
            texts[path] = {name: one.text for name, one in found.items()}
    assert texts["/generate"] == texts["/v1/completions"] == texts["/v1/chat/completions"]


def test_a_template_that_fails_is_the_models_fault(tmp_path: Path, settings: Settings) -> None:
    folder = tiny_llama(tmp_path, chat_template=ChatTemplate.HOSTILE)
    with OpenAIServer(last_line).serving() as url:
        source = replace(served(f"{url}/v1/completions"), folder=folder)
        with pytest.raises(ModelFault) as caught, ENGINE.open(source, settings, Event()):
            raise AssertionError("it opened")
    assert caught.value.code is FailureCode.TEMPLATE_ERROR


def test_a_tokenizer_that_does_not_load_is_the_models_fault_and_no_plain_text(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with OpenAIServer(last_line).serving() as url:
        source = replace(served(f"{url}/v1/completions"), folder=tmp_path)
        with pytest.raises(ModelFault) as caught, ENGINE.open(source, settings, Event()):
            raise AssertionError("it opened")
    assert caught.value.code is FailureCode.NO_TOKENIZER


def test_a_hub_that_is_away_for_now_does_not_turn_a_template_into_plain_text(
    hub: LoopbackHub, tmp_path: Path, settings: Settings
) -> None:
    assert tokenizer_folder(ModelSource(hub_id="acme/tiny", revision="main"), settings) is None
    assert tokenizer_folder(local(tmp_path), settings) is None
    hub.ailing["acme/tiny"] = 503
    with pytest.raises(PassingFault):
        tokenizer_folder(ModelSource(hub_id="acme/tiny", revision=SHA), settings)


def test_a_base_model_is_asked_in_plain_text_and_stops_at_its_turn(settings: Settings) -> None:
    server = OpenAIServer(lambda text: "yes\n\n### Input\nand more", has_chat=False)
    with opened(server, settings) as client:
        (found,) = client.complete([prompt(0, "Is it?")])
        assert client.facts["template"] == "plain"
    assert (found.text, found.finish) == ("yes", Finish.STOP)
    assert server.bodies[-1]["stop"] == ["\n\n### "] and server.bodies[-1]["temperature"] == 0
