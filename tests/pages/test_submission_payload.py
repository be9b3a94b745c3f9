"""What /v1 says of a submission: why it failed, what befell it, what is expected, and nothing private."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.domain import Stage
from backend.errors import FailureCode
from backend.submission import OPERATOR, STEPS, SYSTEM, Estimate, Event, Span, Status, Submission
from frontend_config.queue_payload import queue_payload, surroundings
from frontend_config.submission_payload import NO_LOG, deeds, submission_payload, whole_submission_payload

from . import records

HOUR = timedelta(hours=1)
TITLES = {"meqsum": "MeQSum"}
AROUND = surroundings(records.SUBMISSIONS, records.WAITING, records.ESTIMATES, TITLES)


def found(submission_id: str) -> Submission:
    return next(each for each in records.SUBMISSIONS if each.id == submission_id)


@pytest.mark.parametrize("code", FailureCode)
def test_every_code_says_what_happened_and_what_to_do(code: FailureCode) -> None:
    assert code.sentence.endswith(".") and code.advice.endswith(".")
    assert code.sentence != code.advice and code.advice not in code.sentence


def test_a_failure_says_where_it_stopped_and_what_to_do() -> None:
    told = submission_payload(found("s0011"), AROUND)["failure"]
    assert told == {
        "code": "generation_timeout",
        "stage": "predict",
        "task_title": "MeQSum",
        "item": 214,
        "items": 997,
        "sentence": FailureCode.GENERATION_TIMEOUT.sentence,
        "advice": FailureCode.GENERATION_TIMEOUT.advice,
        "has_log": True,
    }


def test_a_failure_after_the_last_answer_names_no_item_there_is_not() -> None:
    done = replace(found("s0011"), progress=replace(records.PROGRESS, done=997))
    assert submission_payload(done, AROUND)["failure"]["item"] == 997
    scoring = replace(done, failure_stage=Stage.SCORE)
    told = submission_payload(scoring, AROUND)["failure"]
    assert (told["stage"], told["task_title"], told["item"]) == ("score", None, None)


def test_a_cancelled_one_says_how_far_it_had_come() -> None:
    stopped = replace(found("s0003"), progress=records.PROGRESS, note="cancelled by j.doe on 2026-01-01")
    told = submission_payload(stopped, AROUND)["failure"]
    assert (told["code"], told["stage"], told["item"]) == ("cancelled", "predict", 413)
    assert told["sentence"] == FailureCode.CANCELLED.sentence and not told["has_log"]


def test_the_log_is_told_of_one_submission_only_with_a_line_that_says_whose_it_is() -> None:
    told = whole_submission_payload(found("s0011"), AROUND, [])["failure"]
    assert told["log"]["says"] == "Last lines of the model's log, attempt 1"
    assert told["log"]["lines"][0] == "Loading weights: 100% 291/291"
    assert whole_submission_payload(found("s0004"), AROUND, [])["failure"]["log"] == {"says": NO_LOG, "lines": []}
    assert "log" not in submission_payload(found("s0011"), AROUND)["failure"]


def test_nobody_who_acts_is_named_by_their_machine() -> None:
    actors = ["j.doe", OPERATOR, SYSTEM, "gpu-box-17"]
    events = [Event(at=records.NOW, actor=actor, status=Status.QUEUED, reason=None) for actor in actors]
    told = whole_submission_payload(found("s0004"), AROUND, events)
    assert [event["actor"] for event in told["events"]] == ["submitter", "operator", "queue", "worker"]
    assert "gpu-box-17" not in str(told)


def test_the_endpoints_address_is_told_to_nobody() -> None:
    whole = [whole_submission_payload(each, AROUND, records.events(each)) for each in records.SUBMISSIONS]
    listed = queue_payload(records.SUBMISSIONS, records.long_silent(), AROUND, history=100)
    assert "secret.example.invalid" not in str(whole) + str(listed) and "gpu-box-17" not in str(whole)


def test_what_was_replaced_stays_replaced_when_its_successor_is_withdrawn() -> None:
    first = replace(found("s0011"), status=Status.FINISHED, failure_code=None)
    second = replace(first, id="s0999", status=Status.WITHDRAWN, supersedes=first.id)
    told = submission_payload(first, surroundings([second, first], [], {}, TITLES))
    assert (told["superseded_by"], told["deeds"]) == ("s0999", [])


def test_history_begins_with_what_ended_last() -> None:
    early, late = found("s0011"), replace(found("s0011"), id="s0012", updated_at=found("s0011").updated_at + HOUR)
    told = queue_payload([early, late], records.long_silent(), AROUND, history=1)
    assert [each["id"] for each in told["history"]] == ["s0012"]


def test_what_is_expected_is_told_in_whole_seconds_while_something_is_to_come() -> None:
    around = replace(AROUND, estimates={"s0007": Estimate(begins=Span(10.4, 20.6), lasts=None), "s0004": Estimate(
        begins=None, lasts=Span(1, 2))})  # fmt: skip
    assert submission_payload(found("s0007"), around)["estimate"] == {"begins": [10, 21], "lasts": None}
    assert submission_payload(found("s0008"), around)["estimate"] is None
    assert submission_payload(found("s0004"), around)["estimate"] is None


def test_a_withdrawal_has_its_reason_and_a_replaced_result_names_what_took_its_place() -> None:
    assert submission_payload(found("s0001"), AROUND)["withdrawn"] == records.REASON
    old, new = (submission_payload(found(name), AROUND) for name in ("s0005", "s0010"))
    assert (old["superseded_by"], new["supersedes"]) == ("s0010", "s0005")
    assert old["deeds"] == [] and new["deeds"] == ["withdraw"]
    on_its_way = [replace(each, status=Status.RUNNING) if each.id == "s0010" else each for each in records.SUBMISSIONS]
    assert surroundings(on_its_way, (), {}, {}).replaced == {}


@pytest.mark.parametrize("status", Status)
def test_only_steps_that_there_are_are_offered(status: Status) -> None:
    reached = {"cancel": Status.CANCELLED, "retry": Status.QUEUED, "withdraw": Status.WITHDRAWN}
    person_may = {reached[deed] for deed in deeds(replace(found("s0008"), status=status))}
    assert person_may == STEPS[status] & ({*reached.values()} if not status.open else {Status.CANCELLED})


def test_what_was_set_aside_is_not_its_submitters_to_retry() -> None:
    assert deeds(replace(found("s0004"), failure_code=FailureCode.QUARANTINED)) == []
    assert deeds(found("s0004")) == ["retry"]
