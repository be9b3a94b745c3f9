"""Whether a tokenizer decides about each token by what stands close to it, and how close."""

import json
import re
from collections.abc import Iterator
from typing import Any

REACH = 24
NORMALIZERS = frozenset(
    {"NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Prepend", "Replace", "BertNormalizer", "ByteLevel"}
    | {"Precompiled", "Nmt", "Strip"}
)
WORDS = frozenset({"Whitespace", "WhitespaceSplit", "BertPreTokenizer"})
PRE_TOKENIZERS = WORDS | {"ByteLevel", "Split", "Metaspace", "Digits", "Punctuation", "UnicodeScripts"}
HARMLESS = r"(?!\S)"
LOOKS_FAR = re.compile(r"\(\?<?[=!]|\\[1-9GKAZz]|\[\\s\\S\]|(?<!\\)\.[*+]")
ACROSS = re.compile(r"\n[^\s▁]")


def reach_of(tokenizer: Any) -> int | None:
    """How many characters around a place decide about the tokens there, its blanks not counted; None if unknown.

    Known are the fast tokenizers made of parts that work from left to right or word by word. Merges may run through a
    whole text, and then no piece of the vocabulary may go on after the end of a line.
    """
    inner = getattr(tokenizer, "backend_tokenizer", None)
    if inner is None or not _is_local(inner):
        return None
    added = [len(token.content) for token in tokenizer.added_tokens_decoder.values()]
    return max([REACH, *(length + 1 for length in added)])


def _is_local(inner: Any) -> bool:
    normalizers, pre_tokenizers = list(_parts(inner.normalizer)), list(_parts(inner.pre_tokenizer))
    if not {part["type"] for part in normalizers} <= NORMALIZERS:
        return False
    if not {part["type"] for part in pre_tokenizers} <= PRE_TOKENIZERS:
        return False
    if any(_looks_far(part) for part in [*normalizers, *pre_tokenizers]):
        return False
    if type(inner.model).__name__ == "BPE":
        return not inner.model.dropout and not any(ACROSS.search(piece) for piece in inner.get_vocab())
    return any(part["type"] in WORDS for part in pre_tokenizers)


def _parts(component: Any) -> Iterator[dict[str, Any]]:
    """The component's own parts, those of sequences in sequences too."""
    if component is not None:
        yield from _flat(json.loads(component.__getstate__()))


def _flat(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if state["type"] == "Sequence":
        for inner in state.get("normalizers") or state.get("pretokenizers") or ():
            yield from _flat(inner)
    else:
        yield state


def _looks_far(part: dict[str, Any]) -> bool:
    pattern = part.get("pattern") or {}
    return bool(LOOKS_FAR.search(str(pattern.get("Regex", "")).replace(HARMLESS, "")))
