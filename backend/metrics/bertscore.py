"""BERTScore F1 (Zhang et al., 2020), raw, by greedy cosine matching of one encoder layer's token vectors."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from cachetools import LRUCache
from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from backend.domain import Measure, Metric
from backend.errors import MetricUnavailable
from backend.halting import go_on
from backend.settings import PREFIX, Settings

MAX_TOKENS = 512
BATCH_TOKENS = 1024  # on a CPU as fast per token as more, and soon done when told to stop
KEPT_TOKENS = 100_000  # of references: those of all tasks, 300 MB with SciBERT
ENCODER_FILES = [
    "config.json",
    "vocab.txt",
    "tokenizer*",
    "special_tokens_map.json",
    "*.safetensors",
    "pytorch_model.bin",
]


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """Which encoder a number belongs to. A local folder must have exactly this shape to stand in for the Hub id.

    `setting` is the field of the settings that says where it is.
    """

    hub_id: str
    layer: int
    vocab_size: int
    hidden_size: int
    setting: str = "scibert"

    @property
    def variable(self) -> str:
        """The environment variable of the setting."""
        return PREFIX + self.setting.upper()


SCIBERT = EncoderSpec(hub_id="allenai/scibert_scivocab_uncased", layer=8, vocab_size=31090, hidden_size=768)
CLINICALBERT = EncoderSpec(
    hub_id="emilyalsentzer/Bio_ClinicalBERT", layer=9, vocab_size=28996, hidden_size=768, setting="clinicalbert"
)


class Encoder:
    """One layer's token vectors of an encoder, loaded once."""

    def __init__(self, folder: Path, layer: int) -> None:
        from transformers import BertModel, BertTokenizerFast

        # Not the Auto classes: SciBERT's own config.json does not say that it is a BERT.
        self._tokenizer: Any = BertTokenizerFast.from_pretrained(folder, local_files_only=True)
        self._model: Any = BertModel.from_pretrained(folder, dtype="float32", local_files_only=True).eval()
        self._model.encoder.layer = self._model.encoder.layer[:layer]
        self._kept: LRUCache[tuple[str, ...], dict[str, Any]] = LRUCache(KEPT_TOKENS, getsizeof=_tokens)

    def reference_vectors(self, texts: Sequence[str]) -> dict[str, Any]:
        """As `vectors`; the texts of one task are encoded once, however many models are held against them.

        They are kept as a whole and never mixed with others, so that a number does not depend on what was kept.
        """
        distinct = tuple(sorted(set(texts)))
        found = self._kept.get(distinct)
        if found is None:
            found = self.vectors(distinct)
            if _tokens(found) <= KEPT_TOKENS:
                self._kept[distinct] = found
        return found

    def vectors(self, texts: Sequence[str]) -> dict[str, Any]:
        """For each distinct text its token vectors of length 1, [CLS] first and [SEP] last: (tokens, hidden).

        They are the same to the last bit whatever the order of the texts. Halted once told to stop.
        """
        distinct = sorted(set(texts))
        encoded = self._tokenizer([text.strip() for text in distinct], truncation=True, max_length=MAX_TOKENS)[
            "input_ids"
        ]
        order = sorted(range(len(distinct)), key=lambda index: (len(encoded[index]), distinct[index]))
        found: dict[str, Any] = {}
        for batch in _batches(order, [len(ids) for ids in encoded]):
            go_on()
            for index, vectors in zip(batch, self._encode([encoded[index] for index in batch]), strict=True):
                found[distinct[index]] = vectors
        return found

    def _encode(self, batch: Sequence[Sequence[int]]) -> list[Any]:
        import torch

        width = max(map(len, batch))
        ids = torch.tensor([[*row, *[self._tokenizer.pad_token_id] * (width - len(row))] for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch])
        with torch.inference_mode():
            hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            hidden = torch.nn.functional.normalize(hidden, dim=-1)
        return [hidden[row, : len(tokens)].clone() for row, tokens in enumerate(batch)]


def _tokens(vectors: Mapping[str, Any]) -> int:
    return sum(map(len, vectors.values()))


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * lengths[index] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def bertscore_f1(encoder: Encoder, answers: Sequence[str], references: Sequence[str]) -> list[float]:
    """F1 per pair. [CLS] and [SEP] may be matched but carry no weight; an empty side gives 0.

    It is what bert-score 0.3.13 gives for the pair alone. Among others that package pads, and counts padding as a match
    of similarity 0, so that a token which is like nothing at all (below 0) gains from longer company.
    """
    wanted = encoder.reference_vectors(references)
    others = set(answers) - wanted.keys()
    vectors = wanted | encoder.vectors(list(others)) if others else wanted
    return [
        _pair_f1(vectors[answer], vectors[reference]) for answer, reference in zip(answers, references, strict=True)
    ]


def _pair_f1(answer: Any, reference: Any) -> float:
    if len(answer) <= 2 or len(reference) <= 2:
        return 0.0
    similarity = answer @ reference.T
    precision = similarity.max(dim=1).values[1:-1].mean().item()
    recall = similarity.max(dim=0).values[1:-1].mean().item()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


@cache
def bertscore(spec: EncoderSpec) -> Metric:
    """BERTScore F1 with this encoder and no other; missing with its reason where the encoder cannot be had.

    Tasks that ask for the same encoder get the same metric, so that it is loaded once for all of them.
    """

    def prepare(settings: Settings) -> Measure:
        encoder = _open(spec, encoder_folder(spec, settings))
        return lambda answers, references: bertscore_f1(encoder, answers, references)

    def facts(settings: Settings) -> Mapping[str, str]:
        return {"bertscore_encoder": spec.hub_id, "bertscore_layer": str(spec.layer)}

    return Metric(
        name="bertscore_f1",
        title="BERTScore",
        meaning=f"Similarity of meaning by {spec.hub_id}, layer {spec.layer}, raw F1.",
        prepare=prepare,
        facts=facts,
    )


def brought_folder(spec: EncoderSpec, settings: Settings) -> Path:
    """Where `python app.py receive` puts the encoder; it comes before the Hub."""
    return settings.home / "encoders" / spec.setting


def encoder_folder(spec: EncoderSpec, settings: Settings) -> Path:
    """Folder of the encoder, fetched if need be; MetricUnavailable, with the reason, where it cannot be had."""
    where = getattr(settings, spec.setting)
    folder = Path(where)
    if not folder.is_dir():
        if where != spec.hub_id:
            raise MetricUnavailable(f"{spec.variable} is neither {spec.hub_id} nor a folder that holds it.")
        folder = brought_folder(spec, settings)
        if not folder.is_dir():
            folder = _download(spec)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        shape = config["vocab_size"], config["hidden_size"], int(config["num_hidden_layers"]) >= spec.layer
    except (OSError, ValueError, LookupError, TypeError):
        raise MetricUnavailable(
            f"The folder in {spec.variable} has no readable config.json of {spec.hub_id}."
        ) from None
    if shape != (spec.vocab_size, spec.hidden_size, True):
        raise MetricUnavailable(f"The folder in {spec.variable} holds another encoder than {spec.hub_id}.")
    return folder


def is_encoder_file(name: str) -> bool:
    """Whether a file of this name is fetched of an encoder's repository."""
    return "/" not in name and any(fnmatchcase(name, pattern) for pattern in ENCODER_FILES)


def _open(spec: EncoderSpec, folder: Path) -> Encoder:
    try:
        return Encoder(folder, spec.layer)
    except Exception as error:
        raise MetricUnavailable(
            f"The encoder {spec.hub_id} could not be loaded ({type(error).__name__}). Bring its files anew."
        ) from error


def _download(spec: EncoderSpec) -> Path:
    try:
        return Path(snapshot_download(spec.hub_id, allow_patterns=ENCODER_FILES, etag_timeout=5))
    except (httpx2.TransportError, HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError):
        raise MetricUnavailable(
            f"The encoder {spec.hub_id} could not be fetched from {constants.ENDPOINT}. "
            f"Bring it with `python app.py carry`, or by hand and name its folder in {spec.variable}."
        ) from None
