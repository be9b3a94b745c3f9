"""Builds tiny real models with random weights on the spot, the same ones every time for the same seed."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import product
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, BertTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIALS = ("<pad>", "<s>", "</s>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")


class ChatTemplate(StrEnum):
    """What the chat template of a tiny Llama does."""

    NORMAL = "normal"
    """Writes every turn with its role; `system_role=False` makes it refuse the system role."""
    HOSTILE = "hostile"
    """Raises always, with the last message's content in the exception."""
    ENDLESS = "endless"
    """Loops for hours."""


def tiny_llama(
    folder: Path,
    *,
    chat_template: ChatTemplate | None = ChatTemplate.NORMAL,
    system_role: bool = True,
    seed: int = 0,
    layers: int = 2,
    hidden: int = 64,
    context: int = 2048,
    brief: bool = False,
) -> Path:
    """The folder holds a Llama of about 0.2 M float32 parameters as safetensors, its tokenizer and its template.

    `layers` and `hidden` (a multiple of 16) make it slower; `context` is its longest input in tokens. To a brief one
    every second token ends an answer; others hardly ever come to an end by themselves.
    """
    tokenizer = _byte_level_tokenizer(context)
    tokenizer.chat_template = _template_text(chat_template, system_role)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 16,
        num_key_value_heads=hidden // 16,
        max_position_embeddings=context,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    if brief:
        model.generation_config.eos_token_id = [tokenizer.eos_token_id, *range(len(SPECIALS), len(tokenizer), 2)]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def configure(folder: Path, **changed: object) -> Path:
    """The folder, whose config.json says what has changed."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    return folder


def pickle_only(folder: Path, *, seed: int = 0) -> Path:
    """The folder holds a tiny Llama whose weights are in `pytorch_model.bin` and in no safetensors file."""
    tiny_llama(folder, seed=seed)
    weights = LlamaForCausalLM.from_pretrained(folder).state_dict()
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


def tiny_bert(
    folder: Path, *, seed: int = 0, layers: int = 3, hidden: int = 64, inner: int = 128, vocabulary: int | None = None
) -> Path:
    """The folder holds a lower-casing BERT as safetensors, 512 positions, its tokenizer naming no maximal length.

    `vocabulary` makes room for more pieces than there are.
    """
    tokenizer = BertTokenizer(vocab={piece: index for index, piece in enumerate(_word_pieces())})
    config = BertConfig(
        vocab_size=vocabulary or len(tokenizer),
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 16,
        max_position_embeddings=512,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = folder / "tokenizer_config.json"
    said = json.loads(settings.read_text())
    said.pop("model_max_length", None)
    settings.write_text(json.dumps(said, indent=2))
    return folder


def clinical_sentences() -> Iterator[str]:
    """Invented sentences in the tone of a ward round, enough to train a vocabulary of some hundred pieces."""
    for patient, complaint, course in product(_PATIENTS, _COMPLAINTS, _COURSES):
        yield f"{patient} presents with {complaint}. {course}"


def _byte_level_tokenizer(context: int) -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=800, special_tokens=list(SPECIALS), initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator(clinical_sentences(), trainer)
    # As with published Llamas, the tokenizer opens every text with <s>, and so does the template: twice if one lets it.
    opening = [("<s>", inner.token_to_id("<s>"))]
    inner.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=opening)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )


def _word_pieces() -> list[str]:
    words = sorted({word for sentence in clinical_sentences() for word in re.findall(r"\w+", sentence.lower())})
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters), *words]
    return list(dict.fromkeys(pieces))


def _template_text(chat_template: ChatTemplate | None, system_role: bool) -> str | None:
    if chat_template is None:
        return None
    if chat_template is ChatTemplate.HOSTILE:
        return "{{ raise_exception(messages[-1]['content']) }}"
    if chat_template is ChatTemplate.ENDLESS:
        return "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    refusal = "{{ raise_exception('System role not supported') }}"
    guard = "" if system_role else "{% if m['role'] == 'system' %}" + refusal + "{% endif %}"
    turn = "{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}"
    opening = "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
    return "{{ bos_token }}{% for m in messages %}" + guard + turn + "{% endfor %}" + opening


_PATIENTS = (
    "A 54-year-old man with type 2 diabetes",
    "A retired teacher on anticoagulation",
    "A 31-year-old woman in her second trimester",
    "An elderly farmer living alone",
    "A child with known asthma",
)
_COMPLAINTS = (
    "sudden chest pain radiating to the left arm",
    "three days of fever, productive cough and pleuritic pain",
    "progressive dyspnoea on exertion and ankle oedema",
    "painless jaundice, weight loss and pruritus",
    "recurrent headache with visual disturbance",
    "dysuria, flank tenderness and rigors",
)
_COURSES = (
    "Blood pressure is 142/88 mmHg, pulse 96/min, oxygen saturation 93% on room air.",
    "The chest radiograph shows a right lower lobe consolidation without effusion.",
    "Laboratory findings: CRP 112 mg/L, leukocytes 14.2 G/L, creatinine 1.4 mg/dL.",
    "There is no evidence of myocardial infarction; troponin remains negative.",
    "Discharge diagnosis: community-acquired pneumonia (J18.9), hypertension (I10).",
    "Treatment with amoxicillin and clavulanic acid was started and well tolerated.",
    "Answer: entailment, contradiction or neutral? Yes, no or maybe?",
)
