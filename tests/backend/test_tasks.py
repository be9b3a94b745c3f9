"""What every task owes: pure prompts, no gold in them, shots that are never scored, and one version per wording."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.domain import Access, Dataset, Edition, Example, Role, Task, Window
from backend.errors import DataMissing
from backend.prompting import plain_text
from backend.tasks import all_tasks
from tests.workbooks import MeqsumData

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
WIDE = Window(None, lambda messages: 0)
NAMES = sorted(all_tasks())


def datasets(task: Task, folder: Path) -> Iterator[Dataset]:
    """The rehearsal, and the benchmark's own data where they are."""
    yield task.load(Edition.REHEARSAL, folder)
    try:
        yield task.load(Edition.FULL, folder)
    except DataMissing:
        return


def own_words(example: Example) -> str:
    return "\n".join(example.fields.values()).lower()


def test_the_registry_holds_each_task_under_its_name_level_by_level() -> None:
    tasks = all_tasks()
    assert {"mednli", "meqsum"} <= tasks.keys()
    assert all(name == task.name and name.isidentifier() for name, task in tasks.items())
    levels = [task.level for task in tasks.values()]
    assert levels == sorted(levels)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_introduces_itself(name: str) -> None:
    task = all_tasks()[name]
    assert task.version >= 1 and task.access in Access and task.metrics
    assert task.summary.endswith(".") and task.source.startswith("https://") and task.licence
    assert len({metric.name for metric in task.metrics}) == len(task.metrics)
    assert all(metric.title and metric.meaning.endswith(".") for metric in task.metrics)


@pytest.mark.parametrize("name", NAMES)
def test_asking_is_pure(name: str, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, meqsum_data.folder):
        again = task.load(Edition.REHEARSAL, meqsum_data.folder) if "invented" in dataset.source else dataset
        for example, other in zip(dataset.examples[:50], again.examples, strict=False):
            first = task.ask(example, WIDE)
            assert first == task.ask(example, WIDE) == task.ask(other, WIDE)
            assert first.example_id == example.id and not first.truncated and first.max_new_tokens > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_answer_is_never_in_the_prompts_own_turn(name: str, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, meqsum_data.folder):
        assert dataset.examples
        for example in dataset.examples:
            turn = task.ask(example, WIDE).messages[-1]
            assert turn.role is Role.USER
            if example.reference.lower() not in own_words(example):
                assert example.reference.lower() not in turn.content.lower(), example.id


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_answer_changes_nothing_in_the_prompt(name: str, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, meqsum_data.folder):
        for example in dataset.examples[:50]:
            assert task.ask(replace(example, reference="CANARY"), WIDE) == task.ask(example, WIDE)


@pytest.mark.parametrize("name", NAMES)
def test_shots_and_their_clusters_are_never_scored(name: str, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, meqsum_data.folder):
        shown = dataset.examples[0].shots
        assert all(example.shots == shown for example in dataset.examples)
        assert not {shot.id for shot in shown} & {example.id for example in dataset.examples}
        assert not {shot.cluster for shot in shown} & {example.cluster for example in dataset.examples}
        assert len({example.id for example in dataset.examples}) == len(dataset.examples)


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_answer_is_read_as_itself(name: str, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, meqsum_data.folder):
        assert all(task.answer(example.reference) == example.reference for example in dataset.examples)


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_changes_only_with_a_new_version(name: str) -> None:
    task = all_tasks()[name]
    prompt = task.ask(task.specimen, WIDE)
    made = {
        "task": task.name,
        "version": task.version,
        "max_new_tokens": prompt.max_new_tokens,
        "messages": [[str(message.role), message.content] for message in prompt.messages],
        "plain_text": plain_text(prompt.messages),
    }
    path = GOLDEN / f"{name}.v{task.version}.json"
    assert path.is_file(), f"{path.name} is missing. Version {task.version} is new: write it there:\n{json.dumps(made)}"
    assert made == json.loads(path.read_text(encoding="utf-8")), (
        f"The prompts of {name} have changed, so scores are no longer comparable. Give the task version "
        f"{task.version + 1} and write its prompts to {name}.v{task.version + 1}.json; leave {path.name} as it is."
    )


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_golden_prompt_belongs_to_a_task(path: Path) -> None:
    golden = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == f"{golden['task']}.v{golden['version']}.json"
    assert golden["version"] <= all_tasks()[golden["task"]].version
