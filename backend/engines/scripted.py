"""Answers by rules instead of a model: for rehearsals, tests and screenshots, and never in edition full."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from backend.domain import Edition, Engine, Finish, ModelSource, Prediction, Prompt, Role, Window
from backend.errors import Halted, UsageError
from backend.settings import Settings

OWNER = "scripted"
PACE_SECONDS = 0.2
_SENTENCE = re.compile(r"[^.?!\n]+[.?!]?")
_DENIAL = re.compile(r"\b(no|not|never|without|normal|unchanged|clear|well)\b", re.IGNORECASE)


def follow_rules(question: str) -> str:
    """A label guessed from denials and shared words, or the message's last question."""
    if "Hypothesis:" in question:
        premise, hypothesis = question.split("Hypothesis:", 1)
        if _DENIAL.search(hypothesis):
            return "contradiction"
        return "entailment" if _long_words(premise) & _long_words(hypothesis) else "neutral"
    asked = [sentence for sentence in _SENTENCE.findall(_body(question)) if sentence.endswith("?")]
    return asked[-1].strip() if asked else first_sentence(question)


def first_sentence(question: str) -> str:
    """The first sentence of what was asked about."""
    found = _SENTENCE.search(_body(question))
    return found.group().strip() if found else ""


def say_nothing(question: str) -> str:
    """An empty answer."""
    return ""


SCRIPTS: Mapping[str, Callable[[str], str]] = {
    "rules": follow_rules,
    "slow": follow_rules,
    "first-sentence": first_sentence,
    "silent": say_nothing,
}


class Script:
    """Answers prompts by one script; `scripted/slow` takes its time so that progress can be watched."""

    def __init__(self, name: str, halt: Event) -> None:
        self._answer = SCRIPTS[name]
        self._pace = PACE_SECONDS if name == "slow" else 0
        self._halt = halt
        self.window = Window(None, lambda messages: 0)
        self.facts: Mapping[str, str | int | float | None] = {"engine_version": "1", "template": "scripted"}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """One answer per prompt, in order."""
        for prompt in prompts:
            if self._halt.wait(self._pace) if self._pace else self._halt.is_set():
                raise Halted("The evaluation was told to stop.")
            question = next(turn.content for turn in reversed(prompt.messages) if turn.role is Role.USER)
            yield Prediction(example_id=prompt.example_id, text=self._answer(question), finish=Finish.STOP)


def script_name(model_id: str) -> str | None:
    """The script that an id like scripted/name asks for, None for another id; UsageError for an unknown one."""
    owner, _, name = model_id.partition("/")
    if owner != OWNER:
        return None
    if name not in SCRIPTS:
        raise UsageError(
            f"There is no script {name!r}. The scripts are: {', '.join(f'{OWNER}/{known}' for known in SCRIPTS)}."
        )
    return name


@contextmanager
def open_script(source: ModelSource, settings: Settings, halt: Event) -> Iterator[Script]:
    """The script that the id names, rules for any other id."""
    yield Script(script_name(source.hub_id) or "rules", halt)


def _body(question: str) -> str:
    return question.removeprefix("Message:").removesuffix("Question:").split("MESSAGE:")[-1]


def _long_words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 5} - {"premise", "patient", "relation"}


ENGINE = Engine(
    name="scripted",
    title="scripted rules (a rehearsal, not a model)",
    keeps_text_home=True,
    editions=frozenset({Edition.REHEARSAL}),
    from_hub=False,
    accept=script_name,
    open=open_script,
)
