"""The chain is checked on raw bytes, and no text inside a line can pass for a field of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import LedgerBroken
from storage.chain import ChainLine, follow_chain, outline
from storage.entries import EntryKind, Head, parse_entry, sealed

AT = datetime(2026, 1, 1, tzinfo=UTC)
FORGERIES = (
    f'","hash":"{"0" * 64}",',
    f'"hash":"{"f" * 64}"',
    '","number":7,"previous":"',
    '","submission_id":"forged","supersedes":1}\n',
    ',"submission_id":"forged"}',
    ',"withdraws":3}',
    "\\",
    '\\"',
    '"',
    "}\n",
    "\u2028\x00é🙂",
)
TEXTS = st.lists(st.sampled_from(FORGERIES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)).map(
    "".join
)
PLACES: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"supersedes": st.integers(1, 10**6), "reason": TEXTS}),
    st.fixed_dictionaries({"withdraws": st.integers(1, 10**6), "actor": TEXTS, "reason": TEXTS}),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write again and again."""
    return tmp_path_factory.mktemp("chain") / "ledger.jsonl"


@given(identity=TEXTS, submission=TEXTS, place=PLACES, inside=st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_whatever_its_texts_are_a_lines_fields_are_read_as_a_json_parser_reads_them(
    path: Path, identity: str, submission: str, place: dict[str, object], inside: dict[str, str]
) -> None:
    kind = EntryKind.WITHDRAWAL if "withdraws" in place else EntryKind.RESULT
    content = {"kind": kind, "identity": identity, "submission_id": submission, **place}
    first = sealed({**content, "result": None}, AT, Head())
    entry = parse_entry(first, 1)
    second = sealed({**content, "result": inside}, AT, Head(1, entry.hash, len(first)))
    path.write_bytes(first + second)
    (_, head), (line, last) = follow_chain(path)
    assert head == Head(1, entry.hash, len(first)) and line == second and last.number == 2
    assert outline(first, Head()) == ChainLine(1, identity, submission, Head(), entry.supersedes, entry.withdraws)


@given(text=st.sampled_from(FORGERIES), other=st.sampled_from(FORGERIES), place=st.sampled_from(["identity", "reason"]))
def test_another_text_in_a_line_is_found_however_much_it_looks_like_a_field(
    path: Path, text: str, other: str, place: str
) -> None:
    def line(said: str) -> bytes:
        return sealed({"identity": "i", "submission_id": "s", "reason": "r", place: said}, AT, Head())

    spoiled = line(text).replace(b'"hash":"' + hash_in(line(text)), b'"hash":"' + hash_in(line(other)), 1)
    path.write_bytes(spoiled)
    if text == other:
        assert [head.number for _, head in follow_chain(path)] == [1]
    else:
        with pytest.raises(LedgerBroken, match="line 1: its content"):
            list(follow_chain(path))


def test_the_hash_may_stand_in_its_own_place_only(path: Path) -> None:
    line = sealed({"identity": "i", "submission_id": "s"}, AT, Head())
    field = b'"hash":"' + hash_in(line) + b'",'
    moved = line.replace(field, b"").replace(b'"identity"', b'"identity":"i",' + field + b'"identity"')
    for spoiled in (moved, line.replace(field, b""), line.replace(field, field * 2), line.replace(b'"at"', b'"bt"')):
        path.write_bytes(spoiled)
        with pytest.raises(LedgerBroken, match="line 1:"):
            list(follow_chain(path))


@pytest.mark.parametrize(
    ("said", "instead"),
    [(b'"number":1', b'"number":01'), (b'"kind":"result"', b'"kind":"result","kind":"result"'), (b":{}", b": {}")],
)
def test_a_line_sealed_in_another_form_is_no_entry(said: bytes, instead: bytes) -> None:
    line = sealed({"kind": EntryKind.RESULT, "identity": "i", "submission_id": "s", "result": {}}, AT, Head())
    assert said in line
    with pytest.raises(LedgerBroken, match="line 1:"):
        parse_entry(line.replace(said, instead), 1)


def hash_in(line: bytes) -> bytes:
    return line.split(b'"hash":"', 1)[1][:64]
