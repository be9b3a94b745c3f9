"""Ours is measured beside threads that a small server refuses."""

from backend.bench.endpoint import measure_endpoint


def test_a_refusal_is_no_answer_and_ends_nothing() -> None:
    record = measure_endpoint(40, 2, 0.02, lambda what, part: None)
    assert record["measured_at"] and record["machine"]
    assert record["refusing_16_threads"]["answers"] < 40 == record["queueing_16_threads"]["answers"]
    assert record["refusing_ours"]["answers"] == 40
