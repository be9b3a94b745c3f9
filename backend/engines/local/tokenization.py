"""Prompts become tokens; paragraphs that many prompts share are tokenized once."""

from collections.abc import Iterator, Sequence
from typing import Any

from backend.engines.local.locality import reach_of

MARK = "\n\n"
MOST_CHARACTERS = 8_000_000


class ParagraphTokenizer:
    """Token ids of texts, exactly those that the tokenizer gives for the whole text.

    A text is cut before paragraphs. Each paragraph is tokenized between what stands around it as far as the tokenizer
    looks, and remembered with that. It is believed once a wider context gave the same tokens; after the first that did
    not, or where a token reaches over a cut, and where nobody knows how far the tokenizer looks, every text is
    tokenized whole.
    """

    def __init__(self, tokenizer: Any, *, specials: bool) -> None:
        self._tokenizer = tokenizer
        self._specials = specials
        self._known: dict[tuple[str, str, str], list[int]] = {}
        self._believed: set[str] = set()
        self._characters = 0
        reach = reach_of(tokenizer)
        around = (_specials_around(tokenizer) if specials else ([], [])) if reach is not None else None
        self.remembers = around is not None
        self._reach = reach or 0
        self._head, self._tail = around or ([], [])

    def ids(self, text: str) -> list[int]:
        """The tokens of the text, with the tokenizer's own marks around them where `specials` are wanted."""
        if self.remembers:
            found = self._by_paragraphs(text)
            if found is not None:
                return found
            self.remembers = False
            self._forget()
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
        seen = _before_blanks(text, start)
        key = text[max(seen - self._reach, 0) : start], text[start:end], text[end : end + self._reach]
        known = self._known.get(key)
        if known is None:
            known = self._within(*key)
            if known is None or not (key[1] in self._believed or self._proves(known, text, seen, start, end)):
                return None
            self._remember(key, known)
        return known

    def _proves(self, known: list[int], text: str, seen: int, start: int, end: int) -> bool:
        """Whether a wider context gives the same tokens for text[start:end]."""
        far = 3 * self._reach
        return known == self._within(text[max(seen - far, 0) : start], text[start:end], text[end : end + far])

    def _remember(self, key: tuple[str, str, str], ids: list[int]) -> None:
        size = sum(map(len, key))
        if self._characters + size > MOST_CHARACTERS:
            self._forget()
        self._characters += size
        self._known[key] = ids
        self._believed.add(key[1])

    def _forget(self) -> None:
        self._known.clear()
        self._believed.clear()
        self._characters = 0

    def _within(self, before: str, text: str, after: str) -> list[int] | None:
        """The tokens of `text` where it stands between the others; None when a token reaches over an edge."""
        encoded = self._tokenizer(before + text + after, add_special_tokens=False, return_offsets_mapping=True)
        start, end = len(before), len(before) + len(text)
        spans = [tuple(span) for span in encoded["offset_mapping"]]
        if any(first < edge < last for first, last in spans for edge in (start, end)):
            return None
        inside = [place for place, (first, last) in enumerate(spans) if start <= first and last <= end]
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


def _before_blanks(text: str, place: int) -> int:
    """Where the blanks begin that end at the place."""
    while place and text[place - 1].isspace():
        place -= 1
    return place


def _follow_each_other(places: Sequence[int]) -> bool:
    return list(places) == list(range(places[0], places[0] + len(places))) if places else True


def _specials_around(tokenizer: Any) -> tuple[list[int], list[int]] | None:
    """The ids that the tokenizer puts before and after every text, None where that cannot be told."""
    encoded = tokenizer("a", add_special_tokens=True, return_special_tokens_mask=True)
    ids, marks = list(encoded["input_ids"]), list(encoded["special_tokens_mask"])
    own = [place for place, mark in enumerate(marks) if not mark]
    if not own or not _follow_each_other(own):
        return None
    return ids[: own[0]], ids[own[-1] + 1 :]
