"""Runs are compared on what they share, in every cell of the board; what cannot be compared is missing or refused."""

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.comparison import compare_folders
from backend.domain import LEVEL_TASKS, ScoredExample, Task
from backend.errors import UsageError
from backend.reporting import read_examples, write_examples
from backend.statistics import Floats, estimate, seed_of
from tests.backend.toys import metric, same, toy_task

SECRET = "Mrs Doe was admitted"
TOY = toy_task(metrics=[metric("same", same)])
Values = Mapping[str, float | None]
Numbers = Sequence[float] | Floats


def judged(number: int, values: Values, *, size: int = 1, reference: str = "4") -> ScoredExample:
    """The judged answer to one example; so many make a cluster."""
    name = f"sum-{number}"
    return ScoredExample(
        example_id=name, item=name, cluster=f"c{number // size}", answer=SECRET, reference=reference, metrics=values
    )


def write(folder: Path, values: Numbers, task: Task = TOY, *, start: int = 0) -> Path:
    """A folder with these values of the task's every metric, from example `start` on."""
    folder.mkdir(exist_ok=True)
    lines = [judged(n, {one.name: float(value) for one in task.metrics}) for n, value in enumerate(values, start)]
    write_examples(folder, task, lines)
    return folder


def runs(tmp_path: Path, *values: Numbers, tasks: Sequence[Task] = (TOY,)) -> dict[str, Path]:
    """Folders a, b, … with these values in every task."""
    folders = {name: tmp_path / name for name, _ in zip("abcdefgh", values, strict=False)}
    for folder, found in zip(folders.values(), values, strict=True):
        for task in tasks:
            write(folder, found, task)
    return folders


def told(folders: Mapping[str, Path], tasks: Sequence[Task] = (TOY,)) -> str:
    """The sentence of a comparison that cannot be made; no text of an answer is in it."""
    with pytest.raises(UsageError) as caught:
        compare_folders(folders, tasks)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def only_pair(record: Mapping[str, Any], cell: str) -> Any:
    (pair,) = record["cells"][cell]["pairs"]
    return pair


def test_two_runs_worked_by_hand(tmp_path: Path) -> None:
    record = compare_folders(runs(tmp_path, [1, 1, 1, 0], [1, 0, 0, 0]), [TOY])
    assert record["runs"] == ["a", "b"] and list(record["cells"]) == ["toy", "toy.same"]
    cell, pair = record["cells"]["toy"], only_pair(record, "toy")
    assert {run: score["value"] for run, score in cell["runs"].items()} == {"a": 75.0, "b": 25.0}
    assert (pair["first"], pair["second"], pair["n"], pair["difference"]) == ("a", "b", 4, 50.0)
    assert pair["finding"] == "cannot tell" and pair["low"] < 0 < pair["high"]
    assert cell["runs"]["a"]["rank"] == [1, 2]


def test_a_difference_is_better_worse_or_cannot_be_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    base = rng.random(150)
    record = compare_folders(runs(tmp_path, base / 2 + 0.2, base / 2, rng.permutation(base / 2)), [TOY])
    pairs = {pair["first"] + pair["second"]: pair for pair in record["cells"]["toy"]["pairs"]}
    assert {name: pair["finding"] for name, pair in pairs.items()} == {
        "ab": "better",
        "ac": "better",
        "bc": "cannot tell",
    }
    assert pairs["ab"]["difference"] == pytest.approx(20)
    assert [score["rank"] for score in record["cells"]["toy"]["runs"].values()] == [[1, 1], [2, 3], [2, 3]]
    turned = compare_folders({name: tmp_path / name for name in "ba"}, [TOY])
    assert only_pair(turned, "toy")["finding"] == "worse"


def test_a_run_is_scored_as_its_evaluation_scored_it(tmp_path: Path) -> None:
    values, names = np.random.default_rng(3).random(60).tolist(), [f"{n}" for n in range(60)]
    score = compare_folders(runs(tmp_path, values, values), [TOY])["cells"]["toy.same"]["runs"]["a"]
    alone = estimate(np.array([values]), names, names, seed=seed_of("toy"))
    assert alone.bounds is not None
    assert [score["value"], score["low"], score["high"]] == pytest.approx(
        [100 * alone.means[0], *100 * alone.bounds[0]]
    )


def test_what_only_one_run_was_asked_is_left_out_of_the_difference(tmp_path: Path) -> None:
    folders = {"a": write(tmp_path / "a", [1, 1, 0, 0]), "b": write(tmp_path / "b", [0, 0, 1, 1], start=2)}
    record = compare_folders(folders, [TOY])
    assert only_pair(record, "toy")["n"] == 2 and only_pair(record, "toy")["difference"] == 0
    assert record["cells"]["toy"]["runs"]["b"] == {**record["cells"]["toy"]["runs"]["b"], "value": 50.0, "n": 4}


def test_a_run_that_never_saw_a_task_is_missing_there(tmp_path: Path) -> None:
    folders = {**runs(tmp_path, [1, 0, 1], [0, 0, 1]), "c": tmp_path / "c"}
    folders["c"].mkdir()
    cell = compare_folders(folders, [TOY])["cells"]["toy"]
    assert cell["runs"]["c"] == {"value": None, "low": None, "high": None, "n": 0, "rank": None}
    assert [pair["finding"] for pair in cell["pairs"]] == ["cannot tell", None, None]
    assert cell["pairs"][1] == {
        **dict.fromkeys(("difference", "low", "high", "p", "p_adjusted", "detectable", "finding")),
        "first": "a",
        "second": "c",
        "n": 0,
    }


def test_parts_of_a_task_are_averaged_and_their_repetitions_first(tmp_path: Path) -> None:
    task = toy_task(metrics=[metric("one", same), metric("two", same)])
    none: dict[str, float | None] = {"one": None, "two": None}
    for name, first in (("a", 1.0), ("b", 0.0)):
        (tmp_path / name).mkdir()
        parts = [
            ("one", "q1", first),
            ("one", "q1", 1.0),
            ("one", "q2", 0.0),
            ("two", "q1", first),
            ("two", "q2", first),
        ]
        lines = [
            replace(judged(n, {**none, part: value}), item=item, cluster=f"p{item}")
            for n, (part, item, value) in enumerate(parts)
        ]
        write_examples(tmp_path / name, task, lines)
    record = compare_folders({name: tmp_path / name for name in "ab"}, [task])
    found = {key: only_pair(record, key)["difference"] for key in record["cells"]}
    assert found == pytest.approx({"toy": 62.5, "toy.one": 25.0, "toy.two": 100.0})
    assert only_pair(record, "toy")["n"] == 2


def test_a_metric_beside_the_score_is_no_part_of_it(tmp_path: Path) -> None:
    task = replace(TOY, metrics=(*TOY.metrics, replace(metric("strict", same), averaged=False)))
    for name in "ab":
        (tmp_path / name).mkdir()
        write_examples(tmp_path / name, task, [judged(n, {"same": 1.0, "strict": 0.0}) for n in range(3)])
    cells = compare_folders({name: tmp_path / name for name in "ab"}, [task])["cells"]
    assert [cells[key]["runs"]["a"]["value"] for key in ("toy", "toy.strict")] == [100.0, 0.0]


def test_a_metric_that_one_run_lacks_makes_its_averages_missing(tmp_path: Path) -> None:
    task = toy_task(metrics=[metric("same", same), metric("umls", same)])
    folders = runs(tmp_path, [1, 0, 1], [1, 0, 0], tasks=[task])
    write_examples(folders["b"], task, [judged(n, {"same": 0.0, "umls": None}) for n in range(3)])
    cells = compare_folders(folders, [task])["cells"]
    assert [cells[key]["runs"]["b"]["value"] for key in ("toy", "toy.same", "toy.umls")] == [None, 0.0, None]
    assert cells["toy"]["pairs"][0]["finding"] is None and cells["toy.same"]["pairs"][0]["finding"] is not None


def six(metrics: int = 1) -> list[Task]:
    kinds = [metric(f"m{number}", same) for number in range(metrics)]
    return [toy_task(name, metrics=kinds) for names in LEVEL_TASKS.values() for name in names]


def test_levels_and_overall_are_compared_once_all_six_tasks_are(tmp_path: Path) -> None:
    tasks, rng = six(), np.random.default_rng(5)
    folders = runs(tmp_path, rng.random(40), rng.random(40), tasks=tasks)
    for name in LEVEL_TASKS[next(iter(LEVEL_TASKS))]:
        write(folders["a"], rng.random(40), next(task for task in tasks if task.name == name))
    record = compare_folders(folders, tasks)
    assert list(record["cells"])[:3] == ["overall", "level_1", "level_2"]
    found = {key: only_pair(record, key)["difference"] for key in record["cells"]}
    for level, names in LEVEL_TASKS.items():
        assert found[f"level_{level}"] == pytest.approx(np.mean([found[name] for name in names]))
    assert found["overall"] == pytest.approx((found["level_1"] + found["level_2"]) / 2)
    assert only_pair(record, "overall")["n"] == 240
    assert only_pair(record, "overall")["detectable"] < only_pair(record, "mednli")["detectable"] / 2
    short = compare_folders(folders, tasks[:4])["cells"]
    assert "level_1" in short and "level_2" not in short and "overall" not in short


def test_p_values_are_adjusted_for_all_pairs_in_all_cells_of_a_kind(tmp_path: Path) -> None:
    tasks, rng = six(metrics=2), np.random.default_rng(7)
    folders = runs(tmp_path, *(rng.random(30) for _ in range(3)), tasks=tasks)
    cells = compare_folders(folders, tasks)["cells"]
    tests = {key: cells[key]["tests"] for key in ("overall", "level_1", "mednli", "mednli.m0")}
    assert tests == {"overall": 3, "level_1": 6, "mednli": 18, "mednli.m0": 6}
    pairs = [pair for task in tasks for pair in cells[task.name]["pairs"]]
    least = min(pairs, key=lambda pair: pair["p"])
    assert least["p_adjusted"] == pytest.approx(min(1, 18 * least["p"]))


def test_lines_without_item_and_cluster_are_their_own_and_learn_from_others(tmp_path: Path) -> None:
    folders = runs(tmp_path, [1, 1, 0, 1], [0, 1, 0, 0])
    write_examples(folders["b"], TOY, [judged(n, {"same": 0.0}, size=2) for n in range(4)])
    path = folders["a"] / "toy.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(json.dumps({k: v for k, v in one.items() if k not in ("item", "cluster")}) + "\n" for one in lines)
    )
    assert [(one.item, one.cluster) for one in read_examples(path)] == [(f"sum-{n}",) * 2 for n in range(4)]
    older = only_pair(compare_folders(folders, [TOY]), "toy")
    write_examples(folders["a"], TOY, [judged(n, {"same": value}, size=2) for n, value in enumerate((1, 1, 0, 1))])
    assert only_pair(compare_folders(folders, [TOY]), "toy") == older


def test_a_record_is_json_without_any_answer(tmp_path: Path) -> None:
    folders = {**runs(tmp_path, [1, 0, 1], [0, 0, 1]), "c": write(tmp_path / "c", [1], start=9)}
    text = json.dumps(compare_folders(folders, [TOY]), allow_nan=False)
    assert SECRET not in text and "sum-" not in text


def test_judged_answers_are_read_as_they_were_written(tmp_path: Path) -> None:
    lines = [replace(judged(n, {"same": 0.5, "umls": None}), answer=f"a\u2028b\x85c\n{n} ü") for n in range(3)]
    write_examples(tmp_path, TOY, lines)
    assert read_examples(tmp_path / "toy.jsonl") == lines


def test_one_folder_cannot_be_compared(tmp_path: Path) -> None:
    assert "at least two" in told(runs(tmp_path, [1, 0]))


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    folders = {**runs(tmp_path, [1, 0]), "b": tmp_path / "nowhere"}
    assert "nowhere is not a folder" in told(folders) and "--out" in told(folders)


@pytest.mark.parametrize(
    "line",
    [
        f'{{"example_id": "sum-9", "answer": "{SECRET}',
        f'{{"example_id": "sum-9", "answer": "{SECRET}", "reference": "4"}}',
        f'{{"answer": "{SECRET}", "reference": "4", "metrics": {{}}}}',
        f'{{"example_id": "sum-9", "answer": "{SECRET}", "reference": "4", "metrics": {{"same": NaN}}}}',
        f'{{"example_id": "sum-9", "answer": "{SECRET}", "reference": "4", "metrics": {{"same": "{SECRET}"}}}}',
        f'["{SECRET}"]',
        f'"{SECRET}"',
        "",
        '{"run": {"task": "toy"}, "facts": {}}',
    ],
)
def test_a_line_that_is_no_judged_answer_is_named_without_its_text(tmp_path: Path, line: str) -> None:
    folders = runs(tmp_path, [1, 0], [0, 1])
    with (folders["b"] / "toy.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    assert "b/toy.jsonl line 3 is not a judged answer" in told(folders)


def test_a_file_that_is_not_text_is_named_too(tmp_path: Path) -> None:
    folders = runs(tmp_path, [1, 0], [0, 1])
    (folders["b"] / "toy.jsonl").write_bytes(b"\xff\xfe\x00")
    assert "line 1 is not a judged answer" in told(folders)
    (folders["b"] / "toy.jsonl").unlink()
    (folders["b"] / "toy.jsonl").mkdir()
    assert "toy.jsonl cannot be read" in told(folders)


def test_an_example_judged_twice_is_refused(tmp_path: Path) -> None:
    folders = runs(tmp_path, [1, 0], [0, 1])
    path = folders["b"] / "toy.jsonl"
    path.write_text(path.read_text() * 2)
    assert "line 3 judges an example for the second time" in told(folders)


def test_runs_without_a_task_in_common_cannot_be_compared(tmp_path: Path) -> None:
    tasks = [toy_task("one"), toy_task("two")]
    folders = {task.name: write(tmp_path / task.name, [1, 0], task) for task in tasks}
    assert "no task in common" in told(folders, tasks)
    apart = {"a": write(tmp_path / "a", [1, 0]), "b": write(tmp_path / "b", [1, 0], start=5)}
    assert "judged the same examples" in told(apart)


@pytest.mark.parametrize("other", [{"reference": SECRET}, {"cluster": "c7"}, {"item": "q1"}])
def test_runs_on_other_data_cannot_be_compared(tmp_path: Path, other: dict[str, str]) -> None:
    folders = runs(tmp_path, [1, 0], [0, 1])
    first = [replace(judged(n, {"same": 1.0}), item=f"q{n}5") for n in range(2)]
    write_examples(folders["a"], TOY, first)
    write_examples(folders["b"], TOY, [replace(first[0], **other), first[1]])  # type: ignore[arg-type]
    assert "not asked and judged alike in the task toy" in told(folders)


@pytest.mark.parametrize("other", [{"version": 2}, {"dataset_sha256": "e"}, {"clue_clone_sha256": "f"}])
def test_runs_asked_under_other_rules_cannot_be_compared(tmp_path: Path, other: dict[str, Any]) -> None:
    folders = runs(tmp_path, [1, 0, 1], [1, 1, 1])
    asked = {"version": 1, "dataset_sha256": "d", "protocol": "clue-2"}
    for folder, rules in zip(folders.values(), (asked, asked | other), strict=True):
        (folder / "predictions").mkdir()
        header = {"run": {"model": folder.name, "revision": folder.name, **rules}, "facts": {}}
        (folder / "predictions" / "toy.jsonl").write_text(json.dumps(header) + "\n", encoding="utf-8")
    assert "version or protocol differ" in told(folders)
    for folder in folders.values():
        (folder / "predictions" / "toy.jsonl").write_text("torn", encoding="utf-8")
    assert compare_folders(folders, [TOY])["cells"]


def test_an_item_in_two_clusters_is_other_data(tmp_path: Path) -> None:
    folders = runs(tmp_path, [1, 0], [0, 1])
    for folder in folders.values():
        write_examples(folder, TOY, [replace(judged(n, {"same": 1.0}), item="q") for n in range(2)])
    assert "not asked and judged alike" in told(folders)
