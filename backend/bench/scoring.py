"""Judging against its peers, and of whole models: medians of several rounds, side by side in one process."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from backend.bench.circumstances import circumstances
from backend.bench.invention import invented_pairs, invented_predictions
from backend.bench.peers import BERT_LAYER, bert_score_f1, peers_encoder, rouge_score_f1
from backend.datasets.rehearsal import Scale, write_rehearsal
from backend.domain import Dataset, Edition, Metric, Model, Prediction, Result, Run, Task
from backend.errors import MetricUnavailable
from backend.metrics.bertscore import Encoder, EncoderSpec, bertscore, bertscore_f1
from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L
from backend.metrics.sets import set_f1
from backend.metrics.umls import open_linker
from backend.metrics.umls_process import UmlsLinker
from backend.progress import FractionProgress
from backend.rescoring import Evidence, rejudge
from backend.scoring import Judges, score
from backend.settings import Settings

ROUNDS = 5
SHORT, LONG = (10, 60), (200, 400)
CLOSE = 1e-6
MODELS = 5
ONE_BY_ONE = Path(__file__).with_name("umls_one_by_one.py")
MINILM = EncoderSpec(hub_id="all-MiniLM-L6-v2", layer=BERT_LAYER, vocab_size=30522, hidden_size=384)
TasksByName = Mapping[str, Task]
Answers = Mapping[str, Mapping[str, Prediction]]
Judge = Callable[[list[str], list[str]], Sequence[Any]]


def measure_scoring(
    tasks: Sequence[Task], settings: Settings, pairs: int, report: FractionProgress, rounds: int = ROUNDS
) -> dict[str, Any]:
    """The record of one run. Seconds are of this process's processor time with one thread; `clean`: all numbers agree.

    ROUGE and UMLS F1 are measured on `pairs` short pairs, ROUGE on a tenth as many long ones; BERTScore, which is slow,
    on a tenth.
    UsageError, saying what to install, without the peers.
    """
    import torch

    torch.set_num_threads(1)
    folder = peers_encoder()
    few = max(2, pairs // 10)
    report("ROUGE", 0.05)
    found: dict[str, Any] = {
        "rouge_short": _side_by_side(_rouge, rouge_score_f1, pairs, SHORT, rounds, exact=True),
        "rouge_long": _side_by_side(_rouge, rouge_score_f1, few, LONG, rounds, exact=True),
    }
    report("BERTScore", 0.3)
    encoder = Encoder(folder, BERT_LAYER)
    found["bertscore"] = _side_by_side(
        partial(bertscore_f1, encoder), bert_score_f1(folder), few, SHORT, rounds, exact=False
    )
    found["bertscore_second_model"] = _second_model(encoder, few, rounds)
    report("UMLS F1", 0.6)
    found["umls"] = _umls(settings, pairs)
    report("whole models", 0.8)
    found |= _whole_models(tasks, settings, folder)
    clean = all(one.get("agrees", True) for one in found.values())
    return {**circumstances(), "rounds": rounds, "pairs": pairs, **found, "clean": clean}


def _rouge(answers: list[str], references: list[str]) -> list[float]:
    measures = [metric.prepare(Settings()) for metric in (ROUGE_1, ROUGE_2, ROUGE_L)]
    return [value for measure in measures for value in measure(answers, references)]


def _side_by_side(
    ours: Judge, theirs: Judge, count: int, length: tuple[int, int], rounds: int, *, exact: bool
) -> dict[str, Any]:
    """Both on the same new pairs in each round, the one that comes first by turns."""
    times: tuple[list[float], list[float]] = ([], [])
    apart = 0.0
    ways = (ours, theirs)
    for number in range(rounds):
        pairs = invented_pairs(count, *length, seed=number)
        values: list[Sequence[Any]] = [(), ()]
        for way in (0, 1) if number % 2 else (1, 0):
            values[way], seconds = _timed(partial(ways[way], *pairs))
            times[way].append(seconds)
        apart = max([apart, *(abs(own - other) for own, other in zip(*values, strict=True))])
    own, other = map(median, times)
    return {
        "pairs": count,
        "ours_s": round(own, 4),
        "theirs_s": round(other, 4),
        "times_faster": round(other / own, 1),
        "largest_difference": apart,
        "agrees": apart == 0 if exact else apart <= CLOSE,
    }


def _second_model(encoder: Encoder, count: int, rounds: int) -> dict[str, Any]:
    """Another model's answers to references that were seen, against the same where nothing was."""
    first, then = [], []
    for number in range(rounds):
        answers, references = invented_pairs(count, *SHORT, seed=rounds + number)
        others = [f"{answer} too" for answer in answers]
        first.append(_timed(partial(bertscore_f1, encoder, answers, references))[1])
        then.append(_timed(partial(bertscore_f1, encoder, others, references))[1])
    own, other = median(then), median(first)
    return {"first_s": round(other, 4), "second_s": round(own, 4), "times_faster": round(other / own, 1)}


def _umls(settings: Settings, count: int) -> dict[str, Any]:
    """Ours against every text four times and one by one, each in a process of its own, whose time it is."""
    answers, references = invented_pairs(count, *SHORT, seed=1)
    texts = [*answers, *references]
    try:
        ours, theirs = open_linker(settings), open_linker(settings, ONE_BY_ONE)
        own, seconds = _timed(lambda: ours.concepts(texts), _clock_of(ours))
        other, their_seconds = _timed(lambda: theirs.concepts(texts), _clock_of(theirs))
    except MetricUnavailable as reason:
        return {"missing": str(reason)}
    lists = [[set_f1(found[a], found[r]) for a, r in zip(answers, references, strict=True)] for found in (own, other)]
    return {
        "pairs": count,
        "ours_s": round(seconds, 3),
        "theirs_s": round(their_seconds, 3),
        "times_faster": round(their_seconds / max(seconds, 0.01), 1),
        "agrees": lists[0] == lists[1],
    }


def _whole_models(tasks: Sequence[Task], settings: Settings, folder: Path) -> dict[str, Any]:
    """The six rehearsal tasks of several invented models, judged, and judged once more from what was kept."""
    kept = {task.name: _with_minilm(task) for task in tasks}
    here = settings.model_copy(update={"scibert": str(folder)})
    with tempfile.TemporaryDirectory(prefix="clue-bench-") as scratch:
        write_rehearsal(Path(scratch), Scale.SMALL)
        datasets = {name: task.load(Path(scratch)) for name, task in kept.items()}
    models = [{name: invented_predictions(data, seed) for name, data in datasets.items()} for seed in range(MODELS)]
    judging = [partial(_judge, kept, datasets, answers, judges) for judges in [Judges(here)] for answers in models]
    judged = [_timed(act) for act in judging]
    rejudging = [
        partial(_rejudge, kept, datasets, answers, judges, runs)
        for judges in [Judges(here)]
        for answers, (runs, _) in zip(models, judged, strict=True)
    ]
    rejudged = [_timed(act) for act in rejudging]
    changes = sum(found for found, _ in rejudged)
    examples = sum(len(data.examples) for data in datasets.values())
    return {
        "one_model": {"examples": examples, **_first_and_further([seconds for _, seconds in judged])},
        "rescoring": {
            "models": MODELS,
            **_first_and_further([seconds for _, seconds in rejudged]),
            "changes": changes,
            "agrees": changes == 0,
        },
    }


def _judge(tasks: TasksByName, datasets: Mapping[str, Dataset], answers: Answers, judges: Judges) -> list[Run]:
    return [score(task, datasets[name], answers[name], judges)[0] for name, task in tasks.items()]


def _rejudge(
    tasks: TasksByName, datasets: Mapping[str, Dataset], answers: Answers, judges: Judges, runs: Sequence[Run]
) -> int:
    """How many scores changed or could not be had again."""
    model = Model(hub_id="bench/model", revision="0" * 40)
    edition = Edition.REHEARSAL
    result = Result(model=model, edition=edition, protocol="", engine="scripted", manifest={}, runs=tuple(runs))
    evidence = Evidence(
        tasks=tasks,
        judges=judges,
        dataset=lambda task, edition: datasets[task.name],
        kept=lambda result, task, dataset: answers[task.name],
        facts={},
    )
    found = rejudge(result, evidence)
    return len(found.changes) + len(found.skipped)


def _first_and_further(seconds: Sequence[float]) -> dict[str, float]:
    return {"first_s": round(seconds[0], 3), "further_s": round(median(seconds[1:]), 3)}


def _with_minilm(task: Task) -> Task:
    """The task with a small encoder in SciBERT's place, which comes with the peers."""
    small: Metric = bertscore(MINILM)
    return replace(task, metrics=tuple(small if one.name == small.name else one for one in task.metrics))


def _timed(act: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> tuple[Any, float]:
    begun = clock()
    found = act()
    return found, clock() - begun


def _clock_of(linker: UmlsLinker) -> Callable[[], float]:
    """Processor seconds that the linker's process has used."""

    def read() -> float:
        fields = Path(f"/proc/{linker.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    return read
