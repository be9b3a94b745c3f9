"""How many tokens a prompt is: estimated where that settles it, and asked of the server where it does not."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from backend.domain import Message
from backend.engines.served.connections import Connection
from backend.engines.served.description import PROBE_SECONDS, sought
from backend.engines.served.dialects import Served
from backend.engines.served.faults import Unusable
from backend.prompting import plain_text

FAR = 2
TURN_ALLOWANCE = 8  # a template's marks around a turn, beyond those of plain text
Tokenize = Callable[[Sequence[Message], Served, Connection], Awaitable[int]]


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Tokens at three characters each, which overestimates English for every tokenizer in use."""
    return sum(len(message.content) // 3 + TURN_ALLOWANCE for message in messages)


def is_near(estimate: int, window: int) -> bool:
    """Whether an estimate does not settle if a prompt fits: half the window surely does, and twice as much never."""
    return window < FAR * estimate and estimate < FAR * window


async def find_tokenizer(
    messages: Sequence[Message], served: Served, connection: Connection, *, chat: bool, seconds: float = PROBE_SECONDS
) -> Tokenize | None:
    """The server's own way of counting, tried with the messages; None if it has none that is known.

    PassingFault when the server is busy, away, or does not answer one of the attempts in so many seconds.
    """
    ways = (_turns_of_tgi, _turns_of_vllm, _turns_of_llama_cpp) if chat else (_text_of_tgi, _text_of_vllm)
    for way in ways:
        if await sought(partial(way, messages, served, connection), seconds):
            return way
    return None


async def _turns_of_tgi(messages: Sequence[Message], served: Served, connection: Connection) -> int:
    body = {"model": served.model, "messages": _turns(messages)}
    return _length(await _post(f"{served.root}/chat_tokenize", body, connection), "tokenize_response")


async def _turns_of_vllm(messages: Sequence[Message], served: Served, connection: Connection) -> int:
    body = {"model": served.model, "messages": _turns(messages)}
    return _count(await _post(f"{served.root}/tokenize", body, connection))


async def _turns_of_llama_cpp(messages: Sequence[Message], served: Served, connection: Connection) -> int:
    written = await _post(f"{served.root}/apply-template", {"messages": _turns(messages)}, connection)
    if not isinstance(written, dict) or not isinstance(written.get("prompt"), str):
        raise Unusable("no prompt in the reply")
    body = {"content": written["prompt"], "add_special": True, "parse_special": True}
    return _length(await _post(f"{served.root}/tokenize", body, connection), "tokens")


async def _text_of_tgi(messages: Sequence[Message], served: Served, connection: Connection) -> int:
    reply = await _post(f"{served.root}/tokenize", {"inputs": plain_text(messages)}, connection)
    if not isinstance(reply, list):
        raise Unusable("no tokens in the reply")
    return len(reply) + TURN_ALLOWANCE * len(messages)


async def _text_of_vllm(messages: Sequence[Message], served: Served, connection: Connection) -> int:
    body = {"model": served.model, "prompt": plain_text(messages)}
    return _count(await _post(f"{served.root}/tokenize", body, connection)) + TURN_ALLOWANCE * len(messages)


async def _post(url: str, body: object, connection: Connection) -> object:
    reply = await connection.http.post(url, json=body)
    reply.raise_for_status()
    found: object = reply.json()
    return found


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": str(message.role), "content": message.content} for message in messages]


def _length(reply: object, name: str) -> int:
    if not isinstance(reply, dict) or not isinstance(reply.get(name), list):
        raise Unusable("no tokens in the reply")
    return len(reply[name])


def _count(reply: object) -> int:
    if not isinstance(reply, dict) or not isinstance(reply.get("count"), int):
        raise Unusable("no count in the reply")
    return int(reply["count"])
