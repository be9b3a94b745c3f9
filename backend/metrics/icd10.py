"""Agreement of the ICD-10-CM codes in an answer with those in the reference, and whether they are codes at all."""

from collections.abc import Callable, Mapping, Sequence

from backend.domain import Measure, Metric
from backend.icd import billable_code, codes, known_code, release_facts
from backend.metrics.sets import set_f1
from backend.settings import Settings

CATEGORY = 3


def exact_f1(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """F1 per letter of the different codes; both sides may write them with or without dots, in any case and order."""
    return [set_f1(codes(answer), codes(reference)) for answer, reference in zip(answers, references, strict=True)]


def approximate_f1(answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """F1 per letter of the different categories, which are the codes' first three characters."""
    return [
        set_f1(_categories(answer), _categories(reference))
        for answer, reference in zip(answers, references, strict=True)
    ]


def _categories(text: str) -> frozenset[str]:
    return frozenset(code[:CATEGORY] for code in codes(text))


def _share(holds: Callable[[str], bool]) -> Measure:
    """Share of the answer's different codes for which it holds; 0 when there are none. References do not matter."""

    def measure(answers: Sequence[str], references: Sequence[str]) -> list[float]:
        return [
            sum(map(holds, found)) / len(found) if (found := codes(answer)) else 0.0
            for answer, _ in zip(answers, references, strict=True)
        ]

    return measure


def _facts(settings: Settings) -> Mapping[str, str]:
    return release_facts()


EXACT_F1 = Metric(
    name="exact_f1",
    title="Exact F1",
    meaning="F1 of the ICD-10-CM codes as sets, per letter.",
    prepare=lambda _: exact_f1,
)
APPROXIMATE_F1 = Metric(
    name="approximate_f1",
    title="Approximate F1",
    meaning="F1 of the codes' categories (first three characters) as sets, per letter.",
    prepare=lambda _: approximate_f1,
)
VALID_CODES = Metric(
    name="valid_codes",
    title="Valid codes",
    meaning="Share of the different codes written that exist in ICD-10-CM, billable or category; none written is 0.",
    prepare=lambda _: _share(known_code),
    facts=_facts,
)
BILLABLE_CODES = Metric(
    name="billable_codes",
    title="Billable codes",
    meaning="Share of the different codes written that are billable ones of ICD-10-CM; none written is 0.",
    prepare=lambda _: _share(billable_code),
    facts=_facts,
    averaged=False,
)
