"""Which items are shown and which are scored."""

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.sampling import shot_indices, with_shots
from backend.domain import Example

FILES = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40)


def examples(rows: list[tuple[int, bool]]) -> list[Example]:
    """One for each cluster and whether there is a gold answer."""
    return [
        Example(id=str(number), fields={}, reference="gold" if gold else "", cluster=str(cluster))
        for number, (cluster, gold) in enumerate(rows)
    ]


@given(rows=FILES, shots=st.integers(0, 4))
def test_what_is_scored_has_gold_is_in_order_and_was_never_shown(rows: list[tuple[int, bool]], shots: int) -> None:
    scored = with_shots(examples(rows), shots)
    assert [int(example.id) for example in scored] == sorted(int(example.id) for example in scored)
    for example in scored:
        assert example.reference and len(example.shots) == shots
        assert example.cluster not in {shot.cluster for shot in example.shots}
        assert all(shot.reference for shot in example.shots)


@given(clusters=st.lists(st.integers(0, 9), min_size=1, max_size=40), shots=st.integers(0, 4))
def test_where_every_row_has_gold_the_shots_are_the_published_rows(clusters: list[int], shots: int) -> None:
    rows = examples([(cluster, True) for cluster in clusters])
    wanted = [str(index) for index in shot_indices(len(rows), shots)]
    left_out = {clusters[int(index)] for index in wanted}
    scored = with_shots(rows, shots)
    assert all([shot.id for shot in example.shots] == wanted for example in scored)
    assert len(scored) == sum(cluster not in left_out for cluster in clusters)


def test_a_row_without_gold_gives_its_place_to_the_next_of_the_shuffled_order() -> None:
    rows = [(number, number not in (168, 179)) for number in range(237)]
    scored = with_shots(examples(rows), 3)
    assert shot_indices(237, 5) == [168, 87, 179, 214, 113]
    assert [shot.id for shot in scored[0].shots] == ["87", "214", "113"]
    assert len(scored) == 237 - 2 - 3
