"""The template's own process: opens the tokenizer's files and writes prompts as they say."""

from pathlib import Path
from typing import Any

from backend.domain import Message, Role
from backend.engines.local.rendering import Form, choose_form
from backend.errors import ModelFault
from backend.isolation import Channel


def serve(channel: Channel) -> None:
    """Tells which form the files in the folder ask for, then writes each list of messages in it."""
    from transformers import AutoTokenizer

    try:
        folder = Path(channel.receive()["folder"])
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # noqa: BLE001 - submitted files can break a loader in any way
        channel.send({"template": None})
        return
    try:
        form = choose_form(tokenizer)
        opening = opening_of(tokenizer)
        channel.send({"template": form.template, "digest": form.digest})
    except ModelFault as fault:
        channel.send({"failure": str(fault.code)})
        return
    while True:
        channel.send(_written(form, opening, channel.receive()["messages"]))


def opening_of(tokenizer: Any) -> str:
    """What the tokenizer sets before every text by itself, and the server's too: a template must not do so again."""
    mark, number = tokenizer.bos_token, tokenizer.bos_token_id
    added: list[int] = tokenizer("a")["input_ids"]
    return mark if isinstance(mark, str) and added[:1] == [number] else ""


def _written(form: Form, opening: str, turns: list[dict[str, str]]) -> dict[str, str]:
    try:
        text = form.render([Message(Role(turn["role"]), turn["content"]) for turn in turns])
    except ModelFault as fault:
        return {"failure": str(fault.code)}
    return {"text": text.removeprefix(opening)}


if __name__ == "__main__":
    serve(Channel())
