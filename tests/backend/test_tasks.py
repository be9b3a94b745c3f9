"""What every task owes: pure prompts, no gold in them, shots that are never scored, and one version per wording."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from backend.datasets.rehearsal import odd_replies
from backend.domain import LEVEL_TASKS, Access, Dataset, Example, Message, Role, Task, Window
from backend.errors import DataMissing
from backend.prompting import plain_text
from backend.tasks import all_tasks
from tests.workbooks import MeqsumData

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
WIDE = Window(None, lambda messages: 0)
NAMES = sorted(all_tasks())


def datasets(task: Task, rehearsal: Path, genuine: Path) -> Iterator[Dataset]:
    """The rehearsal, and the benchmark's own data where they are here and open: a failure shows what was compared."""
    yield task.load(rehearsal)
    if task.access is Access.OPEN:
        try:
            yield task.load(genuine)
        except DataMissing:
            return


def own_words(example: Example) -> str:
    return "\n".join(example.fields.values()).lower()


def gold_answers(task: Task, example: Example) -> Sequence[str]:
    """Every right answer: a reference of LongHealth is the letters of the right options, one after the other."""
    return [*example.reference] if task.name == "longhealth" else [example.reference]


def test_the_registry_holds_each_task_under_its_name_level_by_level() -> None:
    tasks = all_tasks()
    assert all(name == task.name and name.isidentifier() for name, task in tasks.items())
    levels = [task.level for task in tasks.values()]
    assert levels == sorted(levels)
    assert all(name in LEVEL_TASKS[task.level] for name, task in tasks.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_task_introduces_itself(name: str) -> None:
    task = all_tasks()[name]
    assert task.version >= 1 and task.access in Access and task.metrics
    assert task.summary.endswith(".") and task.source.startswith("https://") and task.licence
    assert len({metric.name for metric in task.metrics}) == len(task.metrics)
    assert all(metric.title and metric.meaning.endswith(".") for metric in task.metrics)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_how_to_get_it_and_only_open_ones_have_a_source(name: str) -> None:
    task = all_tasks()[name]
    assert task.file is not None and task.file.places and task.file.obtain.endswith(".")
    assert (task.file.url is not None) is (task.access is Access.OPEN)


@pytest.mark.parametrize("name", NAMES)
def test_asking_is_pure(name: str, rehearsal_data: Path, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    again = task.load(rehearsal_data).examples
    for dataset in datasets(task, rehearsal_data, meqsum_data.folder):
        others = again if len(again) == len(dataset.examples) else dataset.examples
        for example, other in zip(dataset.examples[:50], others, strict=False):
            first = task.ask(example, WIDE)
            assert first == task.ask(example, WIDE) == task.ask(other, WIDE)
            assert first.example_id == example.id and not first.truncated and first.max_new_tokens > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_answer_is_never_in_the_prompts_own_turn(
    name: str, rehearsal_data: Path, meqsum_data: MeqsumData
) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, rehearsal_data, meqsum_data.folder):
        assert dataset.examples
        for example in dataset.examples:
            turn = task.ask(example, WIDE).messages[-1]
            assert turn.role is Role.USER
            if example.reference.lower() not in own_words(example):
                assert example.reference.lower() not in turn.content.lower(), example.id


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_answer_changes_nothing_in_the_prompt(
    name: str, rehearsal_data: Path, meqsum_data: MeqsumData
) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, rehearsal_data, meqsum_data.folder):
        for example in dataset.examples[:50]:
            assert task.ask(replace(example, reference="CANARY"), WIDE) == task.ask(example, WIDE)


@pytest.mark.parametrize("name", NAMES)
def test_shots_and_their_clusters_are_never_scored(name: str, rehearsal_data: Path, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, rehearsal_data, meqsum_data.folder):
        shown = dataset.examples[0].shots
        assert all(example.shots == shown for example in dataset.examples)
        assert all(example.reference for example in (*shown, *dataset.examples))
        assert not {shot.id for shot in shown} & {example.id for example in dataset.examples}
        assert not {shot.cluster for shot in shown} & {example.cluster for example in dataset.examples}
        assert len({example.id for example in dataset.examples}) == len(dataset.examples)


@pytest.mark.parametrize("name", NAMES)
def test_a_narrow_window_is_kept_and_said_to_have_cut(name: str, rehearsal_data: Path) -> None:
    def characters(messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)

    task = all_tasks()[name]
    for example in task.load(rehearsal_data).examples[:20]:
        whole = task.ask(example, Window(None, characters))
        needed = characters(whole.messages) + whole.max_new_tokens
        assert task.ask(example, Window(needed, characters)) == whole
        narrow = task.ask(example, Window(needed - 1, characters))
        assert narrow.truncated and characters(narrow.messages) + narrow.max_new_tokens < needed


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_answer_is_read_as_itself(name: str, rehearsal_data: Path, meqsum_data: MeqsumData) -> None:
    task = all_tasks()[name]
    for dataset in datasets(task, rehearsal_data, meqsum_data.folder):
        for example in dataset.examples:
            assert all(task.answer(gold, example) == gold for gold in gold_answers(task, example)), example.id


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_model_writes_is_read_as_an_answer_or_as_none(name: str) -> None:
    task = all_tasks()[name]
    for what, reply in odd_replies(task.specimen.reference).items():
        read = task.answer(reply, task.specimen)
        assert read is None or read == read.strip(), what
        assert read or what != "exact gold"
        assert not read or reply.strip(), what


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


def test_no_example_of_one_task_has_the_name_of_another_tasks(rehearsal_data: Path) -> None:
    names = [example.id for task in all_tasks().values() for example in task.load(rehearsal_data).examples]
    assert len(names) == len(set(names))
