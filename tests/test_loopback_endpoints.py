"""The loopback inference servers are held against the real InferenceClient, good days and bad."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from huggingface_hub import InferenceClient, TextGenerationOutput
from huggingface_hub.errors import HfHubHTTPError, ValidationError

from tests.loopback.faults import Fault, FaultKind
from tests.loopback.models import tiny_llama
from tests.loopback.openai import OpenAIServer
from tests.loopback.tgi import TgiServer

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is there a fever?"}]
CHAT = {"model": "acme/tiny", "messages": MESSAGES, "max_tokens": 8}


def _echo(prompt: str) -> str:
    return f"You said: {prompt}"


@contextmanager
def _openai_url(server: OpenAIServer) -> Iterator[str]:
    with server.serving() as url:
        yield f"{url}/v1/chat/completions"


def _continue(url: str, prompt: str, stop: list[str] | None = None, tokens: int = 8) -> TextGenerationOutput:
    return InferenceClient(model=url).text_generation(prompt, details=True, max_new_tokens=tokens, stop=stop)


def test_text_generation_gets_text_and_details() -> None:
    server = TgiServer(_echo)
    with server.serving() as url:
        whole = _continue(url, "yes or no")
        at_generate = _continue(f"{url}/generate", "yes or no")
        cut = _continue(url, "yes or no", tokens=2)
        stopped = _continue(url, "yes or no", stop=[" or"])
    assert whole == at_generate and whole.generated_text == "You said: yes or no"
    assert whole.details is not None and cut.details is not None and stopped.details is not None
    assert (whole.details.finish_reason, whole.details.generated_tokens) == ("eos_token", 5)
    assert (cut.generated_text, cut.details.finish_reason) == ("You said:", "length")
    assert (stopped.generated_text, stopped.details.finish_reason) == ("You said: yes or", "stop_sequence")
    assert server.bodies[0]["inputs"] == "yes or no" and server.bodies[0]["parameters"]["max_new_tokens"] == 8


def test_a_tgi_server_says_what_it_serves() -> None:
    with TgiServer(_echo, model_id="acme/other", max_total_tokens=512).serving() as url:
        assert httpx.get(f"{url}/health").status_code == 200
        info = httpx.get(f"{url}/info").json()
    assert (info["model_id"], info["version"], info["max_total_tokens"]) == ("acme/other", "3.3.7", 512)
    assert len(info["model_sha"]) == 40


def test_a_prompt_that_does_not_fit_is_refused_as_validation() -> None:
    with TgiServer(_echo, max_input_tokens=3, max_total_tokens=10).serving() as url:
        with pytest.raises(ValidationError, match="must have less than 3 tokens. Given: 4"):
            _continue(url, "one two three four")
        with pytest.raises(ValidationError, match=r"must be <= 10. Given: 3 `inputs` tokens and 8 "):
            _continue(url, "one two three")


@pytest.mark.parametrize("chosen", [TgiServer, OpenAIServer])
def test_chat_completion_gets_an_answer_with_usage(chosen: Callable[..., TgiServer | OpenAIServer]) -> None:
    server = chosen(_echo)
    with server.serving() as url:
        client = InferenceClient(base_url=f"{url}/v1")
        whole = client.chat_completion(MESSAGES, model="acme/tiny", max_tokens=20)
        cut = client.chat_completion(MESSAGES, model="acme/tiny", max_tokens=2)
    assert whole.choices[0].message.content == "You said: Is there a fever?"
    assert (whole.choices[0].finish_reason, cut.choices[0].finish_reason) == ("stop", "length")
    assert (whole.usage.completion_tokens, cut.usage.completion_tokens) == (6, 2)
    assert server.bodies[0]["messages"] == MESSAGES


def test_a_tgi_server_without_a_template_refuses_chats() -> None:
    with TgiServer(_echo, has_chat=False).serving() as url:
        with pytest.raises(HfHubHTTPError) as caught:
            InferenceClient(base_url=f"{url}/v1").chat_completion(MESSAGES, model="acme/tiny")
        said = httpx.post(f"{url}/v1/chat/completions", json=CHAT).json()
        assert _continue(url, "still").generated_text == "You said: still"
    assert caught.value.response.status_code == 422
    assert said == {"error": "Template error: template not found", "error_type": "template_error"}


def test_an_openai_server_lists_its_models_and_knows_no_others() -> None:
    with OpenAIServer(_echo, models=["acme/a", "acme/b"], max_model_len=32).serving() as url:
        listed = httpx.get(f"{url}/v1/models").json()["data"]
        assert [(one["id"], one["max_model_len"]) for one in listed] == [("acme/a", 32), ("acme/b", 32)]
        client = InferenceClient(base_url=f"{url}/v1")
        with pytest.raises(HfHubHTTPError, match="does not exist"):
            client.chat_completion(MESSAGES)  # with a base_url and no model the client asks for "dummy"
        with pytest.raises(HfHubHTTPError, match="maximum context length is 32"):
            client.chat_completion(MESSAGES, model="acme/a", max_tokens=40)


def test_strangers_are_refused_where_a_key_is_set() -> None:
    for server in (TgiServer(_echo, api_key="k-1"), OpenAIServer(_echo, api_key="k-1")):
        with server.serving() as url:
            assert httpx.get(f"{url}/v1/models").status_code == 401
            client = InferenceClient(base_url=f"{url}/v1", api_key="k-1")
            assert client.chat_completion(MESSAGES, model="acme/tiny").choices


def test_a_real_model_answers_behind_both_protocols(tiny_model: Path, tmp_path: Path) -> None:
    texts = []
    for server in (TgiServer(tiny_model), OpenAIServer(tiny_model)):
        with server.serving() as url:
            client = InferenceClient(base_url=f"{url}/v1")
            chat = client.chat_completion(MESSAGES, model="acme/tiny", max_tokens=6)
            texts.append(chat.choices[0].message.content)
            assert 0 < chat.usage.completion_tokens <= 6 < chat.usage.prompt_tokens
    assert texts[0] == texts[1] and texts[0]
    strict = tiny_llama(tmp_path, system_role=False)
    for refusing in (TgiServer(strict), OpenAIServer(strict)):
        with refusing.serving() as url, pytest.raises(HfHubHTTPError, match="System role not supported|422"):
            InferenceClient(base_url=f"{url}/v1").chat_completion(MESSAGES, model="acme/tiny")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.RATE_LIMITED, 429),
        (FaultKind.UNAUTHORISED, 401),
        (FaultKind.SERVER_ERROR, 500),
        (FaultKind.UNAVAILABLE, 503),
    ],
)
def test_a_fault_with_a_status_comes_once_and_is_gone(kind: FaultKind, status: int) -> None:
    server = OpenAIServer(_echo)
    server.faults.first = [Fault(kind, seconds=2)]
    with _openai_url(server) as url:
        refused, answered = (httpx.post(url, json=CHAT) for _ in range(2))
    assert (refused.status_code, answered.status_code) == (status, 200)
    assert refused.headers.get("Retry-After") == ("2" if status in (429, 503) else None)
    assert server.faults.requests == len(server.bodies) == 2


def test_every_third_request_meets_the_fault() -> None:
    server = OpenAIServer(_echo)
    server.faults.every = {3: Fault(FaultKind.SERVER_ERROR)}
    with _openai_url(server) as url:
        statuses = [httpx.post(url, json=CHAT).status_code for _ in range(7)]
    assert statuses == [200, 200, 500, 200, 200, 500, 200]


def test_a_reset_is_a_broken_connection_and_the_next_request_works() -> None:
    server = OpenAIServer(_echo)
    server.faults.first = [Fault(FaultKind.RESET)]
    with _openai_url(server) as url:
        with pytest.raises(httpx.NetworkError, match="(?i)reset"):
            httpx.post(url, json=CHAT)
        assert httpx.post(url, json=CHAT).status_code == 200


def test_hanging_and_dripping_outlast_a_patient_client_only() -> None:
    server = OpenAIServer(_echo)
    with _openai_url(server) as url:
        server.faults.always = Fault(FaultKind.HANG, seconds=0.5)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url, json=CHAT, timeout=0.1)
        assert httpx.post(url, json=CHAT).status_code == 200
        server.faults.always = Fault(FaultKind.DRIP, seconds=0.001)
        began = time.monotonic()
        dripped = httpx.post(url, json=CHAT, timeout=0.5)
        assert dripped.json()["choices"] and time.monotonic() - began > 0.3
    assert server.faults.running == 0


def test_a_hang_of_an_hour_does_not_outlive_its_server() -> None:
    server = OpenAIServer(_echo)
    server.faults.always = Fault(FaultKind.HANG, seconds=3600)
    began = time.monotonic()
    with _openai_url(server) as url, pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=CHAT, timeout=0.1)
    assert time.monotonic() - began < 3
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, json=CHAT)


def test_spoiled_bodies_come_with_200() -> None:
    tgi, openai = TgiServer(_echo), OpenAIServer(_echo)
    with tgi.serving() as plain, _openai_url(openai) as chat:

        def ask_both(kind: FaultKind) -> list[httpx.Response]:
            tgi.faults.always = openai.faults.always = Fault(kind)
            answers = [httpx.post(chat, json=CHAT), httpx.post(f"{plain}/generate", json={"inputs": "a"})]
            assert [answer.status_code for answer in answers] == [200, 200]
            return answers

        for kind in (FaultKind.TRUNCATED, FaultKind.HTML, FaultKind.INVALID_UTF8):
            for answer in ask_both(kind):
                with pytest.raises(ValueError):
                    answer.json()
        assert ask_both(FaultKind.HTML)[0].headers["Content-Type"].startswith("text/html")
        assert [answer.json().get("choices") for answer in ask_both(FaultKind.WRONG_SCHEMA)] == [None, None]
        chosen, continued = (answer.json() for answer in ask_both(FaultKind.NO_CHOICES))
        assert (chosen["choices"], continued) == ([], [])
        chosen, continued = (answer.json() for answer in ask_both(FaultKind.NULL_CONTENT))
        assert chosen["choices"][0]["message"]["content"] is None and continued["generated_text"] is None


def test_the_peak_counts_requests_in_work_at_once() -> None:
    barrier = threading.Barrier(5)

    def wait_for_all(prompt: str) -> str:
        barrier.wait(timeout=5)
        return prompt

    server = OpenAIServer(wait_for_all)
    with _openai_url(server) as url:
        askers = [threading.Thread(target=httpx.post, args=(url,), kwargs={"json": CHAT}) for _ in range(5)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join(10)
    assert (server.faults.peak, server.faults.requests, server.faults.running) == (5, 5, 0)
