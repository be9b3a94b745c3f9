"""Prompts to ask engines with, and the settings to ask them under."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.domain import Message, ModelClient, ModelSource, Prediction, Prompt, Role
from backend.settings import Settings

SHA = "0123456789abcdef0123456789abcdef01234567"
QUESTIONS = (
    "Does the man have a fever?",
    "Is a temperature of 39.5 °C dangerous for a child {of 4}?",
    "A retired teacher on anticoagulation presents with headache. Entailment, contradiction or neutral?",
    "Yes, no or maybe? İ ß \u00a0 <b>&amp;</b>",
    "dysuria, flank tenderness and rigors " * 12,
    "?",
    "What is gout?",
    "Laboratory findings: CRP 112 mg/L, leukocytes 14.2 G/L, creatinine 1.4 mg/dL. Is it serious?\n\nAnswer:",
    "The chest radiograph shows a right lower lobe consolidation. " * 5,
    "Answer with one word.",
    "### Input\nWhat comes now?",
    "1",
)


def prompt(number: int, question: str, *, new: int = 12, truncated: bool = False) -> Prompt:
    """A prompt with an instruction, one worked example and the question."""
    turns = (
        Message(Role.SYSTEM, "You are a careful doctor. Answer in one word."),
        Message(Role.USER, "Is water wet?"),
        Message(Role.ASSISTANT, "yes"),
        Message(Role.USER, question),
    )
    return Prompt(example_id=f"q-{number}", messages=turns, max_new_tokens=new, truncated=truncated)


def prompts(count: int = len(QUESTIONS), *, new: int = 12) -> list[Prompt]:
    """So many different prompts."""
    return [
        prompt(
            number, QUESTIONS[number % len(QUESTIONS)] + (f" ({number})" if number >= len(QUESTIONS) else ""), new=new
        )
        for number in range(count)
    ]


def by_id(predictions: Iterable[Prediction]) -> Mapping[str, Prediction]:
    """The predictions by example, no example twice."""
    found: dict[str, Prediction] = {}
    for prediction in predictions:
        assert prediction.example_id not in found, "an answer came twice"
        found[prediction.example_id] = prediction
    return found


def assert_answers_all(client: ModelClient, asked: Sequence[Prompt]) -> Mapping[str, Prediction]:
    """The predictions by example: exactly one for each prompt, its marks kept, and the client's facts are plain."""
    found = by_id(client.complete(asked))
    assert found.keys() == {one.example_id for one in asked}
    for one in asked:
        assert found[one.example_id].truncated is one.truncated
    assert client.facts["engine_version"] and client.facts["template"]
    assert all(value is None or isinstance(value, str | int | float) for value in client.facts.values())
    return found


def local(folder: Path) -> ModelSource:
    """A model in a folder."""
    return ModelSource(hub_id="acme/tiny", revision=SHA, folder=folder)


def served(url: str, revision: str = SHA) -> ModelSource:
    """A model behind a URL that is given open texts."""
    return ModelSource(hub_id="acme/tiny", revision=revision, url=url, confides=frozenset())


def changed(settings: Settings, **values: Any) -> Settings:
    """The settings with some values of the test's own."""
    return settings.model_copy(update=values)
