"""A server that speaks the OpenAI protocol as vLLM does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.loopback.faults import Faults, Refusal
from tests.loopback.serving import serve
from tests.loopback.writers import Answer, TemplateFailure, Writer, writer_of


@dataclass
class OpenAIServer:
    """Answers chats with `answer`: a function of the last user message, or the folder of a model; continues texts too.

    Without `has_chat` it knows no chats, as a server of base models.
    """

    answer: Answer
    models: Sequence[str] = ("acme/tiny",)
    max_model_len: int = 2048
    has_chat: bool = True
    api_key: str | None = None
    """The bearer token without which everything but /health is 401; None lets everybody in."""
    faults: Faults = field(default_factory=Faults)
    _writer: Writer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._writer = writer_of(self.answer)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The JSON of every chat and completion request so far."""
        return self.faults.bodies

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The server answers at the yielded URL inside the block; its protocol lives under /v1."""
        with serve(self.app()) as url:
            yield url

    def app(self) -> ASGIApp:
        """The server as an ASGI app."""
        routes = [
            Route("/health", self._health),
            Route("/v1/models", self._list_models),
            Route("/v1/completions", self._complete, methods=["POST"]),
            Route("/tokenize", self._tokenize, methods=["POST"]),
        ]
        if self.has_chat:
            routes.append(Route("/v1/chat/completions", self._chat, methods=["POST"]))
        return Starlette(routes=routes)

    async def _health(self, request: Request) -> Response:
        return Response()

    async def _list_models(self, request: Request) -> Response:
        shared = {"object": "model", "created": 1767225600, "owned_by": "vllm", "max_model_len": self.max_model_len}
        listed = [{"id": name, "root": name, "parent": None, **shared} for name in self.models]
        return self._refuse_stranger(request) or JSONResponse({"object": "list", "data": listed})

    async def _chat(self, request: Request) -> Response:
        async def write(body: dict[str, Any]) -> Any:
            return await run_in_threadpool(self._answer_chat, body)

        return self._refuse_stranger(request) or await self.faults.answer(request, write)

    async def _complete(self, request: Request) -> Response:
        async def write(body: dict[str, Any]) -> Any:
            return await run_in_threadpool(self._continue_text, body)

        return self._refuse_stranger(request) or await self.faults.answer(request, write)

    async def _tokenize(self, request: Request) -> Response:
        body = await request.json()
        templated = "messages" in body
        text = self._writer.prompt_of(body["messages"]) if templated else body["prompt"]
        count = self._writer.count_tokens(text, templated=templated)
        found = {"count": count, "max_model_len": self.max_model_len, "tokens": [*range(count)]}
        return self._refuse_stranger(request) or JSONResponse(found)

    def _continue_text(self, body: dict[str, Any]) -> dict[str, Any]:
        used = self._writer.count_tokens(body["prompt"], templated=False)
        written = self._writer.write(
            body["prompt"], self._room_for(body, used), body.get("stop") or [], templated=False
        )
        made = len(written.tokens)
        reason = "length" if written.finish_reason == "length" else "stop"
        text = written.text.removesuffix(written.stopped_at)
        return {
            "object": "text_completion",
            "model": body["model"],
            "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": reason}],
            "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
        }

    def _answer_chat(self, body: dict[str, Any]) -> dict[str, Any]:
        model = body.get("model") or self.models[0]
        if model not in self.models:
            raise _refusal(404, f"The model `{model}` does not exist.", "NotFoundError")
        if body.get("stream"):
            raise _refusal(400, "This server does not stream.", "BadRequestError")
        try:
            prompt = self._writer.prompt_of(body["messages"])
        except TemplateFailure as failure:
            raise _refusal(400, str(failure), "BadRequestError") from failure
        used = self._writer.count_tokens(prompt, templated=True)
        stop = [body["stop"]] if isinstance(body.get("stop"), str) else body.get("stop") or []
        written = self._writer.write(prompt, self._room_for(body, used), stop, templated=True)
        made = len(written.tokens)
        message = {"role": "assistant", "content": written.text.removesuffix(written.stopped_at), "tool_calls": []}
        reason = "length" if written.finish_reason == "length" else "stop"
        return {
            "id": f"chatcmpl-{self.faults.requests}",
            "object": "chat.completion",
            "created": 1767225600,
            "model": model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
        }

    def _room_for(self, body: dict[str, Any], used: int) -> int:
        asked = body.get("max_completion_tokens") or body.get("max_tokens")
        room = self.max_model_len - used
        if room <= 0 or (asked is not None and asked > room):
            limit = f"This model's maximum context length is {self.max_model_len} tokens."
            request = f"However, your request has {used} input tokens and asks for {asked or 'some'} more."
            raise _refusal(400, f"{limit} {request}", "BadRequestError")
        return room if asked is None else int(asked)

    def _refuse_stranger(self, request: Request) -> Response | None:
        if self.api_key is None or request.headers.get("Authorization") == f"Bearer {self.api_key}":
            return None
        return JSONResponse({"error": "Unauthorized"}, 401)


def _refusal(status: int, message: str, kind: str) -> Refusal:
    return Refusal(status, {"error": {"message": message, "type": kind, "param": None, "code": status}})
