"""Prompts become tokens; paragraphs that many prompts share are tokenized once."""

from collections.abc import Iterator, Sequence
from typing import Any

MARK = "\n\n"
CONTEXT = 48
MOST_CHARACTERS = 64_000_000


class Encoder:
    """Token ids of texts, exactly those that the tokenizer gives for the whole text.

    A text is cut before paragraphs. Each paragraph is tokenized between what stands around it, and remembered by itself
    and the character after it. It is believed once a wider context gave the same tokens; after the first that did not,
    or where a token reaches over a cut, every text is tokenized whole.
    """

    def __init__(self, tokenizer: Any, *, specials: bool) -> None:
        self._tokenizer = tokenizer
        self._specials = specials
        self._known: dict[tuple[str, str, bool], list[int]] = {}
        self._characters = 0
        around = _specials_around(tokenizer) if specials else ([], [])
        self._head, self._tail = around or ([], [])
        self.remembers = bool(getattr(tokenizer, "is_fast", False)) and around is not None

    def ids(self, text: str) -> list[int]:
        """The tokens of the text, with the tokenizer's own marks around them where `specials` are wanted."""
        if self.remembers:
            found = self._by_paragraphs(text)
            if found is not None:
                return found
            self.remembers = False
            self._known.clear()
        ids: list[int] = self._tokenizer(text, add_special_tokens=self._specials)["input_ids"]
        return ids

    def _by_paragraphs(self, text: str) -> list[int] | None:
        ids = list(self._head)
        place = 0
        for paragraph in paragraphs(text):
            end = place + len(paragraph)
            part = self._part(text, place, end)
            if part is None:
                return None
            ids += part
            place = end
        return ids + self._tail

    def _part(self, text: str, start: int, end: int) -> list[int] | None:
        key = text[start:end], text[end : end + 1], start == 0
        known = self._known.get(key)
        if known is None:
            before = MARK if start else ""
            known = self._within(before, key[0], key[1])
            wider = self._within(text[max(start - CONTEXT, 0) : start], key[0], text[end : end + CONTEXT])
            if known is None or known != wider:
                return None
            self._remember(key, known)
        return known

    def _remember(self, key: tuple[str, str, bool], ids: list[int]) -> None:
        self._characters += len(key[0])
        if self._characters > MOST_CHARACTERS:
            self._known.clear()
            self._characters = len(key[0])
        self._known[key] = ids

    def _within(self, before: str, text: str, after: str) -> list[int] | None:
        """The tokens of `text` where it stands between the others; None when a token reaches over an edge."""
        encoded = self._tokenizer(before + text + after, add_special_tokens=False, return_offsets_mapping=True)
        start, end = len(before), len(before) + len(text)
        spans = [tuple(span) for span in encoded["offset_mapping"]]
        if any(first < edge < last for first, last in spans for edge in (start, end)):
            return None
        inside = [place for place, (first, last) in enumerate(spans) if start <= first and last <= end]
        if not start:
            inside = [place for place, (_, last) in enumerate(spans) if last <= end]
        ids: list[int] = [encoded["input_ids"][place] for place in inside]
        return ids if _follow_each_other(inside) else None


def paragraphs(text: str) -> Iterator[str]:
    """The text in pieces: each but the last ends with an empty line, and the next begins with what is no blank."""
    start = 0
    place = text.find(MARK)
    while place >= 0:
        place += len(MARK)
        if place < len(text) and not text[place].isspace():
            yield text[start:place]
            start = place
        place = text.find(MARK, place)
    if start < len(text):
        yield text[start:]


def _follow_each_other(places: Sequence[int]) -> bool:
    return list(places) == list(range(places[0], places[0] + len(places))) if places else True


def _specials_around(tokenizer: Any) -> tuple[list[int], list[int]] | None:
    """The ids that the tokenizer puts before and after every text, None where that cannot be told."""
    bare: list[int] = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole: list[int] = tokenizer("a", add_special_tokens=True)["input_ids"]
    extra = len(whole) - len(bare)
    head = next((count for count in range(extra + 1) if whole[count : count + len(bare)] == bare), None)
    if head is None:
        return None
    return whole[:head], whole[head + len(bare) :]
