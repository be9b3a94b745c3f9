"""A result as .eval_results/clue.yaml for the model's own repository, in the Hub's form."""

from urllib.parse import quote

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from storage.score_rows import Publication

SOURCE = "CLUE Leaderboard"


def eval_results_yaml(publication: Publication, dataset: str, page: str | None) -> str:
    """YAML with an entry for each measured task, in percent; `page` is the address of the row, None if not known."""
    result = publication.result
    notes = ", ".join(
        str(each)
        for each in (
            f"protocol {result.protocol}",
            f"commit {result.model.revision}",
            result.engine,
            result.manifest.get("dtype"),
            f"ledger line {publication.number}",
        )
        if each
    )
    entries = [
        EvalResultEntry(
            dataset_id=dataset,
            task_id=run.task,
            value=round(run.task_score.value, 4),
            date=publication.at.date().isoformat(),
            source_url=page,
            source_name=SOURCE if page else None,
            notes=notes,
        )
        for run in result.runs
        if run.task_score.value is not None
    ]
    return yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True)


def row_page(publication: Publication, site: str | None) -> str | None:
    """The address of the row's page, for others to link to; None where nobody has stated the site's."""
    return site and f"{site.rstrip('/')}/model?id={quote(publication.result.model.hub_id)}"
