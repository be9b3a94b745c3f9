"""Asks a model that is served elsewhere: TGI's /generate, or any OpenAI-compatible /v1/chat/completions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from functools import partial
from itertools import islice
from threading import Event, Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, TextGenerationError, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from backend.domain import Edition, Engine, Finish, Message, ModelSource, Prediction, Prompt, Role, Window
from backend.engines.answers import prediction_of
from backend.errors import ClueError, FailureCode, Halted, KeyRefused, PassingFault, UsageError
from backend.hub.faults import seconds_asked_for
from backend.prompting import PLAIN_TURN_END, before_turn_end, plain_text
from backend.settings import Settings

ATTEMPTS = 5
LONGEST_WAIT = 60.0
POLL_SECONDS = 0.2
PROBE_SECONDS = 10
NO_TOKEN = "none"  # the client would send this machine's Hub token in its place
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
REFUSING = frozenset({400, 413, 422})
UNAUTHORISED = frozenset({401, 403})
TOO_LONG = (
    *("context length", "context_length", "context size", "maximum context", "too long"),
    *("must have less than", "max_new_tokens", "max_total_tokens", "input tokens"),
)
PROBE = Prompt(example_id="probe", messages=(Message(Role.USER, "Is water wet?"),), max_new_tokens=1)


class Unusable(Exception):
    """The server answered 200 with something that is not an answer."""


# The last four are what the client stumbles with over a reply of another shape.
FAULTS = (
    *(TextGenerationError, InferenceTimeoutError, httpx2.HTTPError, Unusable),
    *(ValueError, TypeError, LookupError, AttributeError),
)
Made = TypeVar("Made")


class Endpoint:
    """An endpoint found to be up, with the dialect it speaks."""

    def __init__(self, source: ModelSource, settings: Settings, halt: Event) -> None:
        assert source.url is not None
        self._source, self._settings, self._halt = source, settings, halt
        self._root, dialect = split_url(source.url)
        self._client = InferenceClient(
            base_url=self._root, token=settings.endpoint_token or NO_TOKEN, timeout=settings.endpoint_timeout
        )
        served = describe(self._root, settings, source.hub_id)
        _check_same_model(source, served)
        self._ask, template = self._choose(dialect)
        self.window = Window(served.get("window"), estimate_tokens)
        self.facts: Mapping[str, str | int | float | None] = {
            "engine_version": served.get("version"),
            "endpoint_model": served.get("model"),
            "endpoint_sha": served.get("sha"),
            "template": template,
            "window": served.get("window"),
        }

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """Predictions as they arrive, with bounded concurrency; the first request to fail for good raises."""
        queue = iter(prompts)
        flying: set[Future[Prediction]] = set()
        while True:
            room = self._settings.endpoint_concurrency - len(flying)
            flying |= {in_background(partial(self._complete_one, prompt)) for prompt in islice(queue, room)}
            if not flying:
                return
            landed, flying = wait_unless_halted(flying, self._halt)
            for future in landed:
                yield future.result()

    def _complete_one(self, prompt: Prompt) -> Prediction:
        try:
            return patiently(lambda: self._ask(prompt), self._halt, self._settings.endpoint_timeout)
        except HfHubHTTPError as error:
            if error.response.status_code not in REFUSING or not _says_too_long(error.response.text):
                raise _failed(error) from None
        except ValidationError as error:
            if not _says_too_long(str(error)):
                raise _failed(error) from None
        except FAULTS as error:
            raise _failed(error) from None
        return prediction_of(prompt, "", Finish.REFUSED)

    def _choose(self, dialect: str | None) -> tuple[Callable[[Prompt], Prediction], str]:
        """The way of asking that works, tried with one token unless the URL names it, and what it does to templates."""
        ways = {"chat": (self._chat, "server"), "generate": (self._generate, "plain")}
        if dialect:
            return ways[dialect]
        for way, template in ways.values():
            try:
                patiently(partial(way, PROBE), self._halt, self._settings.endpoint_timeout)
            except HfHubHTTPError as error:
                if error.response.status_code not in {400, 404, 405, 422}:
                    raise _failed(error) from None
            except FAULTS as error:
                raise _failed(error) from None
            else:
                return way, template
        raise PassingFault(FailureCode.ENDPOINT_ERROR, "It speaks neither /v1/chat/completions nor /generate.")

    def _chat(self, prompt: Prompt) -> Prediction:
        reply: Any = self._client.chat_completion(
            [{"role": str(turn.role), "content": turn.content} for turn in prompt.messages],
            model=self._source.hub_id,
            max_tokens=prompt.max_new_tokens,
            temperature=0,
            seed=0,
        )
        choices = getattr(reply, "choices", None)
        if not choices or choices[0].message is None:
            raise Unusable("no answer in the reply")
        text = choices[0].message.content
        if text is None and choices[0].finish_reason == "length":
            text = ""  # a reasoning model that came to no answer within its tokens
        if not isinstance(text, str):
            raise Unusable("no text in the answer")
        usage = getattr(reply, "usage", None)
        return prediction_of(
            prompt,
            text,
            Finish.LENGTH if choices[0].finish_reason == "length" else Finish.STOP,
            prompt_tokens=getattr(usage, "prompt_tokens", None),
            output_tokens=getattr(usage, "completion_tokens", None),
        )

    def _generate(self, prompt: Prompt) -> Prediction:
        reply: Any = self._client.text_generation(
            plain_text(prompt.messages) + prompt.begun,
            model=f"{self._root}/generate",
            details=True,
            do_sample=False,
            max_new_tokens=prompt.max_new_tokens,
            stop=[PLAIN_TURN_END],
        )
        text = getattr(reply, "generated_text", None)
        if not isinstance(text, str):
            raise Unusable("no text in the answer")
        details = getattr(reply, "details", None)
        return prediction_of(
            prompt,
            before_turn_end(text),
            Finish.LENGTH if getattr(details, "finish_reason", None) == "length" else Finish.STOP,
            output_tokens=getattr(details, "generated_tokens", None),
        )


def in_background(work: Callable[[], Made]) -> Future[Made]:
    """The work in a daemon thread of its own: neither a halt nor the end of the program has to wait for a server."""
    future: Future[Made] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def wait_unless_halted(flying: set[Future[Made]], halt: Event) -> tuple[set[Future[Made]], set[Future[Made]]]:
    """What has come to its end, at least one, and what has not; Halted once told to stop."""
    while True:
        landed, still = wait(flying, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        if halt.is_set():
            raise Halted("The evaluation was told to stop.")
        if landed:
            return landed, still


def patiently(ask: Callable[[], Prediction], halt: Event, seconds: float) -> Prediction:
    """The answer, asked for up to five times with full jitter between; a server's Retry-After is honoured.

    Each time it must be here in so many seconds, however slowly it drips.
    """
    for attempt in Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        sleep=lambda seconds: _sleep(seconds, halt),
        reraise=True,
    ):
        with attempt:
            return _within(seconds, ask)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _within(seconds: float, ask: Callable[[], Made]) -> Made:
    # The client's own limit is on the pause between two bytes.
    asked = in_background(ask)
    if not wait({asked}, timeout=seconds).done:
        raise Unusable("no whole answer in time")
    return asked.result()


def split_url(url: str) -> tuple[str, str | None]:
    """The endpoint's root, and the dialect its path names if it names one; UsageError for what is not an http URL."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"{url!r} is not an endpoint. Give its URL, for example http://127.0.0.1:8080.")
    trimmed = url.rstrip("/")
    for ending, dialect in (("/v1/chat/completions", "chat"), ("/v1", "chat"), ("/generate", "generate")):
        if trimmed.endswith(ending):
            return trimmed.removesuffix(ending), dialect
    return trimmed, None


def describe(root: str, settings: Settings, model_id: str) -> dict[str, Any]:
    """What the server tells of its model, sha, version and window. PassingFault when it cannot be reached."""
    info = _get_json(f"{root}/info", settings)
    if isinstance(info.get("model_id"), str):
        return {
            "model": info["model_id"],
            "sha": info.get("model_sha"),
            "version": f"TGI {info.get('version')}",
            "window": _whole(info.get("max_total_tokens")),
        }
    listed = _get_json(f"{root}/v1/models", settings).get("data")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    mine = next((entry for entry in entries if entry.get("id") == model_id), None)
    if mine:
        return {"model": model_id, "window": _whole(mine.get("max_model_len")), "version": mine.get("owned_by")}
    return {"others": [str(entry.get("id")) for entry in entries if "max_model_len" in entry]}


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Tokens at three characters each, which overestimates English for every tokenizer in use."""
    return sum(len(message.content) // 3 + 8 for message in messages)


def _check_same_model(source: ModelSource, served: Mapping[str, Any]) -> None:
    name, sha, others = served.get("model"), served.get("sha"), served.get("others")
    if name is not None and name.lower() != source.hub_id.lower():
        raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It serves {name}, not {source.hub_id}.")
    if others:
        raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It serves {', '.join(others)}, not {source.hub_id}.")
    if sha and source.revision != sha and len(source.revision) == len(sha):
        raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It serves commit {sha[:12]}, not {source.revision[:12]}.")


def _get_json(url: str, settings: Settings) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {settings.endpoint_token}"} if settings.endpoint_token else {}
    try:
        reply = _within(PROBE_SECONDS, lambda: httpx2.get(url, headers=headers, timeout=PROBE_SECONDS))
    except (httpx2.HTTPError, Unusable) as error:
        raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It cannot be reached ({type(error).__name__}).") from None
    if not reply.is_success:
        return {}
    try:
        body = reply.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in TRANSIENT
    return isinstance(error, FAULTS) and not isinstance(error, ValidationError)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told = seconds_asked_for(error.response.headers) if isinstance(error, HfHubHTTPError) else 0
    if told:
        return min(told, LONGEST_WAIT)
    return wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT)(state)


def _sleep(seconds: float, halt: Event) -> None:
    if halt.wait(seconds):
        raise Halted("The evaluation was told to stop.")


def _says_too_long(text: str) -> bool:
    return any(phrase in text.lower() for phrase in TOO_LONG)


def _failed(error: Exception) -> ClueError:
    """What is raised once asking is given up; of what the server said only its status and Retry-After are kept."""
    if not isinstance(error, HfHubHTTPError):
        return PassingFault(FailureCode.ENDPOINT_ERROR, f"({type(error).__name__})")
    status = error.response.status_code
    if status in UNAUTHORISED:
        return KeyRefused(status)
    wait = seconds_asked_for(error.response.headers)
    return PassingFault(FailureCode.ENDPOINT_ERROR, f"It answered {status}.", retry_after=wait)


@contextmanager
def open_endpoint(source: ModelSource, settings: Settings, halt: Event) -> Iterator[Endpoint]:
    """The endpoint of `source.url`, found to answer and to serve the model that is asked for."""
    if source.url is None:
        raise UsageError("The endpoint engine needs the endpoint's URL (--url, or CLUE_ENDPOINT_URL).")
    opening = in_background(lambda: Endpoint(source, settings, halt))
    wait_unless_halted({opening}, halt)
    yield opening.result()


ENGINE = Engine(
    name="endpoint",
    title="TGI or OpenAI-compatible endpoint",
    keeps_text_home=False,
    editions=frozenset(Edition),
    open=open_endpoint,
)
