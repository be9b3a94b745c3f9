"""Who writes the text behind an inference server: a function of the prompt, or a tiny real model."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

Messages: TypeAlias = Sequence[Mapping[str, Any]]
Answer: TypeAlias = Callable[[str], str] | Path


class TemplateFailure(Exception):
    """The messages could not be made into a prompt."""


@dataclass(frozen=True)
class Written:
    """A text, its tokens, and why it ended. A text that ended at a stop sequence still has it at its end."""

    text: str
    tokens: tuple[str, ...]
    finish_reason: Literal["length", "eos_token", "stop_sequence"]
    stopped_at: str = ""


class Writer(Protocol):
    """Writes text. `templated` prompts came from `prompt_of` and get no further special tokens."""

    def prompt_of(self, messages: Messages) -> str:
        """The prompt of a conversation; raises TemplateFailure."""

    def count_tokens(self, prompt: str, *, templated: bool) -> int:
        """Tokens of the prompt as the writer would read it."""

    def write(self, prompt: str, max_new_tokens: int, stop: Sequence[str], *, templated: bool) -> Written:
        """What follows the prompt, up to the first stop sequence and to so many tokens."""


def writer_of(answer: Answer) -> Writer:
    """A writer that says what the function says, or what the model in the folder says."""
    return ModelWriter(answer) if isinstance(answer, Path) else ScriptedWriter(answer)


@dataclass(frozen=True)
class ScriptedWriter:
    """Says what a function says; its prompt of a conversation is the last user message, its tokens are words."""

    answer: Callable[[str], str]

    def prompt_of(self, messages: Messages) -> str:
        """The last user message."""
        return next((_text_of(one) for one in reversed(messages) if one["role"] == "user"), "")

    def count_tokens(self, prompt: str, *, templated: bool) -> int:
        """Words of the prompt."""
        return len(_split_words(prompt))

    def write(self, prompt: str, max_new_tokens: int, stop: Sequence[str], *, templated: bool) -> Written:
        """The function's text, cut to so many words."""
        words = _split_words(self.answer(prompt))
        kept = tuple(words[:max_new_tokens])
        written = Written("".join(kept), kept, "length" if len(words) > max_new_tokens else "eos_token")
        return _stop_at(written, stop, _split_words)


class ModelWriter:
    """Says what a real model says, greedily, one request at a time."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._model: Any = AutoModelForCausalLM.from_pretrained(folder)
        self._turn = threading.Lock()

    def prompt_of(self, messages: Messages) -> str:
        """The messages through the model's own template; raises TemplateFailure."""
        from jinja2 import TemplateError

        if self._tokenizer.chat_template is None:
            raise TemplateFailure("template not found")
        plain = [{"role": one["role"], "content": _text_of(one)} for one in messages]
        try:
            return str(self._tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True))
        except TemplateError as error:
            raise TemplateFailure(str(error)) from error

    def count_tokens(self, prompt: str, *, templated: bool) -> int:
        """Tokens of the prompt, with <s> unless it is templated."""
        return len(self._tokenizer(prompt, add_special_tokens=not templated).input_ids)

    def write(self, prompt: str, max_new_tokens: int, stop: Sequence[str], *, templated: bool) -> Written:
        """The greedy continuation, special tokens left out of the text."""
        with self._turn:
            asked = self._tokenizer(prompt, return_tensors="pt", add_special_tokens=not templated)
            full = self._model.generate(**asked, max_new_tokens=max_new_tokens, do_sample=False)
        ids = full[0, asked.input_ids.shape[1] :].tolist()
        ended = bool(ids) and ids[-1] == self._tokenizer.eos_token_id
        text = self._tokenizer.decode(ids, skip_special_tokens=True)
        tokens = tuple(self._tokenizer.decode([one]) for one in ids)
        return _stop_at(Written(text, tokens, "eos_token" if ended else "length"), stop, self._tokenizer.tokenize)


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _split_words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _stop_at(written: Written, stop: Sequence[str], split: Callable[[str], list[str]]) -> Written:
    found = [(written.text.index(one), one) for one in stop if one and one in written.text]
    if not found:
        return written
    where, which = min(found)
    text = written.text[: where + len(which)]
    return replace(written, text=text, tokens=tuple(split(text)), finish_reason="stop_sequence", stopped_at=which)
