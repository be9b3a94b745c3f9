"""Small real tokenizers of the kinds that published models have, made on the spot."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from tests.loopback.models import clinical_sentences

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@cache
def _sentences() -> list[str]:
    return [line for number, line in enumerate(clinical_sentences()) if number % 3 == 0]


def _fast(inner: Tokenizer, *added: AddedToken) -> Any:
    inner.add_special_tokens(list(added))
    return PreTrainedTokenizerFast(tokenizer_object=inner, clean_up_tokenization_spaces=False)


def byte_level(pattern: str | None = None, *added: AddedToken) -> Any:
    """As GPT-2 (no pattern) or Llama 3; with newlines before letters, full stops and each other in training."""
    inner = Tokenizer(models.BPE())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    split = [pre_tokenizers.Split(Regex(pattern), behavior="isolated")] if pattern else []
    inner.pre_tokenizer = pre_tokenizers.Sequence([*split, level])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=["<s>"], initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator([f"{line}\n\n\n{line}\n{line} \r\n" for line in _sentences()], trainer)
    start = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    inner.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), start])
    return _fast(inner, *added)


def sentence_piece(normalizer: Any, pre_tokenizer: Any, *added: AddedToken) -> Any:
    """As Llama 2 and Gemma: BPE over whole texts with blanks written as ▁, and bytes where a letter is unknown."""
    inner = Tokenizer(models.BPE(unk_token="<unk>"))
    inner.normalizer = normalizers.Replace(" ", "▁")
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>", "<s>"], show_progress=False)
    inner.train_from_iterator([sentence[:60] for sentence in _sentences()], trainer)
    state = json.loads(inner.to_str())
    vocabulary = state["model"]["vocab"]
    for piece in ["▁", *BYTES]:
        vocabulary.setdefault(piece, len(vocabulary))
    state["model"]["byte_fallback"] = True
    whole = Tokenizer.from_str(json.dumps(state))
    if normalizer is not None:
        whole.normalizer = normalizer
    if pre_tokenizer is not None:
        whole.pre_tokenizer = pre_tokenizer
    whole.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return _fast(whole, *added)


def prepending() -> Any:
    """Writes a blank before every stretch of text between its special tokens, as Llama 2's first files do."""
    return normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])


def unigram() -> Any:
    """As T5: blanks of any kind and number are one, and the text ends with </s>."""
    inner = Tokenizer(models.Unigram())
    inner.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<unk>", "</s>"], unk_token="<unk>", show_progress=False
    )
    inner.train_from_iterator(_sentences(), trainer)
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return _fast(inner)


def word_pieces(pre_tokenizer: Any | None = None) -> Any:
    """As BERT: small letters, words of pieces, [CLS] before and [SEP] after."""
    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False)
    inner.train_from_iterator(_sentences(), trainer)
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    if pre_tokenizer is not None:
        inner.pre_tokenizer = pre_tokenizer
    return _fast(inner)


def added(content: str, **how: bool) -> AddedToken:
    """A token that texts are cut at before anything else."""
    return AddedToken(content, special=True, normalized=False, **how)


TURN = "<|user|>"
PLAUSIBLE: dict[str, Callable[[], Any]] = {
    "gpt-2": byte_level,
    "gpt-2, its pattern spelt out": lambda: byte_level(GPT2),
    "llama 3": lambda: byte_level(LLAMA3, added(TURN)),
    "llama 3, turns that eat blanks": lambda: byte_level(LLAMA3, added(TURN, lstrip=True, rstrip=True)),
    "llama 2": lambda: sentence_piece(prepending(), None, added(TURN)),
    "llama 2, first": lambda: sentence_piece(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False)),
    "llama 2, always": lambda: sentence_piece(
        None, pre_tokenizers.Metaspace(prepend_scheme="always", split=False), added(TURN)
    ),
    "phi 3": lambda: sentence_piece(prepending(), None, added(TURN, rstrip=True)),
    "gemma": lambda: sentence_piece(None, None, added("\n"), added("\n\n"), added("\n\n\n"), added(TURN)),
    "empty lines as tokens, blanks before": lambda: sentence_piece(prepending(), None, added("\n\n")),
    "t5": unigram,
    "bert": word_pieces,
}


def letters() -> Any:
    """Knows a few signs and nothing else, and drops the rest."""
    inner = Tokenizer(models.BPE({"[CLS]": 0, "F": 1, "6": 2, "\n": 3}, []))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(single="[CLS] $A [CLS]", special_tokens=[("[CLS]", 0)])
    return _fast(inner)


def hesitant() -> Any:
    """Merges by chance."""
    tokenizer = byte_level()
    tokenizer.backend_tokenizer.model.dropout = 0.5
    return tokenizer


ADVERSARIAL: dict[str, Callable[[], Any]] = {
    "knows no letter": letters,
    "looks at the end": lambda: byte_level(r"e(?=[\s\S]*5)|\p{L}+|[^\p{L}]+"),
    "looks back": lambda: byte_level(r"(?<=user[\s\S]{30,50})e|\p{L}+|[^\p{L}]+"),
    "takes two at a time": lambda: byte_level(r"(?:\n|[^\n]){2}"),
    "takes sentences": lambda: byte_level(r"[^.]+\.?|\."),
    "one word": lambda: word_pieces(pre_tokenizers.Split("|", behavior="isolated")),
    "cuts evenly": lambda: word_pieces(pre_tokenizers.FixedLength(length=5)),
}
