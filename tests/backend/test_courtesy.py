"""The Hub is asked within limits, nothing twice within a minute, and what it suggests is text."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from backend.errors import FailureCode, HubSpared, ModelFault, PassingFault
from backend.hub.admission import known_model_types
from backend.hub.courtesy import ANSWER_SECONDS, COMMIT_SECONDS, Courtesy
from backend.hub.search import MOST
from tests.loopback.hub import LoopbackHub
from tests.storage.records import Clock


def test_the_known_types_are_those_of_the_pinned_transformers() -> None:
    """To renew the list: write these, sorted, into backend/hub/model_types.txt."""
    readers_and_writers = {"t5", "mt5", "umt5", "longt5", "switch_transformers", "led", "t5gemma"}
    assert known_model_types() == set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) | readers_and_writers
    assert readers_and_writers <= set(MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES)


def test_an_answer_is_kept_for_a_minute_and_one_about_a_commit_for_ten(hub: LoopbackHub, tiny_model: Path) -> None:
    sha, clock = hub.add("acme/tiny", tiny_model), Clock()
    courtesy = Courtesy(clock=clock)

    def asks(ask: Callable[[], object]) -> int:
        before = len(hub.requests)
        ask()
        return len(hub.requests) - before

    def by_branch() -> None:
        assert courtesy.repository("acme/tiny", None, "ann").revision == sha

    def by_commit() -> None:
        assert courtesy.repository("acme/tiny", sha, "bob").revision == sha

    def absent() -> None:
        with pytest.raises(ModelFault) as caught:
            courtesy.repository("acme/nobody", None, "ann")
        assert caught.value.code is FailureCode.NOT_FOUND

    by_commit_first = lambda: courtesy.repository("acme/tiny", sha, "ann")  # noqa: E731
    assert [asks(ask) for ask in (by_branch, by_branch, by_commit_first, by_commit, absent, absent)] == [
        1,
        0,
        1,
        0,
        1,
        0,
    ]
    clock.advance(ANSWER_SECONDS + 1)
    assert [asks(ask) for ask in (by_branch, by_commit, absent)] == [1, 0, 1]
    clock.advance(COMMIT_SECONDS)
    assert asks(by_commit) == 1


def test_that_the_hub_does_not_answer_is_not_kept(hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model)
    courtesy, hub.says = Courtesy(), "<html>sign in</html>"
    with pytest.raises(PassingFault):
        courtesy.repository("acme/tiny", None, "ann")
    hub.says = None
    assert courtesy.repository("acme/tiny", None, "ann").hub_id == "acme/tiny"


def test_one_person_uses_up_their_own_part_and_all_together_the_whole(hub: LoopbackHub, tiny_model: Path) -> None:
    for number in range(5):
        hub.add(f"acme/m{number}", tiny_model)
    courtesy = Courtesy(per_person="2/hour", in_all="3/hour")
    for number in (0, 1, 1):
        courtesy.repository(f"acme/m{number}", None, "ann")
    with pytest.raises(HubSpared):
        courtesy.suggestions("acme", "ann")
    courtesy.repository("acme/m2", None, "bob")
    with pytest.raises(HubSpared):
        courtesy.repository("acme/m3", None, "bob")
    with pytest.raises(HubSpared):
        courtesy.look_up("acme/m4", None, max_gb=1)
    assert courtesy.repository("acme/m0", None, "cleo").hub_id == "acme/m0", "what is known already may be told"


def test_what_the_hub_finds_is_at_most_eight_ids_that_can_be_submitted(hub: LoopbackHub, tiny_model: Path) -> None:
    for number in range(12):
        hub.add(f"acme/tiny-{number}", tiny_model)
    hub.add("acme/private-tiny", tiny_model, private=True)
    hub.add("<img>/tiny", tiny_model)
    found = Courtesy().suggestions("  TINY ", "ann")
    assert len(found) == MOST - 1 and {each.hub_id for each in found} <= {f"acme/tiny-{number}" for number in range(12)}
    for said in ("{}", "[7]", '[{"id": 7}]', "<html>"):
        hub.says = said
        with pytest.raises(PassingFault):
            Courtesy().suggestions("tiny", "ann")
