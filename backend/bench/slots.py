"""A server on loopback with so many slots, each of which takes the same time for an answer; run as a module.

It does as little as a server can, so that the client is what is measured.
"""

import asyncio
import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from backend.errors import OperatorFault
from backend.isolation import exit_with_parent

HEAD_END, LENGTH = b"\r\n\r\n", b"content-length:"
ANSWER = "yes"


@dataclass(frozen=True, slots=True)
class Slots:
    """What the server has: `count` slots of `seconds` each. Beyond them requests wait, or with `refuses` get 429."""

    count: int
    seconds: float
    refuses: bool = False

    def share(self, answers: int, seconds: float) -> float:
        """The share of the slots' capacity that so many answers in so many seconds are, 0 to 1."""
        return answers * self.seconds / (self.count * seconds)


@contextmanager
def serving(slots: Slots) -> Iterator[str]:
    """The server's address; it is a process of its own that ends with the block. OperatorFault if it does not start."""
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.bench.slots", json.dumps(asdict(slots))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        port = process.stdout.readline() if process.stdout else b""
        if not port:
            raise OperatorFault("The server to be measured against did not start.")
        yield f"http://127.0.0.1:{int(port)}"
    finally:
        process.kill()
        process.communicate()


class _Room:
    """The slots, and who waits for one. A slot is free when its time is over, not when a timer gets round to it."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._free = slots.count
        self._waiting: deque[tuple[_Talk, float]] = deque()

    def enter(self, talk: "_Talk") -> None:
        now = asyncio.get_running_loop().time()
        if self._free:
            self._free -= 1
            self._serve(talk, now)
        elif self._slots.refuses:
            talk.reply(b"429 Too Many Requests", b"{}")
        else:
            self._waiting.append((talk, now))

    def _serve(self, talk: "_Talk", begin: float) -> None:
        end = begin + self._slots.seconds
        asyncio.get_running_loop().call_at(end, self._leave, talk, end)

    def _leave(self, talk: "_Talk", end: float) -> None:
        talk.reply(b"200 OK", _BODY)
        if self._waiting:
            following, came = self._waiting.popleft()
            self._serve(following, max(came, end))
        else:
            self._free += 1


class _Talk(asyncio.Protocol):
    """One kept-alive connection that sends one request at a time."""

    def __init__(self, room: _Room) -> None:
        self._room = room
        self._bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        end = self._bytes.find(HEAD_END)
        if end < 0:
            return
        head = self._bytes[:end].lower()
        length = int(head.split(LENGTH, 1)[1].split(b"\r", 1)[0]) if LENGTH in head else 0
        whole = end + len(HEAD_END) + length
        if len(self._bytes) < whole:
            return
        self._bytes = self._bytes[whole:]
        if head.startswith(b"post /v1/chat/completions"):
            self._room.enter(self)
        else:
            self.reply(b"404 Not Found", b"{}")

    def reply(self, status: bytes, body: bytes) -> None:
        head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)


_BODY = json.dumps(
    {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 500, "completion_tokens": 1, "total_tokens": 501},
    }
).encode()


async def _main(slots: Slots) -> None:
    room = _Room(slots)
    server = await asyncio.get_running_loop().create_server(lambda: _Talk(room), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    exit_with_parent()
    asyncio.run(_main(Slots(**json.loads(sys.argv[1]))))
