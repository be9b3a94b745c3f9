"""Texts become the same tokens line by line as whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.bench.vocabulary import BEGIN, LineTokenizer, rendered, share, shared_lengths, train_vocabulary
from backend.domain import Message, Role
from backend.ordering import shared_length

TOKENIZER = train_vocabulary(["The patient was well.\n\nThe patient went home.\n"] * 3, 300)
LINES = LineTokenizer(TOKENIZER)


@given(parts=st.lists(st.sampled_from(["a", " ", "\n", "\r", "The ", "patient", "é", "<|end|>", "<s>"]), max_size=30))
def test_a_text_has_the_tokens_of_its_lines(parts: list[str]) -> None:
    text = "".join(parts)
    assert LINES.ids(text).tolist() == TOKENIZER.encode(text, add_special_tokens=False).ids


def test_messages_are_counted_as_they_are_rendered() -> None:
    turns = (Message(Role.SYSTEM, "The patient\nwas well."), Message(Role.USER, "home?"))
    text = rendered(turns)
    assert text == "<s><|system|>\nThe patient\nwas well.<|end|>\n<|user|>\nhome?<|end|>\n<|assistant|>\n"
    assert LINES.count(turns) == len(TOKENIZER.encode(text, add_special_tokens=False).ids)
    # The tokenizer opens texts by itself: whoever lets it gets <s> twice.
    assert TOKENIZER.encode(text).tokens[:2] == [BEGIN, BEGIN]


@given(sequences=st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=8))
def test_what_neighbours_share_is_counted_as_by_the_order_of_work(sequences: list[list[int]]) -> None:
    arrays = [np.array(each, dtype=np.uint16) for each in sequences]
    expected = [0, *(shared_length(sequences[place - 1], sequences[place]) for place in range(1, len(sequences)))]
    assert shared_lengths(arrays).tolist() == expected[: len(sequences)]
    total = sum(map(len, sequences))
    assert share(arrays) == (sum(expected[: len(sequences)]) / total if total else 0.0)


def test_the_share_counts_what_the_one_before_has_in_common() -> None:
    # 0 + 2 + 1 of nine tokens
    assert share([np.array(each, dtype=np.uint16) for each in ([1, 2, 3], [1, 2, 4], [1, 5, 6])]) == 3 / 9
    assert share([]) == 0.0
