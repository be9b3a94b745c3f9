"""Messages become the text that a model was made to read."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.domain import Message, Role
from backend.engines.local.template_limits import Limits, TemplateOutgrown, within
from backend.errors import FailureCode, ModelFault
from backend.prompting import merge_system, plain_text

# Templates that write today's date must write the same one every day.
FIXED_DATE = datetime(2024, 7, 26)
Prepare = Callable[[Sequence[Message]], tuple[Message, ...]]
LIMITS = Limits()
PROBE = (Message(Role.SYSTEM, "Answer with one word."), Message(Role.USER, "Is water wet?"))


@dataclass(frozen=True, slots=True)
class PromptFormat:
    """How messages become text: `template` is chat, system_merged or plain; `digest` is of the template's source."""

    template: str
    digest: str | None
    render: Callable[[Sequence[Message]], str]


def choose_form(tokenizer: Any, limits: Limits = LIMITS) -> PromptFormat:
    """The tokenizer's chat template, or plain text without one.

    The instruction is merged into the first user turn where the template refuses or drops a system role. ModelFault
    with template_error when it renders neither way, or not within the limits.
    """
    source = tokenizer.chat_template
    if source is None:
        return PromptFormat("plain", None, plain_text)
    if isinstance(source, dict):
        source = source.get("default") or next(iter(source.values()), None)
    if not isinstance(source, str):
        raise ModelFault(FailureCode.TEMPLATE_ERROR)
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()

    def render(messages: Sequence[Message]) -> str:
        try:
            with within(limits):
                return _written(tokenizer, source, messages, limits.characters)
        # A template is the submitter's program: it may raise anything, with the prompt in it.
        except Exception as error:  # noqa: BLE001
            raise ModelFault(FailureCode.TEMPLATE_ERROR, type(error).__name__) from None

    ways: tuple[tuple[str, Prepare], ...] = (("chat", tuple), ("system_merged", merge_system))
    for name, prepare in ways:
        try:
            shown = render(prepare(PROBE))
        except ModelFault:
            continue
        if all(message.content in shown for message in PROBE):
            return PromptFormat(name, digest, _compose(prepare, render))
    raise ModelFault(FailureCode.TEMPLATE_ERROR)


def _compose(prepare: Prepare, render: Callable[[Sequence[Message]], str]) -> Callable[[Sequence[Message]], str]:
    return lambda messages: render(prepare(messages))


def _written(tokenizer: Any, source: str, messages: Sequence[Message], most: int) -> str:
    """What the template makes of the messages on the fixed date; TemplateOutgrown when that is too long."""
    from transformers.utils.chat_template_utils import _compile_jinja_template

    # The library's own clock: what is passed beside the messages reaches a template as plain data, never as a function.
    _compile_jinja_template(source).environment.globals["strftime_now"] = FIXED_DATE.strftime
    text = tokenizer.apply_chat_template(
        [{"role": str(message.role), "content": message.content} for message in messages],
        chat_template=source,
        tokenize=False,
        add_generation_prompt=True,
        date_string=FIXED_DATE.strftime("%d %b %Y"),
    )
    if len(text) > most:
        raise TemplateOutgrown
    return str(text)
