"""Every code of the release can be read, and what cannot be one is not."""

from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.icd import all_codes, billable_code, code_title, codes, known_code, release_facts

SHAPES = st.from_regex(r"([A-Z][0-9][0-9AB]|QA[0-9])[0-9A-Z]{0,4}", fullmatch=True)


def dotted(code: str) -> str:
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # one code, in every notation
        ("I10", "I10"),
        ("E11.9", "E119"),
        ("E119", "E119"),
        ("e11.9", "E119"),
        ("S72.001A", "S72001A"),
        ("s72001a", "S72001A"),
        ("M1A.0710", "M1A0710"),
        ("z3a.20", "Z3A20"),
        ("U07.1", "U071"),
        ("QA0.0151", "QA00151"),
        ("C7A.00 C7B.00 O9A.11 D3A.00 C4A.0 J4A.0 I1A.0", "C7A00 C7B00 O9A11 D3A00 C4A0 J4A0 I1A0"),
        # what stands around it
        ("  A021   ", "A021"),
        ("I10,E11.9;N18.30\nJ18.9\tK21.9", "I10 E119 N1830 J189 K219"),
        ("[I10] (E11.9) {N18.30} <J18.9> 'K21.9' \"R05.1\"", "I10 E119 N1830 J189 K219 R051"),
        ("**I10**, _E11.9_, `N18.30`", "I10 E119 N1830"),
        ("1. I10\n2.E11.9\n- N18.30\n• J18.9", "I10 E119 N1830 J189"),
        ("ICD-10-CM: I10. Also E11.9.", "I10 E119"),
        ("Hypertension (I10), type 2 diabetes mellitus (E11.9)", "I10 E119"),
        ("I10<|im_end|>", "I10"),
        ("Bluthochdruck – I10 – für März", "I10"),
        # the same twice is one
        ("I10, I10, i10", "I10"),
        ("E11.9 E119", "E119"),
        # of a range the ends are read, and nothing between
        ("I10-I16", "I10 I16"),
        ("A00–B99", "A00 B99"),
        ("E11.-", "E11"),
        # prose with the shape of a code is taken for one
        ("vitamin B12", "B12"),
        ("fracture of the T10 vertebra", "T10"),
        ("50 ml of D50", "D50"),
        ("metoprolol q12h", "Q12H"),
        # prose without
        ("T2DM, HbA1c 7.2, A1c, H2O, D5W, H1N1, G6PD, CA19-9, lab, COVID-19, SARS-CoV-2", ""),
        ("L4/L5, p.o., O2 2 l, 39.5 °C, 120/80", ""),
        # longer than a code, or part of something longer
        ("A41.9XYZW9", ""),
        ("A41.9XYZW", ""),
        ("XA41.9", ""),
        ("1A41.9", ""),
        ("E11.6.5", ""),
        ("I10é", ""),
        ("29000001", ""),
        # a look-alike is no letter of the alphabet, and no digit
        ("ſ72.001A", ""),
        ("Ｉ10", ""),
        ("I١٠", ""),
        # no codes at all
        ("", ""),
        (" \n\t\u00a0", ""),
        ("I cannot assign codes to this letter.", ""),
        ("ICD", ""),
    ],
)
def test_codes_are_read_as_the_table_says(text: str, found: str) -> None:
    assert codes(text) == set(found.split())


def test_every_code_of_the_release_is_read_in_every_notation() -> None:
    every = all_codes()
    assert len(every) == 98_186
    assert [code for code in every if codes(code) != {code}] == []
    assert [code for code in every if codes(dotted(code).lower()) != {code}] == []
    assert codes(", ".join(map(dotted, every))) == every


def test_the_release_tells_leaves_from_categories() -> None:
    assert sum(map(billable_code, all_codes())) == 74_719
    assert known_code("I48.1") and not billable_code("I48.1")
    assert known_code("i4811") and billable_code("I48.11 ")
    assert known_code("B99") and not billable_code("B99"), "a block of the same name does not hide the category"


@pytest.mark.parametrize("code", ["1", "22", "A00-A09", "I10-I1A", "B12", "T10", "A41.9X", "E11.99", "", "."])
def test_chapters_blocks_and_inventions_are_no_codes(code: str) -> None:
    assert not known_code(code) and not billable_code(code)
    with pytest.raises(LookupError):
        code_title(code)


def test_a_code_has_its_title_in_any_notation() -> None:
    assert code_title("U07.1") == code_title(" u071") == "COVID-19"
    assert code_title("E11") == "Type 2 diabetes mellitus"


def test_the_release_is_named() -> None:
    assert release_facts() == {
        "icd10cm_release": "April 2026",
        "icd10cm_package": f"simple-icd-10-cm {version('simple-icd-10-cm')}",
    }


@given(written=st.lists(SHAPES, max_size=8), glue=st.sampled_from([" ", ", ", ";", "\n", " - ", "/", "] ["]))
def test_what_is_listed_is_what_is_read(written: list[str], glue: str) -> None:
    assert codes(glue.join(map(dotted, written))) == set(written)
    assert codes(glue.join(written).lower()) == set(written)


@given(text=st.text(max_size=120))
def test_whatever_is_read_has_the_shape_of_a_code_and_is_read_again(text: str) -> None:
    found = codes(text)
    assert all(3 <= len(code) <= 7 and code.isascii() and code.isalnum() and code.isupper() for code in found)
    assert codes(" ".join(found)) == found
