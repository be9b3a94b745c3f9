"""Answers by rules or written replies instead of a model: for rehearsals and tests, and never in edition full."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from backend.domain import Edition, Engine, Finish, ModelSource, Prediction, Prompt, Role, Window
from backend.engines.rules import first_sentence, follow_rules
from backend.errors import UsageError
from backend.halting import halt_if
from backend.settings import Settings

OWNER = "scripted"
DELAY_SECONDS = 0.1


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
        self._delay = DELAY_SECONDS if name == "slow" else 0
        self._halt = halt
        self.window = Window(None, lambda messages: 0)
        self.facts: Mapping[str, str | int | float | None] = {"engine_version": "1", "template": "scripted"}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """One answer per prompt, in order."""
        for prompt in prompts:
            halt_if(self._halt.wait(self._delay) if self._delay else self._halt.is_set())
            question = next(turn.content for turn in reversed(prompt.messages) if turn.role is Role.USER)
            yield Prediction(example_id=prompt.example_id, text=self._answer(question), finish=Finish.STOP)


class Replies:
    """Answers prompts with what was written down for them, by example id.

    `folder` holds *.jsonl files of objects with `example_id` and `text` or `answer`, such as `evaluate --out` writes.
    """

    def __init__(self, folder: Path, halt: Event) -> None:
        self._folder = folder
        self._replies = _read_replies(folder)
        self._halt = halt
        self.window = Window(None, lambda messages: 0)
        self.facts: Mapping[str, str | int | float | None] = {"engine_version": "1", "template": "recorded"}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """One answer per prompt, in order; UsageError at the first prompt that has none."""
        for prompt in prompts:
            halt_if(self._halt.is_set())
            if prompt.example_id not in self._replies:
                raise UsageError(f"{self._folder} holds no reply for example {prompt.example_id}.")
            text = self._replies[prompt.example_id]
            yield Prediction(example_id=prompt.example_id, text=text, finish=Finish.STOP, truncated=prompt.truncated)


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
def open_script(source: ModelSource, settings: Settings, halt: Event) -> Iterator[Script | Replies]:
    """The replies of a folder, else the script that the id names, rules for any other id."""
    if source.folder is not None:
        yield Replies(source.folder, halt)
    else:
        yield Script(script_name(source.hub_id) or "rules", halt)


def _read_replies(folder: Path) -> dict[str, str]:
    replies: dict[str, str] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                record = json.loads(line)
                known, text = str(record["example_id"]), str(record["text"] if "text" in record else record["answer"])
            except (ValueError, LookupError, TypeError):
                raise UsageError(f"{path}, line {number} is no object with example_id and text.") from None
            if replies.setdefault(known, text) != text:
                raise UsageError(f"{path}, line {number}: example {known} has another reply already.")
    return replies


ENGINE = Engine(
    name="scripted",
    title="scripted rules (a rehearsal, not a model)",
    keeps_text_home=True,
    editions=frozenset({Edition.REHEARSAL}),
    from_hub=False,
    takes_folder=True,
    accept=script_name,
    open=open_script,
)
