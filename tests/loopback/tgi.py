"""A server that speaks as Text Generation Inference 3.3.7 does."""

from collections.abc import Iterator
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
from tests.loopback.writers import Answer, TemplateFailure, Writer, Written, writer_of

VERSION = "3.3.7"
DEFAULT_NEW_TOKENS = 100


@dataclass
class TgiServer:
    """Continues prompts and answers chats with `answer`: a function of the prompt (of a chat: of the last user
    message), or the folder of a model. Without `has_chat` every chat is refused as for a model with no template.
    """

    answer: Answer
    model_id: str = "acme/tiny"
    model_sha: str | None = "0123456789abcdef0123456789abcdef01234567"
    max_input_tokens: int = 1024
    max_total_tokens: int = 2048
    has_chat: bool = True
    api_key: str | None = None
    """The bearer token without which everything but /health is 401; None lets everybody in."""
    faults: Faults = field(default_factory=Faults)
    _writer: Writer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._writer = writer_of(self.answer)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The JSON of every generation request so far."""
        return self.faults.bodies

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The server answers at the yielded URL inside the block."""
        with serve(self.app()) as url:
            yield url

    def app(self) -> ASGIApp:
        """The server as an ASGI app."""
        routes = [
            Route("/health", self._health),
            Route("/info", self._info),
            Route("/v1/models", self._models),
            Route("/generate", self._generate, methods=["POST"]),
            Route("/", self._generate, methods=["POST"]),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/tokenize", self._tokenize, methods=["POST"]),
            Route("/chat_tokenize", self._tokenize_chat, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _health(self, request: Request) -> Response:
        return Response()

    async def _info(self, request: Request) -> Response:
        facts = {
            "model_id": self.model_id,
            "model_sha": self.model_sha,
            "model_pipeline_tag": "text-generation",
            "max_concurrent_requests": 128,
            "max_best_of": 2,
            "max_stop_sequences": 4,
            "max_input_tokens": self.max_input_tokens,
            "max_total_tokens": self.max_total_tokens,
            "validation_workers": 2,
            "max_client_batch_size": 4,
            "router": "text-generation-router",
            "version": VERSION,
            "sha": None,
            "docker_label": None,
        }
        return self._refuse_stranger(request) or JSONResponse(facts)

    async def _models(self, request: Request) -> Response:
        model = {"id": self.model_id, "object": "model", "created": 0, "owned_by": self.model_id}
        return self._refuse_stranger(request) or JSONResponse({"object": "list", "data": [model]})

    async def _generate(self, request: Request) -> Response:
        as_list = request.url.path == "/"

        async def write(body: dict[str, Any]) -> Any:
            payload = await run_in_threadpool(self._continue_prompt, body)
            return [payload] if as_list else payload

        return self._refuse_stranger(request) or await self.faults.answer(request, write)

    async def _chat(self, request: Request) -> Response:
        async def write(body: dict[str, Any]) -> Any:
            return await run_in_threadpool(self._answer_chat, body)

        return self._refuse_stranger(request) or await self.faults.answer(request, write)

    async def _tokenize(self, request: Request) -> Response:
        text = (await request.json())["inputs"]
        return self._refuse_stranger(request) or JSONResponse(self._tokens(text, templated=False))

    async def _tokenize_chat(self, request: Request) -> Response:
        if not self.has_chat:
            return JSONResponse({"error": "Template error: template not found", "error_type": "template_error"}, 422)
        text = self._writer.prompt_of((await request.json())["messages"])
        found = {"tokenize_response": self._tokens(text, templated=True), "templated_text": text}
        return self._refuse_stranger(request) or JSONResponse(found)

    def _tokens(self, text: str, *, templated: bool) -> list[dict[str, Any]]:
        count = self._writer.count_tokens(text, templated=templated)
        return [{"id": place, "text": "", "start": 0, "stop": 0} for place in range(count)]

    def _continue_prompt(self, body: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(body.get("inputs"), str) or body.get("stream"):
            raise _refusal("Input validation error: `inputs` must be a string and `stream` false", "validation")
        asked = {"max_new_tokens": DEFAULT_NEW_TOKENS, **(body.get("parameters") or {})}
        prompt = body["inputs"]
        written = self._write(prompt, asked["max_new_tokens"], asked.get("stop") or [], templated=False)
        payload: dict[str, Any] = {
            "generated_text": (prompt if asked.get("return_full_text") else "") + written.text,
        }
        if asked.get("details"):
            payload["details"] = _details(written)
        return payload

    def _answer_chat(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self.has_chat:
            raise _refusal("Template error: template not found", "template_error")
        try:
            prompt = self._writer.prompt_of(body["messages"])
        except TemplateFailure as failure:
            raise _refusal(f"Template error: {failure}", "template_error") from failure
        stop = body.get("stop") or []
        written = self._write(prompt, body.get("max_tokens"), stop, templated=True)
        used, made = self._writer.count_tokens(prompt, templated=True), len(written.tokens)
        # TGI renames only this one of its reasons for a chat.
        reason = "stop" if written.finish_reason == "eos_token" else written.finish_reason
        message = {"role": "assistant", "content": written.text}
        return {
            "object": "chat.completion",
            "id": "",
            "created": 1767225600,
            "model": self.model_id,
            "system_fingerprint": f"{VERSION}-native",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
        }

    def _write(self, prompt: str, max_new_tokens: int | None, stop: list[str], *, templated: bool) -> Written:
        used = self._writer.count_tokens(prompt, templated=templated)
        if used > self.max_input_tokens:
            allowed = f"`inputs` must have less than {self.max_input_tokens} tokens. Given: {used}"
            raise _refusal(f"Input validation error: {allowed}", "validation")
        wanted = self.max_total_tokens - used if max_new_tokens is None else max_new_tokens
        if wanted <= 0:
            raise _refusal("Input validation error: `max_new_tokens` must be strictly positive", "validation")
        if used + wanted > self.max_total_tokens:
            allowed = f"`inputs` tokens + `max_new_tokens` must be <= {self.max_total_tokens}"
            given = f"Given: {used} `inputs` tokens and {wanted} `max_new_tokens`"
            raise _refusal(f"Input validation error: {allowed}. {given}", "validation")
        return self._writer.write(prompt, wanted, stop, templated=templated)

    def _refuse_stranger(self, request: Request) -> Response | None:
        if self.api_key is None or request.headers.get("Authorization") == f"Bearer {self.api_key}":
            return None
        return Response(status_code=401)


def _refusal(message: str, kind: str) -> Refusal:
    return Refusal(422, {"error": message, "error_type": kind})


def _details(written: Written) -> dict[str, Any]:
    tokens = [{"id": at, "text": text, "logprob": -0.5, "special": False} for at, text in enumerate(written.tokens)]
    return {
        "finish_reason": written.finish_reason,
        "generated_tokens": len(written.tokens),
        "seed": None,
        "prefill": [],
        "tokens": tokens,
    }
