"""ROUGE, bit-equal to rouge-score 0.1.2 without stemming (Lin, 2004), and many times faster."""

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from rapidfuzz.distance import LCSseq

from backend.domain import Measure, Metric

# Texts taken apart that are kept: the references of all tasks and one model's answers, so that a text which several
# metrics or models are judged by is taken apart once.
KEPT = 4096
_WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """Lower-cased runs of ASCII letters and digits; everything else separates."""
    return _WORD.findall(text.lower())


def rouge_n(answer: str, reference: str, n: int) -> float:
    """F-measure of shared n-grams, 0..1; 0 when either side has none."""
    return agreement_n(answer, reference, n)[2]


def rouge_l(answer: str, reference: str) -> float:
    """F-measure of the longest common subsequence of words, 0..1; 0 when either side is empty."""
    return agreement_l(answer, reference)[2]


def forget() -> None:
    """No text that was judged is in memory any more."""
    _words.cache_clear()
    _ngrams.cache_clear()


def agreement_n(answer: str, reference: str, n: int) -> tuple[float, float, float]:
    """Precision, recall and F-measure of shared n-grams, each counted as often as both sides have it."""
    written, wanted = _ngrams(answer, n), _ngrams(reference, n)
    shared = sum([min(written[gram], wanted[gram]) for gram in written.keys() & wanted.keys()])
    return _agreement(shared, written.total(), wanted.total())


def agreement_l(answer: str, reference: str) -> tuple[float, float, float]:
    """Precision, recall and F-measure of the longest common subsequence of words, told apart by 64-bit hashes."""
    written, wanted = _words(answer), _words(reference)
    return _agreement(LCSseq.similarity(written, wanted), len(written), len(wanted))


@lru_cache(KEPT)
def _words(text: str) -> tuple[str, ...]:
    return tuple(words(text))


@lru_cache(2 * KEPT)
def _ngrams(text: str, n: int) -> Counter[str]:
    spoken = _words(text)
    # Strings and no tuples: the garbage collector need not look at what is kept.
    return Counter(spoken if n == 1 else map(" ".join, zip(*(spoken[start:] for start in range(n)), strict=False)))


def _agreement(shared: int, written: int, wanted: int) -> tuple[float, float, float]:
    precision, recall = shared / max(written, 1), shared / max(wanted, 1)
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both > 0 else 0.0


def _over_pairs(f_measure: Callable[[str, str], float]) -> Measure:
    return lambda answers, references: [f_measure(*pair) for pair in zip(answers, references, strict=True)]


ROUGE_L = Metric(
    name="rouge_l",
    title="ROUGE-L",
    meaning="Longest common subsequence of words, as F-measure.",
    prepare=lambda _: _over_pairs(rouge_l),
)
ROUGE_1 = Metric(
    name="rouge_1",
    title="ROUGE-1",
    meaning="Shared words, as F-measure.",
    prepare=lambda _: _over_pairs(lambda answer, reference: rouge_n(answer, reference, 1)),
)
ROUGE_2 = Metric(
    name="rouge_2",
    title="ROUGE-2",
    meaning="Shared pairs of neighbouring words, as F-measure.",
    prepare=lambda _: _over_pairs(lambda answer, reference: rouge_n(answer, reference, 2)),
)
