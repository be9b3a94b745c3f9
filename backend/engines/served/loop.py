"""An event loop in a thread of its own, for callers that wait and may be told to stop."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import wait
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Generic, TypeVar

from backend.halting import HALT_POLL_SECONDS, halt_if

END_SECONDS = 10.0
BUNDLE_SECONDS = 0.02
Made = TypeVar("Made")


class Loop:
    """Runs until it is closed; then nothing that was begun in it goes on, and its thread is gone.

    Work in a thread cannot be cancelled: its end is awaited, for up to ten seconds.
    """

    def __init__(self, halt: Event) -> None:
        self._halt = halt
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="endpoint", daemon=True)
        self._thread.start()

    def result(self, work: Coroutine[Any, Any, Made]) -> Made:
        """What the work returns or raises; Halted once told to stop, and the work with it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not wait({future}, timeout=HALT_POLL_SECONDS).done:
                self._check()
            self._check()
            return future.result()
        finally:
            future.cancel()

    def stream(self, work: Callable[[Callable[[Made], None]], Coroutine[Any, Any, None]]) -> Iterator[Made]:
        """What the work hands over, as soon as it does; then what it raises. It ends when nobody listens any more."""
        landed: SimpleQueue[Sequence[Made] | None] = SimpleQueue()
        bundles = _Bundles(self._loop, landed)
        future = asyncio.run_coroutine_threadsafe(bundles.fill(work), self._loop)
        future.add_done_callback(lambda _: landed.put(None))
        try:
            while True:
                try:
                    bundle = landed.get(timeout=HALT_POLL_SECONDS)
                except Empty:
                    bundle = ()
                self._check()
                if bundle is None:
                    future.result()
                    return
                yield from bundle
        finally:
            future.cancel()

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Whatever still runs is cancelled, the last work is done, and the thread ends."""
        future = asyncio.run_coroutine_threadsafe(self._end(last), self._loop)
        wait({future}, timeout=END_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    async def _end(self, last: Coroutine[Any, Any, None]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await last
        await self._loop.shutdown_default_executor()

    def _check(self) -> None:
        halt_if(self._halt.is_set())


class _Bundles(Generic[Made]):
    """What lands within 20 ms is handed over together: each time the other thread wakes the loop waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, landed: "SimpleQueue[Sequence[Made] | None]") -> None:
        self._loop, self._landed = loop, landed
        self._bundle: list[Made] = []

    async def fill(self, work: Callable[[Callable[[Made], None]], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(self._add)
        finally:
            self._hand_over()

    def _add(self, one: Made) -> None:
        if not self._bundle:
            self._loop.call_later(BUNDLE_SECONDS, self._hand_over)
        self._bundle.append(one)

    def _hand_over(self) -> None:
        bundle, self._bundle = self._bundle, []
        if bundle:
            self._landed.put(bundle)
