"""The measurement of judging says where ours and its peers agree, and what it could not compare."""

from backend.bench.scoring import measure_scoring
from backend.settings import Settings
from backend.tasks import all_tasks


def test_ours_and_the_peers_agree_and_what_could_not_be_compared_has_its_reason() -> None:
    told: list[float] = []
    tasks = [task for task in all_tasks().values() if task.name in {"mednli", "meqsum"}]
    record = measure_scoring(tasks, Settings(), 20, lambda what, part: told.append(part), rounds=1)
    assert record["clean"] and told == sorted(told)
    assert record["rouge_short"]["largest_difference"] == record["rouge_long"]["largest_difference"] == 0
    assert 0 < record["bertscore"]["largest_difference"] <= 1e-6
    assert "CLUE_UMLS names the folder" in record["umls"]["missing"]
    assert record["one_model"]["examples"] == 60 and record["rescoring"]["changes"] == 0
