"""An option's letter is read out of whatever a model writes, and no letter that is only a word or an aside."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.metrics.options import LONGEST, read_option, stated_accuracy

FIVE = {
    "A": "Aspirin",
    "B": "Clopidogrel",
    "C": "Warfarin 5 mg",
    "D": "Low-dose heparin",
    "E": "No treatment",
}
SIX = {**FIVE, "F": "The documents shown do not answer this question."}

DECIDED = [
    # the sentence asked for, and its relatives
    ("The correct answer is C: Warfarin 5 mg", "C"),
    ("The correct answer is C: Warfarin 5 mg\nThe correct answer is C: Warfarin 5 mg", "C"),
    ("the correct answer is c: warfarin 5 mg", "C"),
    ("The correct answer is C : Warfarin 5 mg", "C"),
    ("The correct answer is C", "C"),
    ("The correct answer is B.", "B"),
    ("The correct answer is B due to the bleeding", "B"),
    ("The correct answer is B as the letter of May says so", "B"),
    ("The correct answer is B which is stated in the first document", "B"),
    ("D based on the last document", "D"),
    ("The correct answer is **B**: Clopidogrel", "B"),
    ("The correct answer is **B: Clopidogrel**", "B"),
    ("The correct answer is (C)", "C"),
    ("The correct answer is [C]: Warfarin 5 mg", "C"),
    ("The correct answer is <C>", "C"),
    ('The correct answer is "C: Warfarin 5 mg".', "C"),
    ("The correct answer is “C”", "C"),
    ("The correct answer is\n\nC", "C"),
    ("The correct answer is B Clopidogrel", "B"),
    ("The correct answer is A Aspirin", "A"),
    ("The correct answer is C: Aspirin", "C"),
    ("The correct answer is D. The correct answer is C.", "D"),
    ("The correct answer to this question is most likely D", "D"),
    ("The answer to question 7 is D", "D"),
    ("The answer is option D.", "D"),
    ("The right choice is (D).", "D"),
    ("Final answer: **D**", "D"),
    ("**Answer:** C", "C"),
    ("Answer:\nC", "C"),
    ("Answer C", "C"),
    ('{"answer": "C"}', "C"),
    ("The answer is $\\boxed{\\text{C}}$.", "C"),
    ("Based on the documents, the correct answer is D: Low-dose heparin", "D"),
    ("A: The correct answer is C: Warfarin 5 mg", "C"),
    ("I would choose B.", "B"),
    ("I'd go with option B", "B"),
    # a letter alone, in every dress
    ("C", "C"),
    ("c", "C"),
    ("A", "A"),
    ("a", "A"),
    ("C.", "C"),
    ("a.", "A"),
    ("C)", "C"),
    ("(c)", "C"),
    ("[C]", "C"),
    ("**C**", "C"),
    ("`C`", "C"),
    ("'c'", "C"),
    ("（Ｃ）", "C"),
    ("- C", "C"),
    ("> C", "C"),
    ("\\boxed{C}", "C"),
    ("<answer>C</answer>", "C"),
    ("C<|im_end|>", "C"),
    ("C</s>", "C"),
    ("C C", "C"),
    ("c\nC", "C"),
    ("C<|im_end|>\n<|im_start|>user\nThank you", "C"),
    ("F", "F"),
    ("f.", "F"),
    # a letter and more
    ("C: Warfarin 5 mg", "C"),
    ("C. Warfarin 5 mg", "C"),
    ("c. warfarin 5 mg", "C"),
    ("C) Warfarin 5 mg", "C"),
    ("C - Warfarin 5 mg", "C"),
    ("**C:** Warfarin 5 mg", "C"),
    ("A Aspirin", "A"),
    ("C, because the record says so", "C"),
    ("C because the record says so", "C"),
    ("C, I think", "C"),
    ("Option C", "C"),
    ("option C.", "C"),
    ("Choice (d)", "D"),
    ("C: Warfarin 5 mg\n\nQuestion: And then?\nA: x\nB: y", "C"),
    # an option's text
    ("Warfarin 5 mg", "C"),
    ("**warfarin  5 mg.**", "C"),
    ("Warfarin 5 mg\n\nIt was started in May.", "C"),
    ("The correct answer is: Warfarin 5 mg. It was started in May.", "C"),
    ("The documents shown do not answer this question.", "F"),
    # named on the way
    ("C is correct.", "C"),
    ("Option C is the correct answer.", "C"),
    ("Based on the documents, C is the best answer", "C"),
    ("The patient was given anticoagulants, which is option C.", "C"),
    ("This corresponds to (C).", "C"),
    ("Option A is wrong, so option C", "C"),
    ("All of this points to option A because aspirin was given", "A"),
    ("The correct answer is C Warfarin 5 milligrams", "C"),
    ("The letter says that warfarin was begun.\n\nC: Warfarin 5 mg", "C"),
    ("The patient took warfarin.\n**C**", "C"),
    ("The correct answer: C) Warfarin 5 mg", "C"),
    ("(Answer: C)", "C"),
    ("I would answer C.", "C"),
    ("Document A says otherwise, so the answer is C", "C"),
    ("The correct answer is E: No treatment, as A and B are wrong", "E"),
    ("Options A and B can be ruled out. The correct answer is C.", "C"),
]
UNDECIDED = [
    # nothing, refusals, residue
    "",
    "  \n",
    "?!",
    "I'm sorry, but I cannot help with medical questions.",
    "and then " * 60,
    "Zustand nach Ödem – 38 °C, β-Blocker ½ Tbl. 心不全",
    "neutral or entailment",
    "I10, E11.65, A41.9",
    "I10-I16",
    "Vitamin B12 was low, and the film showed an old fracture at T10.",
    "<|im_end|>",
    "I cannot answer that.",
    "I cannot answer a question like this.",
    "As a language model, I cannot give medical advice.",
    "The correct answer is",
    "The correct answer is X: Y",
    # not offered
    "G",
    "The correct answer is G: Something",
    # two at once
    "A or B",
    "A, B",
    "A/B",
    "A, B and C",
    "The correct answer is A as well as B",
    "(A) and (B)",
    "A\nB",
    "A: C",
    "A B",
    "A B C D E",
    "ABCDE",
    "Option A or option B",
    "It must be either option A or option B",
    "The correct answer is A or B",
    "Both A and B are correct",
    "Neither A nor B is correct",
    "A: Aspirin\nB: Clopidogrel\nC: Warfarin 5 mg",
    "The options are:\nA: Aspirin\nB: Clopidogrel",
    "Two drugs were given.\nA\nB",
    # denied
    "The answer is not C",
    "The correct answer isn't C",
    "The incorrect answer is C",
    "Option C is incorrect",
    "It is not option C",
    "I don't think C is correct",
    # letters that are words, or parts of them
    "I",
    "A patient was given something",
    "a beta blocker",
    "The answer is A beta blocker",
    "The correct answer is a beta blocker",
    "an option a patient might take",
    "C. difficile colitis",
    "The correct answer is E. coli sepsis",
    "Cultures grew two germs.\nE. coli was one of them.",
    "In May\na patient came",
    "Hepatitis C",
    "Vitamin D is the best choice",
    "a lack (vitamin D)",
    "drug(s)",
    "D-dimer",
    "B12 deficiency",
    "C'est la vie",
    "Cé",
]


@pytest.mark.parametrize(("text", "letter"), DECIDED)
def test_a_decision_is_read_as_the_table_says(text: str, letter: str) -> None:
    assert read_option(text, SIX) == letter


@pytest.mark.parametrize("text", UNDECIDED)
def test_what_decides_for_no_option_is_read_as_none(text: str) -> None:
    assert read_option(text, SIX) is None


@pytest.mark.parametrize("text", ["F", "(F)", "The correct answer is F: The documents shown do not answer", SIX["F"]])
def test_an_option_counts_only_where_it_is_offered(text: str) -> None:
    assert (read_option(text, SIX), read_option(text, FIVE)) == ("F", None)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("C. difficile colitis", "B"),
        ("The correct answer is C. difficile colitis.", "B"),
        ("The correct answer is E. Coli", "A"),
        ("Vitamin D", "C"),
        ("A beta blocker", "D"),
        ("The correct answer is a beta blocker", "D"),
        ("E: B cells", "E"),
        ("The correct answer is E: B cells", "E"),
        ("The correct answer is B cells", "E"),
        ("The correct answer is A: E. coli", "A"),
        ("3.5 mg", "F"),
    ],
)
def test_an_options_text_may_begin_with_a_letter_of_its_own(text: str, letter: str) -> None:
    options = ("E. coli", "C. difficile colitis", "Vitamin D", "A beta blocker", "B cells", "3.5 mg")
    assert read_option(text, dict(zip("ABCDEF", options, strict=True))) == letter


@pytest.mark.parametrize(
    ("text", "letter"), [("The correct answer is B", "B"), ("B", "B"), ("The correct answer is D: B", "D"), ("AB", "C")]
)
def test_a_letter_names_an_option_even_where_another_ones_text_is_that_letter(text: str, letter: str) -> None:
    assert read_option(text, {"A": "A", "B": "0", "C": "AB", "D": "B"}) == letter


def test_an_article_before_a_word_of_the_first_option_is_still_an_article() -> None:
    assert read_option("A patient was seen", {"A": "Patient and family", "B": "Nobody"}) is None


def test_of_options_that_read_the_same_the_first_is_meant_by_their_text() -> None:
    options = {"A": "1 mg", "B": "2 mg", "C": "1025 mg/dL", "D": "1025 mg/dL"}
    assert read_option("1025 mg/dL", options) == "C"
    assert read_option("The correct answer is D: 1025 mg/dL", options) == "D"


def test_the_longest_option_that_fits_is_meant() -> None:
    options = {"A": "Aspirin", "B": "Aspirin. Later clopidogrel", "C": ""}
    assert read_option("Aspirin. Later clopidogrel", options) == "B"
    assert read_option("Aspirin. Nothing else", options) == "A"
    assert read_option("Aspirin and ibuprofen", options) is None


FRAGMENTS = st.sampled_from(
    [
        "A",
        "b",
        "C.",
        "(D)",
        "**E**",
        "F:",
        " ",
        "\n",
        ", ",
        " or ",
        " and ",
        "not ",
        "the answer is ",
        "option ",
        " is correct",
    ]
)


@given(text=st.one_of(st.text(max_size=80), st.lists(FRAGMENTS, max_size=10).map("".join)))
def test_whatever_is_read_is_offered(text: str) -> None:
    assert read_option(text, FIVE) in {*FIVE, None}


@given(
    letter=st.sampled_from("ABCDEF"),
    dress=st.sampled_from(
        ["{}", "({})", "[{}]", "**{}**", "*{}*", "`{}`", "{}.", "{})", "{}:", '"{}"', "({}).", "**{}.**"]
    ),
    before=st.sampled_from(
        ["", "\n ", "Answer: ", "answer ", "Option ", "The correct answer is ", "the best option is "]
    ),
    after=st.sampled_from(["", "\n", " \n\n", "<|eot_id|>", "\n\nThe documents say so."]),
    small=st.booleans(),
)
def test_the_dress_of_a_letter_changes_nothing(letter: str, dress: str, before: str, after: str, small: bool) -> None:
    text = f"{before}{dress.format(letter.lower() if small else letter)}{after}"
    assert read_option(text, SIX) == letter


OPTION_TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs")), min_size=1, max_size=40
)


@given(texts=st.lists(OPTION_TEXTS, min_size=5, max_size=5), letter=st.sampled_from("ABCDE"))
def test_the_sentence_asked_for_is_read_whatever_the_options_say(texts: list[str], letter: str) -> None:
    options = dict(zip("ABCDE", texts, strict=True))
    sentence = f"The correct answer is {letter}: {options[letter]}"
    assert read_option(sentence, options) == letter
    assert stated_accuracy([sentence], [letter]) == [1.0]


@pytest.mark.parametrize("unit", ["answer ", "A ", "(A", "is is is ", "option ", "answer is not ", "the answer to a "])
def test_a_run_on_reply_is_read_to_its_limit_only(unit: str) -> None:
    assert read_option(unit * LONGEST + "The correct answer is C: Warfarin 5 mg", FIVE) is None


@pytest.mark.parametrize("unit", ["*", " ", "\n", "_`"])
def test_decoration_before_a_decision_is_no_matter(unit: str) -> None:
    assert read_option(unit * LONGEST + "The correct answer is C: Warfarin 5 mg", FIVE) == "C"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The correct answer is C: Warfarin 5 mg", 1.0),
        ("I am sure. The correct answer is C: Warfarin 5 mg", 1.0),
        ("The correct answer is D: Heparin. The correct answer is C: Warfarin 5 mg", 0.0),
        ("The correct answer is C. Warfarin 5 mg", 0.0),
        ("The correct answer is C", 0.0),
        ("The correct answer is C : Warfarin", 0.0),
        ("The correct answer is **C**: Warfarin 5 mg", 0.0),
        ("the correct answer is C: Warfarin 5 mg", 0.0),
        ("The correct answer is c: Warfarin 5 mg", 0.0),
        ("C: Warfarin 5 mg", 0.0),
        ("", 0.0),
    ],
)
def test_strictly_only_the_sentence_asked_for_counts(text: str, value: float) -> None:
    assert stated_accuracy([text], ["C"]) == [value]


def test_strictly_each_of_several_right_options_counts() -> None:
    texts = [f"The correct answer is {letter}: 1025 mg/dL" for letter in "BCD"]
    assert stated_accuracy(texts, ["CD"] * 3) == [0.0, 1.0, 1.0]


def test_what_is_strictly_right_is_right() -> None:
    for text, letter in DECIDED:
        if re.match("The correct answer is [A-F]:", text):
            assert stated_accuracy([text], [letter]) == [1.0]
