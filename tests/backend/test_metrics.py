"""What holds for every metric: gold is 1, silence 0, company changes nothing, and saying it twice does not pay."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.mednli import LABELS
from backend.domain import Measure
from backend.metrics.bertscore import EncoderSpec, bertscore
from backend.metrics.icd10 import APPROXIMATE_F1, BILLABLE_CODES, EXACT_F1, VALID_CODES
from backend.metrics.labels import ACCURACY, one_of
from backend.metrics.rouge import ROUGE_1, ROUGE_2, ROUGE_L
from backend.metrics.umls import UMLS_F1
from backend.settings import Settings
from tests.umls import umls_python

WORDS = ("what", "causes", "gout", "fever", "in", "a", "child", "with", "asthma", "chest", "pain")
CODES = ("I10", "E11.9", "E11.65", "N18.30", "J18.9", "M1A.0710", "Z3A.20", "U07.1", "S72.001A", "F32.A", "QA0.0151")
MENTIONS = ("heart attack", "hypertension", "gout", "pneumonia", "cold", "ringing ears", "Märchenfieber")


@dataclass(frozen=True, slots=True)
class Kind:
    """Metrics of one kind: what their answers are made of, how many of it at least, and what stands between."""

    metrics: tuple[str, ...]
    items: tuple[str, ...]
    least: int = 1
    most: int = 8
    glue: str = ", "
    of_sets: bool = False


KINDS = (
    Kind(("accuracy",), LABELS, most=1),
    Kind(("one_of",), tuple("ABCDEF"), most=1),
    Kind(("rouge_l", "rouge_1", "rouge_2"), WORDS, least=2, glue=" "),
    Kind(("bertscore_f1",), WORDS, glue=" "),
    Kind(("exact_f1", "approximate_f1", "valid_codes", "billable_codes"), CODES, of_sets=True),
    Kind(("umls_f1",), MENTIONS, of_sets=True),
)
EVERY = [pytest.param(name, kind, id=name) for kind in KINDS for name in kind.metrics]
OF_SETS = [pytest.param(name, kind, id=name) for kind in KINDS for name in kind.metrics if kind.of_sets]
OF_TEXTS = [pytest.param(name, kind, id=name) for kind in KINDS for name in kind.metrics if kind.glue == " "]


@pytest.fixture(scope="module")
def measures(tiny_encoder: Path, umls_folder: Path) -> Mapping[str, Measure]:
    """Every metric, ready to measure."""
    config = json.loads((tiny_encoder / "config.json").read_text())
    spec = EncoderSpec(
        hub_id="acme/encoder", layer=2, vocab_size=config["vocab_size"], hidden_size=config["hidden_size"]
    )
    settings = Settings(scibert=str(tiny_encoder), umls=umls_folder, umls_python=umls_python())
    metrics = (
        *(ACCURACY, ROUGE_L, ROUGE_1, ROUGE_2, bertscore(spec)),
        *(EXACT_F1, APPROXIMATE_F1, VALID_CODES, BILLABLE_CODES, UMLS_F1),
    )
    return {"one_of": one_of, **{metric.name: metric.prepare(settings) for metric in metrics}}


def drawn(data: st.DataObject, kind: Kind) -> list[str]:
    return data.draw(st.lists(st.sampled_from(kind.items), min_size=kind.least, max_size=kind.most))


@pytest.mark.parametrize(("name", "kind"), EVERY)
@given(data=st.data())
def test_gold_is_1_and_silence_0(measures: Mapping[str, Measure], name: str, kind: Kind, data: st.DataObject) -> None:
    gold = kind.glue.join(drawn(data, kind))
    assert list(measures[name]([gold, "", " \n"], [gold] * 3)) == pytest.approx([1.0, 0.0, 0.0], abs=1e-5)


@pytest.mark.parametrize(("name", "kind"), EVERY)
@given(data=st.data())
def test_each_pair_has_its_own_number_whatever_its_company(
    measures: Mapping[str, Measure], name: str, kind: Kind, data: st.DataObject
) -> None:
    texts = st.one_of(st.text(max_size=30), st.just(kind.glue.join(drawn(data, kind))))
    answers, references = zip(*data.draw(st.lists(st.tuples(texts, texts), min_size=1, max_size=4)), strict=True)
    measure = measures[name]
    together = list(measure(answers, references))
    assert len(together) == len(answers)
    assert all(0 <= value <= 1 + 1e-6 for value in together)
    assert list(measure(answers[::-1], references[::-1])) == pytest.approx(together[::-1], abs=1e-5)
    assert list(measure(answers[:1], references[:1])) == pytest.approx(together[:1], abs=1e-5)


@pytest.mark.parametrize(("name", "kind"), OF_SETS)
@given(data=st.data())
def test_neither_order_nor_repetition_matters_to_sets(
    measures: Mapping[str, Measure], name: str, kind: Kind, data: st.DataObject
) -> None:
    said, wanted = drawn(data, kind), drawn(data, kind)
    again = data.draw(st.permutations([*said, *data.draw(st.lists(st.sampled_from(said), max_size=5))]))
    once, twice = measures[name](_both(kind, said, again), [kind.glue.join(wanted)] * 2)
    assert once == twice
    assert measures[name]([kind.glue.join(said)], [kind.glue.join(wanted[::-1] * 2)]) == [once]


@pytest.mark.parametrize(("name", "kind"), OF_TEXTS)
@given(data=st.data())
def test_gold_said_twice_is_worth_less_than_gold(
    measures: Mapping[str, Measure], name: str, kind: Kind, data: st.DataObject
) -> None:
    gold = drawn(data, kind)
    once, twice = measures[name](_both(kind, gold, gold * 2), [kind.glue.join(gold)] * 2)
    assert twice < once


def _both(kind: Kind, one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [kind.glue.join(one), kind.glue.join(other)]
