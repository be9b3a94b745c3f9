"""Documents fill a budget in the order of their weight, and stand in an order of their own."""

import re

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.documents import CLOSE, CUT, OPEN, drawn, fill, seeded, shuffled

FRAME = len(OPEN) + len(CLOSE)
DOCUMENTS = st.lists(st.text("ab c\n", max_size=60), max_size=6)


def shown(text: str) -> list[str]:
    return re.findall(f"{re.escape(OPEN)}(.*?){re.escape(CLOSE)}", text, re.DOTALL)


def test_what_fits_is_whole_and_stands_in_the_order_asked_for() -> None:
    assert shown(fill(["one", "two", "three"], [3, 1, 2], 1000)) == ["three", "one", "two"]


def test_the_first_that_does_not_fit_is_cut_at_its_end_and_later_ones_are_left_out() -> None:
    room = len("one") + len("a long") + len(CUT) + 2 * FRAME
    assert shown(fill(["one", "a long document", "x"], [3, 2, 1], room)) == [f"a long{CUT}", "one"]


def test_nothing_is_shown_where_there_is_no_room_for_a_word() -> None:
    for room in range(FRAME + len(CUT) + 1):
        assert fill(["a document"], [1], room) == ""


@given(documents=DOCUMENTS, room=st.integers(0, 400), data=st.data())
def test_no_more_than_the_room_is_filled_and_only_the_last_taken_is_cut(
    documents: list[str], room: int, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(1, len(documents) + 1)))
    text = fill(documents, order, room)
    assert len(text) <= room
    by_weight = shown(fill(documents, sorted(order), room))
    assert sorted(shown(text)) == sorted(by_weight), "the order changes nothing in what is shown"
    whole = by_weight[:-1] if by_weight and by_weight[-1].endswith(CUT) else by_weight
    assert whole == documents[: len(whole)]
    if whole != by_weight:
        assert documents[len(whole)].startswith(by_weight[-1].removesuffix(CUT))
    if len(whole) < len(documents):
        used = sum(len(document) + FRAME for document in documents[: len(whole) + 1])
        assert used > room, "nothing is left out that would have fitted"


def test_chance_is_the_same_for_the_same_names_on_every_machine() -> None:
    assert shuffled(8, seeded("longhealth", "item", 1)) == [6, 1, 2, 4, 3, 8, 7, 5]
    assert shuffled(8, seeded("longhealth", "item", 2)) != [6, 1, 2, 4, 3, 8, 7, 5]
    assert drawn("abcdefgh", 3, seeded("longhealth", "item", 1)) == ["e", "g", "h"]


def test_as_many_are_drawn_as_there_are_and_none_twice() -> None:
    assert sorted(drawn("abc", 10, seeded("x"))) == ["a", "b", "c"]
    assert drawn([], 10, seeded("x")) == []
