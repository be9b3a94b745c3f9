"""LongHealth as the paper had it in June 2024: 8,140 of the model's own tokens, and one sentence that counts."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from backend.domain import Dataset, Example, Message, Metric, Prompt, Role, Task, Window
from backend.metrics.labels import accuracy
from backend.paper.clone import CloneScript
from backend.paper.few_shot import MARK
from backend.paper.measures import judged_by, stated_option
from backend.paper.prompts import beginning_cut, conversation
from backend.paper.tasks import VERSION
from backend.paper.templates import read_template
from backend.tasks import longhealth

BUDGET = 8_140
GAPS = {"documents": "documents", "question_text": "question", "options": "options"}
MAX_NEW_TOKENS = 50
NOTHING = {"documents": "", "question": "", "options": ""}
_PROBE = Message(Role.SYSTEM, "."), Message(Role.USER, ".")


def paper_longhealth(script: CloneScript) -> Task:
    """The questions, repetitions and draws of our own task, asked and judged as in the paper."""
    template = read_template(script, "prompt_template", GAPS)
    instruction, separator = script.text("sys_prompt"), script.default("create_prompt", "separator")
    unanswered = script.under("answer_f")

    def load(data_dir: Path) -> Dataset:
        dataset = longhealth.load(data_dir)
        examples = tuple(_as_published(example, unanswered) for example in dataset.examples)
        return replace(dataset, examples=examples, anomalies=())

    def ask(example: Example, window: Window) -> Prompt:
        asked = {"question": example.fields["question"], "options": _options(example)}
        fixed = (instruction, template.fill(NOTHING), *asked.values())
        documents = _fill(example, BUDGET - sum(tokens(text, window) for text in fixed), separator, window)
        return beginning_cut(
            example_id=example.id,
            messages=conversation(instruction, [], template.fill({"documents": documents, **asked})),
            begun="",
            max_new_tokens=MAX_NEW_TOKENS,
            window=window,
        )

    return replace(
        longhealth.TASK,
        version=VERSION,
        load=load,
        ask=ask,
        answer=lambda text, example: stated_option(text),
        metrics=tuple(_stated(metric) for metric in longhealth.TASK.metrics if metric.averaged),
    )


@lru_cache(maxsize=2048)
def tokens(text: str, window: Window) -> int:
    """How many of the model's tokens a text is, give or take one; a number is kept, for documents come many times."""
    system, empty = _PROBE
    return window.count((system, replace(empty, content=text))) - window.count(_PROBE) + 1


def _as_published(example: Example, unanswered: str) -> Example:
    """The example with the authors' sixth option, and with their key: the last option that has the right text in it."""
    offered = {name: text for name, text in example.fields.items() if name.startswith("option ")}
    if longhealth.UNANSWERED in (name[-1] for name in offered):
        offered[f"option {longhealth.UNANSWERED}"] = unanswered
    right = offered[f"option {example.reference[0]}"]
    return replace(
        example,
        id=MARK + example.id,
        item=MARK + (example.item or example.id),
        fields={**example.fields, **offered},
        reference=[name[-1] for name, text in offered.items() if right in text][-1],
    )


def _options(example: Example) -> str:
    return "\n".join(f"{name[-1]}: {text}" for name, text in example.fields.items() if name.startswith("option "))


def _fill(example: Example, room: int, separator: str, window: Window) -> str:
    """Documents as listed while there is room, the one that does not fit up to where it ends, then all in their order.

    Twice as much is set aside between two documents as is written there, as the authors' script does.
    """
    documents = [text for name, text in example.fields.items() if name.startswith("document ")]
    between = f"\n\n{separator}\n\n"
    taken: dict[str, str] = {}
    for number, document in enumerate(documents, 1):
        length = tokens(document, window)
        if length > room:
            # In proportion: cutting at a token would take the tokenizer, which is in the model's process.
            taken[str(number)] = document[: len(document) * max(room, 0) // length]
            break
        taken[str(number)] = document
        room -= length + tokens(between + separator, window)
    return between.join(taken[number] for number in example.fields["order"].split() if number in taken)


def _stated(metric: Metric) -> Metric:
    return judged_by(metric, accuracy, f"{metric.title}: share of answers that state the right option in one form.")
