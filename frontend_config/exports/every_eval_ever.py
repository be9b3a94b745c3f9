"""A result as a record of Every Eval Ever 0.3.0: aggregates only, because most of the tasks' texts may not be shown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backend import __version__
from backend.domain import Result, Run, Score, Task
from frontend_config.columns import METRIC_TITLES, hub_link, task_titles
from frontend_config.manifest_payload import manifest_payload
from frontend_config.reproduction import evaluate_command
from storage.score_rows import Publication

SCHEMA = "0.3.0"
CONFIDENCE = 0.95
OWN = "task_score"


def every_eval_ever(publication: Publication, tasks: Sequence[Task], site: str | None) -> dict[str, Any]:
    """The record as plain data; scores in percent, one for each metric that was measured and one for each task.

    `site` is the address of this leaderboard, None if not known.
    """
    result = publication.result
    moment = str(int(publication.at.timestamp()))
    identity = f"clue/{result.model.hub_id.replace('/', '_')}/{moment}"
    source = {
        "source_name": "CLUE Leaderboard",
        "source_type": "evaluation_run",
        "source_organization_name": "CLUE Leaderboard",
        "evaluator_relationship": "third_party",
        "additional_details": {"ledger_line": str(publication.number), "ledger_sha256": publication.hash},
    }
    return {
        "schema_version": SCHEMA,
        "evaluation_id": identity,
        "evaluation_timestamp": moment,
        "retrieved_timestamp": moment,
        "source_metadata": source | ({"source_organization_url": site} if site else {}),
        "eval_library": {
            "name": "clue-leaderboard",
            "version": __version__,
            "additional_details": {"protocol": result.protocol},
        },
        "model_info": _model(result),
        "evaluation_results": [
            _record(identity, run, score, result, known)
            for known in [{task.name: task for task in tasks}]
            for run in result.runs
            for score in _measured(run)
        ],
    }


def _model(result: Result) -> dict[str, Any]:
    model = result.model
    facts = {fact["name"]: str(fact["value"]) for fact in manifest_payload(result)}
    said = {"revision": model.revision, "licence": model.licence, "base_model": model.base_model, **facts}
    on_hub = hub_link(model.hub_id) is not None and result.engine == "transformers"
    return {
        "name": model.hub_id,
        "id": model.hub_id,
        "developer": model.hub_id.partition("/")[0],
        "inference_engine": {"name": result.engine, "version": facts.get("engine_version", "unknown")},
        "additional_details": {
            **{name: fact for name, fact in said.items() if fact},
            "deployment_type": "self_deployed" if on_hub else "unknown",
            "model_availability": "open_weights" if on_hub else "unknown",
        },
    }


def _measured(run: Run) -> Iterator[Score]:
    return (score for score in (*run.scores, run.task_score) if score.value is not None)


def _record(identity: str, run: Run, score: Score, result: Result, tasks: Mapping[str, Task]) -> dict[str, Any]:
    task = tasks.get(run.task)
    title = task_titles(list(tasks.values())).get(run.task, run.task)
    titles = METRIC_TITLES | {metric.name: metric.title for metric in (task.metrics if task else ())}
    metric = "mean of its metrics" if score.metric == OWN else titles.get(score.metric, score.metric)
    data = {"version": str(run.version), "sha256": run.dataset_sha256 or "unknown"}
    return {
        "evaluation_result_id": f"{identity}#{run.task}.{score.metric}",
        "evaluation_name": f"{title}: {metric}",
        "source_data": {"dataset_name": title, "source_type": "other", "additional_details": data},
        "metric_config": {
            "evaluation_description": task.summary if task else title,
            "metric_id": f"clue.{run.task}.{score.metric}",
            "metric_name": metric,
            "metric_unit": "percent",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 100,
        },
        "score_details": {"score": score.value, "uncertainty": _uncertainty(score, result)},
        "generation_config": {"generation_args": {"temperature": 0, "execution_command": evaluate_command(result)}},
    }


def _uncertainty(score: Score, result: Result) -> dict[str, Any]:
    resamples = result.manifest.get("bootstrap_resamples")
    drawn = {"num_bootstrap_samples": resamples} if isinstance(resamples, int) else {}
    if score.low is None or score.high is None:
        return {"num_samples": score.n}
    interval = {
        "lower": score.low,
        "upper": score.high,
        "confidence_level": CONFIDENCE,
        "method": "clustered bootstrap",
    }
    return {"confidence_interval": interval, "num_samples": score.n, **drawn}
