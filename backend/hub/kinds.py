"""The kinds of files that are ever downloaded: their names, how large one may be, and what a bad one counts as."""

import re
from dataclasses import dataclass
from enum import Enum

from backend.errors import FailureCode

MOST_FILES = 1_000
LONGEST_NAME = 200
MEGABYTE = 1_000_000
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which names are of the kind, the most bytes of one file (None: only the sum counts), the code of a bad one."""

    names: re.Pattern[str]
    most_bytes: int | None
    code: FailureCode


def _rule(names: str, megabytes: int | None, code: FailureCode) -> Rule:
    most = None if megabytes is None else megabytes * MEGABYTE
    return Rule(re.compile(names, re.ASCII), most, code)


class FileKind(Enum):
    """What a file is for. A file that is refused counts as one that is not there, and its code says what is missing."""

    WEIGHTS = _rule(rf"{_NAME}\.safetensors", None, FailureCode.NO_SAFETENSORS)
    INDEX = _rule(r"model\.safetensors\.index\.json", 32, FailureCode.NO_SAFETENSORS)
    CONFIG = _rule(r"(generation_)?config\.json", 4, FailureCode.UNSUPPORTED_ARCHITECTURE)
    TOKENIZER_CONFIG = _rule(
        r"tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json", 8, FailureCode.NO_TOKENIZER
    )
    TOKENIZER = _rule(
        r"tokenizer\.(json|model)|vocab\.(json|txt)|merges\.txt|spiece\.model|sentencepiece\.bpe\.model|tekken\.json",
        100,
        FailureCode.NO_TOKENIZER,
    )
    TEMPLATE = _rule(r"chat_template\.(jinja|json)", 1, FailureCode.TEMPLATE_ERROR)

    @property
    def most_bytes(self) -> int | None:
        """The most bytes of one file; None where only the sum of all files is limited."""
        return self.value.most_bytes

    @property
    def code(self) -> FailureCode:
        """What the public is told when a file of this kind is no good."""
        return self.value.code


# What may be fetched for a template and a tokenizer alone.
WITHOUT_WEIGHTS = frozenset({FileKind.CONFIG, FileKind.TOKENIZER_CONFIG, FileKind.TOKENIZER, FileKind.TEMPLATE})


def kind_of(name: str) -> FileKind | None:
    """The kind of the file with this name; None for one that is never downloaded.

    Only names of the repository's root that are plain ASCII are of any kind: no path, no look-alike letter, no control
    character, nothing that begins with a dot.
    """
    if len(name) > LONGEST_NAME:
        return None
    return next((kind for kind in FileKind if kind.value.names.fullmatch(name)), None)
