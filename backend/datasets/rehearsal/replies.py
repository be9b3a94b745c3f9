"""What models write besides answers: the odd replies that every task must read without stumbling."""

from collections.abc import Mapping


def odd_replies(gold: str) -> Mapping[str, str]:
    """Replies by what is odd in them, some of which quote the gold answer."""
    return {
        "empty string": "",
        "white space": " \n\t ",
        "refusal": "I'm sorry, but I cannot help with medical questions.",
        "exact gold": gold,
        "gold twice": f"{gold} {gold}",
        "two labels": "neutral or entailment",
        "lower case": gold.lower(),
        "sentence asked for": "The correct answer is B: it says so in the second document.",
        "full stop for a colon": "The correct answer is B.",
        "bold letter": "The correct answer is **B**:",
        "letter without a document": "F",
        "dotted codes": "I10, E11.65, A41.9",
        "undotted codes": "I10, E1165, A419",
        "lower case codes": "i10, e11.65, a41.9",
        "duplicated codes": "I10, I10, E11.9",
        "range of codes": "I10-I16",
        "prose with look-alikes": "Vitamin B12 was low, and the film showed an old fracture at T10.",
        "run-on": "and then " * 256,
        "non-ASCII": "Zustand nach Ödem – 38 °C, β-Blocker ½ Tbl. 心不全 \N{PILL}",
        "chat template residue": f"{gold}<|im_end|>\n<|im_start|>user\nThank you",
    }
