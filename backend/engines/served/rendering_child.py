"""The template's own process: opens the tokenizer's files and writes prompts as they say."""

from pathlib import Path
from typing import Any

from backend.domain import Message, Role
from backend.engines.local.rendering import PromptFormat, choose_form
from backend.errors import DISK_TROUBLE, FailureCode, ModelFault
from backend.isolation import Channel, keep_texts_out_of_the_log


def serve(channel: Channel) -> None:
    """Tells which form the files in the folder ask for, then writes each list of messages in it."""
    folder = Path(channel.receive()["folder"])
    try:
        tokenizer = load(folder)
        form = choose_form(tokenizer)
        opening = opening_of(tokenizer)
        channel.send({"template": form.template, "digest": form.digest})
    except ModelFault as fault:
        channel.send({"failure": str(fault.code)})
        return
    while True:
        channel.send(_written(form, opening, channel.receive()["messages"]))


def load(folder: Path) -> Any:
    """The tokenizer. ModelFault with no_tokenizer for files that are no good; what this machine lacks passes."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_TROUBLE:
            raise
        raise ModelFault(FailureCode.NO_TOKENIZER, type(error).__name__) from None


def opening_of(tokenizer: Any) -> str:
    """What the tokenizer sets before every text by itself, and the server's too: a template must not do so again."""
    mark, number = tokenizer.bos_token, tokenizer.bos_token_id
    added: list[int] = tokenizer("a")["input_ids"]
    return mark if isinstance(mark, str) and added[:1] == [number] else ""


def _written(form: PromptFormat, opening: str, turns: list[dict[str, str]]) -> dict[str, str]:
    try:
        text = form.render([Message(Role(turn["role"]), turn["content"]) for turn in turns])
    except ModelFault as fault:
        return {"failure": str(fault.code)}
    return {"text": text.removeprefix(opening)}


if __name__ == "__main__":
    keep_texts_out_of_the_log()
    serve(Channel())
