"""How much of a server's slots the endpoint engine keeps busy, beside a fixed number of threads."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from backend.bench.circumstances import circumstances
from backend.bench.slots import ANSWER, Slots, serving
from backend.domain import Message, ModelSource, Prompt, Role
from backend.engines.endpoint import ENGINE
from backend.progress import FractionProgress
from backend.settings import Settings

MODEL = "acme/slots"
THREADS = 16
THREADED = f"{THREADS}_threads"
WARMING = 16
GOAL = 0.95
TOO_MANY = 429
ASKED = "A note of some length, as a level-1 task shows it. " * 40
Ways = dict[str, Callable[[str, Sequence[Prompt]], int]]


def measure_endpoint(requests: int, slots: int, seconds: float, report: FractionProgress) -> dict[str, Any]:
    """The record: for a server whose queue is endless and for one that refuses what it has no slot for, each way's
    answers a second, share of the slots' capacity and processor time. A refusal that reaches a way is no answer.
    Each way has asked a few things before the clock starts: what is imported once is not counted, what is opened for
    every run is. `clean` when ours answered everything, and filled the slots of the first to 95 %.
    """
    ways: Ways = {THREADED: _by_threads, "ours": _by_engine}
    asked = [_prompt(number) for number in range(requests)]
    record: dict[str, Any] = {
        **circumstances(),
        "requests": requests,
        "slots": slots,
        "seconds_a_request": seconds,
    }
    servers = {"queueing": Slots(slots, seconds), "refusing": Slots(slots, seconds, refuses=True)}
    for done, (name, server) in enumerate(servers.items()):
        for way, ask in ways.items():
            report(f"{way}, {name} server", (done * len(ways) + (way == "ours")) / 4)
            record[f"{name}_{way}"] = _measured(ask, asked, server)
    ours = record["queueing_ours"]
    record["times_faster"] = round(ours["per_second"] / record[f"queueing_{THREADED}"]["per_second"], 2)
    record["clean"] = ours["share_of_slots"] >= GOAL and all(
        record[f"{name}_ours"]["answers"] == requests for name in servers
    )
    return record


def _measured(ask: Callable[[str, Sequence[Prompt]], int], asked: Sequence[Prompt], slots: Slots) -> dict[str, Any]:
    with serving(slots) as url:
        ask(url, asked[:WARMING])
        start, busy = time.perf_counter(), time.process_time()
        answers = ask(url, asked)
        took, worked = time.perf_counter() - start, time.process_time() - busy
    return {
        "answers": answers,
        "seconds": round(took, 2),
        "per_second": round(answers / took, 1),
        "share_of_slots": round(slots.share(answers, took), 3),
        "cpu_ms_a_request": round(1000 * worked / len(asked), 3),
    }


def _by_engine(url: str, asked: Sequence[Prompt]) -> int:
    source = ModelSource(hub_id=MODEL, revision="bench", url=f"{url}/v1", confides=frozenset())
    with ENGINE.open(source, Settings(), Event()) as client:
        return _answered(prediction.text for prediction in client.complete(asked))


def _by_threads(url: str, asked: Sequence[Prompt]) -> int:
    client = InferenceClient(base_url=url, token="none", timeout=300)

    def ask(prompt: Prompt) -> str:
        turns = [{"role": str(turn.role), "content": turn.content} for turn in prompt.messages]
        try:
            reply = client.chat_completion(turns, model=MODEL, max_tokens=prompt.max_new_tokens, temperature=0, seed=0)
        except HfHubHTTPError as error:
            if error.response.status_code != TOO_MANY:
                raise
            return ""
        return reply.choices[0].message.content or ""

    with ThreadPoolExecutor(THREADS) as pool:
        return _answered(pool.map(ask, asked))


def _answered(texts: Iterable[str]) -> int:
    return sum(text == ANSWER for text in texts)


def _prompt(number: int) -> Prompt:
    turns = (Message(Role.SYSTEM, "Answer with one word."), Message(Role.USER, f"{ASKED}Is it so? ({number})"))
    return Prompt(example_id=str(number), messages=turns, max_new_tokens=12)
