"""What a server tells of itself: the model, its commit, the server's version and how long a prompt may be."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from backend.engines.served.asking import patiently, within
from backend.engines.served.connections import Connection
from backend.engines.served.dialects import Served
from backend.engines.served.faults import FAULTS, SAID, Late, failed, is_absent
from backend.errors import FailureCode, PassingFault

PROBE_SECONDS = 10.0
INTERNAL_SERVER_ERROR = 500
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is known; None is what the server does not tell. `others` are the models that it serves instead.

    `window` is in tokens, prompt and answer together.
    """

    model: str | None = None
    sha: str | None = None
    version: str | None = None
    window: int | None = None
    others: tuple[str, ...] = ()


async def describe(served: Served, connection: Connection) -> Description:
    """What TGI, vLLM, SGLang, llama.cpp or another server tells. PassingFault when it cannot be reached.

    TGI: /info. The others: /v1/models, where vLLM and SGLang name the longest prompt too; SGLang's /get_server_info;
    llama.cpp's /props, whose n_ctx is that of one slot.
    """
    info = await look(f"{served.root}/info", connection)
    if isinstance(info.get("model_id"), str):
        return _of_tgi(info)
    listed = (await look(f"{served.root}/v1/models", connection)).get("data")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    mine = next((entry for entry in entries if entry.get("id") == served.model), None)
    if mine is None and any("max_model_len" in entry for entry in entries):
        return Description(others=tuple(str(entry.get("id")) for entry in entries if "max_model_len" in entry))
    model = served.model if mine else None
    owner = _text(mine.get("owned_by")) if mine else None
    window = whole(mine.get("max_model_len")) if mine else None
    if window is not None:
        told = _text((await look(f"{served.root}/version", connection)).get("version"))
        return Description(model=model, version=f"{owner} {told}" if told else owner, window=window)
    return await _of_another(served, connection, model, owner)


async def look(url: str, connection: Connection) -> Mapping[str, Any]:
    """The JSON object at the address, empty where there is none; PassingFault when that cannot be known now."""

    async def ask() -> object:
        reply = await connection.http.get(url)
        reply.raise_for_status()
        found: object = reply.json()
        return found

    body = await sought(ask)
    return body if isinstance(body, dict) else {}


async def sought(ask: Callable[[], Awaitable[Found]], seconds: float = PROBE_SECONDS) -> Found | None:
    """What the server has, asked patiently; None where it has no such thing, or 500 is all that it ever says there.

    PassingFault when it is busy, late or away: what is found out goes into the facts of a run, which must not depend
    on a moment.
    """

    async def once() -> Found | None:
        try:
            return await within(seconds, ask())
        except (Late, httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise PassingFault(FailureCode.ENDPOINT_ERROR, f"It cannot be reached ({type(error).__name__}).") from None
        except FAULTS as error:
            if is_absent(error):
                return None
            raise

    try:
        return await patiently(once, 2 * seconds)  # the limit inside comes first
    except FAULTS as error:
        if isinstance(error, SAID) and error.response.status_code == INTERNAL_SERVER_ERROR:
            return None
        raise failed(error) from None


def whole(value: object) -> int | None:
    """The value if it is a number of tokens."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _of_tgi(info: Mapping[str, Any]) -> Description:
    limits = [whole(info.get("max_total_tokens"))]
    longest = whole(info.get("max_input_tokens") or info.get("max_input_length"))
    if longest is not None:
        limits.append(longest + 1)  # an answer has one token at least, so a prompt that fits keeps to both
    return Description(
        model=info["model_id"],
        sha=_text(info.get("model_sha")),
        version=f"TGI {info.get('version')}",
        window=min((limit for limit in limits if limit is not None), default=None),
    )


async def _of_another(served: Served, connection: Connection, model: str | None, owner: str | None) -> Description:
    props = await look(f"{served.root}/props", connection)
    settings = props.get("default_generation_settings")
    slot = whole(settings.get("n_ctx")) if isinstance(settings, dict) else None
    if slot is not None:
        build = _text(props.get("build_info"))
        return Description(model=model, version=f"llama.cpp {build}" if build else owner, window=slot)
    server = await look(f"{served.root}/get_server_info", connection)
    window = whole(server.get("context_length")) or whole(server.get("max_req_input_len"))
    version = f"SGLang {server['version']}" if _text(server.get("version")) else owner
    return Description(model=model, version=version, window=window)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
