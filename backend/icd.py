"""ICD-10-CM: codes read out of text, and what the installed release says of them."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import files, version

PACKAGE = "simple-icd-10-cm"
# A category is a letter, a digit, and a digit or one of the two letters that the release has there; only QA0 is not.
# With any letter there, and in any case, T2DM, A1c, H2O and D5W would be codes. Nothing may stand directly before or
# behind a code that would make it part of something longer: A41.9XYZW9 is no code, and neither is its beginning.
_CODE = re.compile(r"(?<![^\W_])((?ai:(?:[A-Z][0-9][0-9AB]|QA[0-9])(?:\.?[0-9A-Z]{1,4})?))(?![^\W_]|\.[^\W_])")
_LIST_NAME = re.compile(r"code-list-(?P<month>\w+)-(?P<year>\d{4})\.txt")


def codes(text: str) -> frozenset[str]:
    """Every different code in the text, in capitals and without the dot, whether it exists or not.

    Of a range both ends are read. What has a code's shape is a code: the B12 of the vitamin and the T10 of the vertebra
    too, because in an answer that was to be codes nothing tells them apart.
    """
    return frozenset(map(_plain, _CODE.findall(text)))


def known_code(code: str) -> bool:
    """Whether the release has it as a category, subcategory or billable code; chapters and blocks are no codes."""
    return _plain(code) in _release()


def billable_code(code: str) -> bool:
    """Whether the release has it as a leaf: a code that can stand on a bill."""
    _, leaf = _release().get(_plain(code), ("", False))
    return leaf


def code_title(code: str) -> str:
    """What the release calls it; LookupError for a code that it does not have."""
    title, _ = _release()[_plain(code)]
    return title


def all_codes() -> frozenset[str]:
    """Every category, subcategory and billable code of the release, in capitals and without dots."""
    return frozenset(_release())


def release_facts() -> dict[str, str]:
    """Which release of ICD-10-CM is in use, by its month, and the package that it comes with."""
    listed = [_LIST_NAME.fullmatch(file.name) for file in files(PACKAGE) or ()]
    named = [f"{name['month']} {name['year']}" for name in listed if name]
    return {"icd10cm_release": ", ".join(named) or "unknown", "icd10cm_package": f"{PACKAGE} {version(PACKAGE)}"}


@cache
def _release() -> Mapping[str, tuple[str, bool]]:
    """Title and whether it is a leaf, by code."""
    import simple_icd_10_cm as tree  # here, because it reads the whole classification for some seconds

    return {
        code: (tree.get_description(code), tree.is_leaf(code))
        for code in tree.get_all_codes(with_dots=False)
        if tree.is_category_or_subcategory(code)
    }


def _plain(code: str) -> str:
    return code.strip().upper().replace(".", "")
