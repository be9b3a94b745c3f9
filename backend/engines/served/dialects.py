"""The ways in which a server is asked for an answer, and what its replies mean."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backend.domain import Finish, Message, Prediction, Prompt
from backend.engines.answers import prediction_of
from backend.engines.served.connections import Connection
from backend.engines.served.faults import Unusable
from backend.prompting import PLAIN_TURN_END, before_turn_end, merge_system, plain_text


@dataclass(frozen=True, slots=True)
class Served:
    """A model behind an address; `root` ends before /v1 and has no slash at its end."""

    root: str
    model: str


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a prompt becomes one text; `template` is chat, system_merged or plain, as for a model on this machine."""

    template: str
    digest: str | None
    write: Callable[[Prompt], Awaitable[str]]

    @property
    def stop(self) -> list[str] | None:
        """What ends an answer where no template does."""
        return [PLAIN_TURN_END] if self.template == "plain" else None

    def read(self, text: str) -> str:
        """The model's own turn of what it wrote."""
        return before_turn_end(text) if self.template == "plain" else text


Prepare = Callable[[Sequence[Message]], Sequence[Message]]


class Dialect(Protocol):
    """A way of asking; `template` says who makes one text of a prompt's turns, and how, `prepare` what turns are."""

    template: str
    digest: str | None
    prepare: Prepare

    async def ask(self, prompt: Prompt, connection: Connection) -> Prediction:
        """The answer to one prompt; raises one of FAULTS."""


class Chat:
    """Turns through /v1/chat/completions; the server writes them as one text with the model's own template."""

    def __init__(self, served: Served, *, merged: bool = False) -> None:
        self._served, self._url = served, f"{served.root}/v1/chat/completions"
        self.digest: str | None = None
        self.prepare: Prepare = merge_system if merged else _as_they_are
        self.template = "server_system_merged" if merged else "server"

    async def ask(self, prompt: Prompt, connection: Connection) -> Prediction:
        """The answer to one prompt; what its answer should begin with cannot be said in a chat."""
        asked = {
            "model": self._served.model,
            "messages": [{"role": str(turn.role), "content": turn.content} for turn in self.prepare(prompt.messages)],
            "max_tokens": prompt.max_new_tokens,
            "temperature": 0,
            "seed": 0,
            "stream": False,
        }
        body = await connection.post(self._url, asked)
        choice, usage = body["choices"][0], body.get("usage") or {}
        text, ended = choice["message"].get("content"), choice.get("finish_reason")
        if text is None and ended == "length":
            text = ""  # a reasoning model that came to no answer within its tokens
        if not isinstance(text, str):
            raise Unusable("no text in the answer")
        return prediction_of(
            prompt,
            text,
            Finish.LENGTH if ended == "length" else Finish.STOP,
            prompt_tokens=usage.get("prompt_tokens"),
            output_tokens=usage.get("completion_tokens"),
        )


class Generate:
    """One text through TGI's /generate."""

    def __init__(self, served: Served, form: TextForm) -> None:
        self._url, self._form = f"{served.root}/generate", form
        self.template, self.digest = form.template, form.digest
        self.prepare: Prepare = _as_they_are

    async def ask(self, prompt: Prompt, connection: Connection) -> Prediction:
        """What follows the prompt's text."""
        reply: Any = await connection.inference.text_generation(
            await self._form.write(prompt),
            model=self._url,
            details=True,
            do_sample=False,
            max_new_tokens=prompt.max_new_tokens,
            stop=self._form.stop,
        )
        text = getattr(reply, "generated_text", None)
        if not isinstance(text, str):
            raise Unusable("no text in the answer")
        details = getattr(reply, "details", None)
        return prediction_of(
            prompt,
            self._form.read(text),
            Finish.LENGTH if getattr(details, "finish_reason", None) == "length" else Finish.STOP,
            output_tokens=getattr(details, "generated_tokens", None),
        )


class Completions:
    """One text through /v1/completions, which huggingface_hub has no method for."""

    def __init__(self, served: Served, form: TextForm) -> None:
        self._served, self._form = served, form
        self._url = f"{served.root}/v1/completions"
        self.template, self.digest = form.template, form.digest
        self.prepare: Prepare = _as_they_are

    async def ask(self, prompt: Prompt, connection: Connection) -> Prediction:
        """What follows the prompt's text."""
        asked = {
            "model": self._served.model,
            "prompt": await self._form.write(prompt),
            "max_tokens": prompt.max_new_tokens,
            "temperature": 0,
            "seed": 0,
        }
        stop = {"stop": self._form.stop} if self._form.stop else {}
        body = await connection.post(self._url, asked | stop)
        choice, usage = body["choices"][0], body.get("usage") or {}
        if not isinstance(choice["text"], str):
            raise Unusable("no text in the answer")
        return prediction_of(
            prompt,
            self._form.read(choice["text"]),
            Finish.LENGTH if choice.get("finish_reason") == "length" else Finish.STOP,
            prompt_tokens=usage.get("prompt_tokens"),
            output_tokens=usage.get("completion_tokens"),
        )


async def write_plainly(prompt: Prompt) -> str:
    """The prompt as plain text, and what its answer begins with."""
    return plain_text(prompt.messages) + prompt.begun


def _as_they_are(messages: Sequence[Message]) -> Sequence[Message]:
    return messages


PLAIN = TextForm("plain", None, write_plainly)
