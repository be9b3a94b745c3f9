"""Every fault of a server is survived or said: no answer is lost, doubled, swapped or made up."""

from collections.abc import Callable
from contextlib import ExitStack
from threading import Barrier, Condition, Event, Thread
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from backend.domain import Finish
from backend.engines.endpoint import ENGINE, PROBE
from backend.errors import FailureCode, Halted, KeyRefused, PassingFault
from backend.settings import Settings
from tests.backend.asking import assert_answers_all, changed, prompt, prompts, served
from tests.backend.dialects import DIALECTS, DIRECT, Server, expected, last_line, opened
from tests.loopback.faults import Fault, FaultKind
from tests.loopback.openai import OpenAIServer
from tests.loopback.serving import serve
from tests.loopback.tgi import TgiServer

TRANSIENT = [
    Fault(FaultKind.RATE_LIMITED, seconds=0),
    Fault(FaultKind.SERVER_ERROR),
    Fault(FaultKind.UNAVAILABLE, seconds=0),
    Fault(FaultKind.RESET),
    Fault(FaultKind.TRUNCATED),
    Fault(FaultKind.HTML),
    Fault(FaultKind.NO_CHOICES),
    Fault(FaultKind.NULL_CONTENT),
    Fault(FaultKind.WRONG_SCHEMA),
    Fault(FaultKind.INVALID_UTF8),
    Fault(FaultKind.DRIP, seconds=0),
]


@pytest.mark.parametrize("dialect", DIRECT)
@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: fault.kind.name.lower())
def test_a_passing_fault_is_survived_and_every_answer_is_there_once(
    dialect: str, fault: Fault, settings: Settings
) -> None:
    make, path = DIALECTS[dialect]
    server = make()
    with opened(server, settings, path) as client:
        server.faults.every = {3: fault}
        asked = prompts(9, new=150)
        found = assert_answers_all(client, asked)
    assert all(found[one.example_id].text.split() == expected(one).split() for one in asked)
    assert server.faults.requests >= 9 + (fault.kind is not FaultKind.DRIP)


@pytest.mark.parametrize("dialect", ["tgi-chat", "openai"])
def test_faults_at_the_first_look_are_survived(dialect: str, settings: Settings) -> None:
    server = DIALECTS[dialect][0]()
    server.faults.first = [Fault(FaultKind.SERVER_ERROR), Fault(FaultKind.RESET), Fault(FaultKind.HTML)]
    with opened(server, settings) as client:
        assert client.facts["template"] == "server"
        assert_answers_all(client, prompts(2))


@pytest.mark.parametrize(
    ("dialect", "kind"),
    [
        ("openai-by-url", FaultKind.UNAVAILABLE),
        ("openai-by-url", FaultKind.NULL_CONTENT),
        ("tgi-generate-by-url", FaultKind.UNAVAILABLE),
        ("tgi-generate-by-url", FaultKind.NO_CHOICES),
    ],
)
def test_a_lasting_fault_is_an_endpoint_error(dialect: str, kind: FaultKind, settings: Settings) -> None:
    make, path = DIALECTS[dialect]
    server = make()
    with opened(server, changed(settings, endpoint_concurrency=1), path) as client:
        server.faults.always = Fault(kind)
        with pytest.raises(PassingFault) as caught:
            list(client.complete([prompt(0, "canary-premise")]))
    assert caught.value.code is FailureCode.ENDPOINT_ERROR
    assert "canary" not in str(caught.value) and server.faults.requests == 5


@pytest.mark.parametrize(
    ("dialect", "fault"),
    [
        ("openai-by-url", Fault(FaultKind.HANG, seconds=3600)),
        ("tgi-generate-by-url", Fault(FaultKind.DRIP, seconds=0.05)),
    ],
)
def test_an_answer_must_be_here_in_time_however_slowly_it_drips(dialect: str, fault: Fault, settings: Settings) -> None:
    make, path = DIALECTS[dialect]
    server = make()
    with opened(server, changed(settings, endpoint_timeout=0.2), path) as client:
        server.faults.always = fault
        with pytest.raises(PassingFault) as caught:
            list(client.complete([prompt(0, "canary-premise")]))
    assert caught.value.code is FailureCode.ENDPOINT_ERROR and server.faults.requests == 5


@pytest.mark.parametrize("dialect", DIRECT)
def test_a_key_that_is_refused_is_the_operators_and_asked_with_once(dialect: str, settings: Settings) -> None:
    make, path = DIALECTS[dialect]
    server = make()
    with opened(server, settings, path) as client:
        server.faults.always = Fault(FaultKind.UNAUTHORISED)
        with pytest.raises(KeyRefused, match="CLUE_ENDPOINT_TOKEN") as caught:
            list(client.complete([prompt(0, "canary-premise")]))
    assert "key" in caught.value.public and server.faults.requests == 1


def test_a_server_that_stays_overloaded_is_left_alone_as_long_as_it_asks(settings: Settings) -> None:
    """The last of five refusals decides; the others ask for nothing, so that the test is quick."""
    server = OpenAIServer(last_line)
    with opened(server, settings, "/v1") as client:
        server.faults.first = [*[Fault(FaultKind.RATE_LIMITED)] * 4, Fault(FaultKind.RATE_LIMITED, seconds=123)]
        with pytest.raises(PassingFault, match="429") as caught:
            list(client.complete([prompt(0, "Is it?")]))
    assert caught.value.retry_after == 123


def test_answers_that_arrive_in_another_order_stay_with_their_prompts(settings: Settings) -> None:
    """The server holds the first four and answers the last of them first."""
    everyone, turn = Barrier(4), Condition()
    arrived: list[str] = []
    answered: list[str] = []

    def answer_in_reverse(text: str) -> str:
        if text == PROBE.messages[-1].content:
            return "yes"
        arrived.append(text)
        everyone.wait(60)
        with turn:
            turn.wait_for(lambda: [*reversed(arrived)][len(answered)] == text, 60)
            answered.append(text)
            turn.notify_all()
        return last_line(text)

    asked = prompts(4, new=150)
    with opened(OpenAIServer(answer_in_reverse), changed(settings, endpoint_concurrency=4), "/v1") as client:
        found = assert_answers_all(client, asked)
    assert answered == arrived[::-1]
    assert all(found[one.example_id].text.split() == expected(one).split() for one in asked)


@pytest.mark.parametrize(
    ("text", "kept", "finish"),
    [
        ("", "", Finish.STOP),
        (" \n\t", " \n\t", Finish.STOP),
        ("x" * 5_000_000, "x" * 12 * 64, Finish.LENGTH),
    ],
    ids=["empty", "blank", "5MB"],
)
@pytest.mark.parametrize(("make", "path"), [(TgiServer, "/generate"), (OpenAIServer, "/v1")])
def test_an_answer_is_kept_as_it_is_up_to_what_could_be_asked_for(
    make: Callable[..., Server], path: str, text: str, kept: str, finish: Finish, settings: Settings
) -> None:
    """The server's limit is of no use here: it takes one word, however long, for one token."""
    with opened(make(lambda _: text), settings, path) as client:
        (found,) = client.complete([prompt(0, "Is it?", new=12)])
    assert (found.text, found.finish) == (kept, finish)


def test_a_retry_waits_as_long_as_the_server_says(settings: Settings) -> None:
    """With a halt instead of a clock: while the client waits out Retry-After, nothing more is asked."""
    server, halt = OpenAIServer(last_line), Event()
    with opened(server, settings, "/v1", halt) as client:
        server.faults.first = [Fault(FaultKind.RATE_LIMITED, seconds=50)]
        answers: list[Any] = []
        failed: list[BaseException] = []

        def ask() -> None:
            try:
                answers.extend(client.complete([prompt(0, "Is it?")]))
            except Halted as error:
                failed.append(error)

        asker = Thread(target=ask)
        asker.start()
        Event().wait(2.5)  # a jittered wait of its own would be over: its first is half a second at most
        assert server.faults.requests == 1 and asker.is_alive()
        halt.set()
        asker.join(30)
    assert failed and not answers and server.faults.requests == 1


@pytest.mark.parametrize("stage", ["opening", "asking"])
def test_a_halt_does_not_wait_for_a_server_that_hangs(stage: str, settings: Settings) -> None:
    server, halt = OpenAIServer(last_line), Event()
    hang = Fault(FaultKind.HANG, seconds=3600)

    def halt_when_asked() -> None:
        while not server.faults.running:
            halt.wait(0.01)
        halt.set()

    server.faults.always = hang if stage == "opening" else None
    waiter = Thread(target=halt_when_asked, daemon=True)
    with server.serving() as url:
        if stage == "opening":
            waiter.start()
            with pytest.raises(Halted), ENGINE.open(served(url), settings, halt):
                raise AssertionError("it opened")
        else:
            with ENGINE.open(served(url), settings, halt) as client:
                server.faults.always = hang
                waiter.start()
                with pytest.raises(Halted):
                    list(client.complete(prompts(3)))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.0.0.1:1/v1", "http://127.0.0.1:1/generate"])
def test_an_endpoint_that_is_down_is_an_endpoint_error(url: str, settings: Settings) -> None:
    with pytest.raises(PassingFault, match="cannot be reached") as caught, ENGINE.open(served(url), settings, Event()):
        raise AssertionError("it opened")
    assert caught.value.code is FailureCode.ENDPOINT_ERROR


def test_a_server_that_goes_away_in_the_middle_is_an_endpoint_error(settings: Settings) -> None:
    server = OpenAIServer(last_line)
    with ExitStack() as life:
        url = life.enter_context(server.serving())
        with ENGINE.open(served(f"{url}/v1"), settings, Event()) as client:
            assert_answers_all(client, prompts(1))
            life.close()
            with pytest.raises(PassingFault) as caught:
                list(client.complete(prompts(1)))
    assert caught.value.code is FailureCode.ENDPOINT_ERROR


@pytest.mark.parametrize(
    "reply",
    ["<!doctype html>", "[]", '{"model_id": 5}', '{"data": [1]}', '{"model_id": "acme/tiny", "max_total_tokens": "x"}'],
)
def test_a_server_that_is_something_else_is_an_endpoint_error(reply: str, settings: Settings) -> None:
    async def answer(request: Any) -> PlainTextResponse:
        return PlainTextResponse(reply, 200 if request.method == "GET" else 404)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    with serve(app) as url, pytest.raises(PassingFault) as caught, ENGINE.open(served(url), settings, Event()):
        raise AssertionError("it opened")
    assert caught.value.code is FailureCode.ENDPOINT_ERROR


def test_a_model_that_reasoned_until_its_tokens_were_spent_has_answered_nothing(settings: Settings) -> None:
    server = OpenAIServer(last_line)
    with opened(server, settings, "/v1") as client:
        server.faults.always = Fault(FaultKind.NULL_CONTENT)
        (spent,) = client.complete([prompt(0, "one two three four five six", new=3)])
    assert (spent.text, spent.finish, server.faults.requests) == ("", Finish.LENGTH, 1)


def test_a_key_opens_the_endpoint_and_none_does_not(settings: Settings) -> None:
    server = OpenAIServer(last_line, api_key="endpoint-key")
    with opened(server, changed(settings, endpoint_token="endpoint-key")) as client:
        assert_answers_all(client, prompts(2))
    with pytest.raises(KeyRefused, match="401"), opened(OpenAIServer(last_line, api_key="k"), settings):
        raise AssertionError("it opened")
