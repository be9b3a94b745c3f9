"""Asks a model that is served elsewhere: by TGI, or by anything that speaks OpenAI's chats or completions."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from threading import Event

from backend.approvals import Approvals
from backend.domain import Edition, Engine, Fact, Message, ModelSource, Prediction, Prompt, Role, Window
from backend.endpoint_address import split_url
from backend.engines.served.asking import Asking, patiently
from backend.engines.served.concurrency import ConcurrencyLimit
from backend.engines.served.connections import Connections, EgressCheck, allow_all
from backend.engines.served.counting import Tokenize, estimate_tokens, find_tokenizer, is_near
from backend.engines.served.description import PROBE_SECONDS, Description, describe
from backend.engines.served.dialects import PLAIN, Chat, Completions, Dialect, Generate, Served, TextForm
from backend.engines.served.faults import FAULTS, SAID, failed
from backend.engines.served.loop import Loop
from backend.engines.served.rendering import template_in, tokenizer_folder
from backend.errors import FailureCode, PassingFault, UsageError
from backend.settings import Settings

NOT_SPOKEN = frozenset({400, 404, 405, 422})
PROBE = Prompt(
    example_id="probe",
    messages=(Message(Role.SYSTEM, "Answer with one word."), Message(Role.USER, "Is water wet?")),
    max_new_tokens=1,
)
_LOG = logging.getLogger(__name__)


class Endpoint:
    """An endpoint found to be up, with the dialect it speaks."""

    def __init__(
        self, loop: Loop, connections: Connections, settings: Settings, served: Served, told: Description
    ) -> None:
        self._loop, self._connections, self._settings = loop, connections, settings
        self._served, self._told = served, told
        self._dialect: Dialect = Chat(served)
        self._tokenize: Tokenize | None = None
        self._concurrency = ConcurrencyLimit(settings.endpoint_concurrency, settings.endpoint_timeout)

    @property
    def window(self) -> Window:
        """The longest prompt and answer that the server takes; tokens are estimated where that is enough."""
        return Window(self._told.window, self._count)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What the manifest says of server and template."""
        return {
            "engine_version": self._told.version,
            "endpoint_model": self._told.model,
            "endpoint_sha": self._told.sha,
            "template": self._dialect.template,
            **({"template_sha256": self._dialect.digest} if self._dialect.digest else {}),
            "window": self._told.window,
            "token_counts": "server" if self._tokenize else "estimate",
        }

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """Predictions as they arrive, asked for in the order given; the first request to fail for good raises."""
        concurrency = self._concurrency = ConcurrencyLimit(
            self._settings.endpoint_concurrency, self._settings.endpoint_timeout, first=self._concurrency.limit
        )
        waiting = list(prompts)
        start = time.monotonic()
        gc.freeze()  # else looking for garbage among all that was imported holds up every request for 70 ms
        try:
            yield from self._loop.stream(partial(self._answer_all, waiting, concurrency))
        finally:
            gc.unfreeze()
            asked = {"count": len(waiting), "seconds": round(time.monotonic() - start, 1)}
            _LOG.info(
                "an endpoint was asked", extra={**asked, "at_once": concurrency.limit, "refused": concurrency.refusals}
            )

    def choose(self, named: str | None, text_form: Callable[[], TextForm]) -> None:
        """From now on it is asked in the dialect that its URL names, or else in the first that it understands."""
        self._dialect = self._first_understood(named)
        if isinstance(self._dialect, Generate | Completions):
            self._dialect = type(self._dialect)(self._served, text_form())
        if self._told.window is not None:
            self._tokenize = self._loop.result(self._find_tokenizer())

    async def _answer_all(
        self, prompts: Sequence[Prompt], concurrency: ConcurrencyLimit, hand_over: Callable[[Prediction], None]
    ) -> None:
        await Asking(self._ask, concurrency, self._settings.endpoint_timeout).run(prompts, hand_over)

    async def _ask(self, prompt: Prompt) -> Prediction:
        with self._connections.one() as connection:
            return await self._dialect.ask(prompt, connection)

    def _first_understood(self, named: str | None) -> Dialect:
        ways = _ways(self._served, PLAIN)
        forms = ways[named] if named else [*chain.from_iterable(ways.values())]
        if len(forms) == 1:
            return forms[0]
        refused: Exception | None = None
        for dialect in forms:
            self._dialect = dialect
            try:
                self._loop.result(patiently(partial(self._ask, PROBE), self._settings.endpoint_timeout))
            except FAULTS as error:
                status = error.response.status_code if isinstance(error, SAID) else None
                if status not in NOT_SPOKEN:
                    raise failed(error) from None
                refused = error
            else:
                return dialect
        if named and refused:
            raise failed(refused) from None
        raise PassingFault(
            FailureCode.ENDPOINT_ERROR, "It speaks neither /v1/chat/completions nor /generate nor /v1/completions."
        )

    async def _find_tokenizer(self) -> Tokenize | None:
        turns, chat = self._dialect.prepare(PROBE.messages), isinstance(self._dialect, Chat)
        seconds = min(PROBE_SECONDS, self._settings.endpoint_timeout)
        with self._connections.one() as connection:
            return await find_tokenizer(turns, self._served, connection, chat=chat, seconds=seconds)

    def _count(self, messages: Sequence[Message]) -> int:
        estimate = estimate_tokens(messages)
        if self._tokenize is None or self._told.window is None or not is_near(estimate, self._told.window):
            return estimate
        try:
            return self._loop.result(
                patiently(partial(self._count_there, self._tokenize, messages), self._settings.endpoint_timeout)
            )
        except FAULTS as error:
            raise failed(error) from None

    async def _count_there(self, tokenize: Tokenize, messages: Sequence[Message]) -> int:
        with self._connections.one() as connection:
            return await tokenize(self._dialect.prepare(messages), self._served, connection)


@contextmanager
def open_endpoint(source: ModelSource, settings: Settings, halt: Event) -> Iterator[Endpoint]:
    """The endpoint of `source.url`, found to answer and to serve the model that is asked for."""
    if source.url is None:
        raise UsageError("The endpoint engine needs the endpoint's URL (--url, or CLUE_ENDPOINT_URL).")
    root, named = split_url(source.url)
    served = Served(root, source.hub_id)
    with ExitStack() as stack:
        connections = Connections(root, settings.endpoint_token, _egress_check(source, settings))
        loop = Loop(halt)
        stack.callback(lambda: loop.close(connections.close()))
        told = loop.result(_look(served, connections))
        _check_same_model(source, told)
        endpoint = Endpoint(loop, connections, settings, served, told)

        def text_form() -> TextForm:
            folder = loop.result(asyncio.to_thread(tokenizer_folder, source, settings))
            log = source.log or settings.home / "logs" / "model.log"
            found = stack.enter_context(template_in(folder, log, settings, halt)) if folder else None
            return found or PLAIN

        endpoint.choose(named, text_form)
        yield endpoint


def _egress_check(source: ModelSource, settings: Settings) -> EgressCheck:
    """What every request must pass: nothing, where no credentialed text is confided."""
    if source.confides is not None and not source.confides:
        return allow_all
    approvals = Approvals(settings)
    return lambda url: approvals.require(url, source.confides)


async def _look(served: Served, connections: Connections) -> Description:
    with connections.one() as connection:
        return await describe(served, connection)


def _check_same_model(source: ModelSource, told: Description) -> None:
    if told.model is not None and told.model.lower() != source.hub_id.lower():
        raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It serves {told.model}, not {source.hub_id}.")
    if told.others:
        raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It serves {', '.join(told.others)}, not {source.hub_id}.")
    if told.sha and source.revision != told.sha and len(source.revision) == len(told.sha):
        raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It serves commit {told.sha[:12]}, not {source.revision[:12]}.")


def _ways(served: Served, form: TextForm) -> Mapping[str, Sequence[Dialect]]:
    """The dialects in the order in which they are tried; a template that takes no system role gets one turn less."""
    ways: dict[str, tuple[Dialect, ...]] = {
        "chat": (Chat(served), Chat(served, merged=True)),
        "generate": (Generate(served, form),),
        "completions": (Completions(served, form),),
    }
    return ways


ENGINE = Engine(
    name="endpoint",
    title="TGI or OpenAI-compatible endpoint",
    keeps_text_home=False,
    editions=frozenset(Edition),
    cleared=lambda source, settings: Approvals(settings).tasks_at(source.url),
    open=open_endpoint,
)
