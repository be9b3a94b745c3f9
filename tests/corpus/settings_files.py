"""Settings that would run, fetch or build something: config.json, generation_config.json and the tokenizer's."""

import json
from collections.abc import Mapping
from typing import Any

from backend.errors import FailureCode
from tests.corpus.attack import Attack, Expected, Outcome
from tests.corpus.folders import CONFIG, TOKENIZER, TOKENIZER_CONFIG

Files = Mapping[str, bytes | str | None]
RAW, GENERATION, SETTINGS = "config.json", "generation_config.json", "tokenizer_config.json"
REFUSED: Expected = FailureCode.UNSUPPORTED_ARCHITECTURE
NO_TOKENIZER: Expected = FailureCode.NO_TOKENIZER
TEMPLATE: Expected = FailureCode.TEMPLATE_ERROR
CLEARED: Expected = Outcome.CLEARED
OWN = {"AutoConfig": "evil.EvilConfig", "AutoModelForCausalLM": "other/repository--evil.Evil"}
LONG = "x" * 1_000_000


def _config(**changed: Any) -> Files:
    return {RAW: json.dumps({**CONFIG, **changed})}


def _settings(**changed: Any) -> Files:
    return {SETTINGS: json.dumps({**TOKENIZER_CONFIG, **changed})}


def _tokenizer(**changed: Any) -> Files:
    return {"tokenizer.json": json.dumps({**TOKENIZER, **changed})}


_CODE: dict[str, tuple[str, Files, Expected]] = {
    "own code": ("classes of the repository's own beside a type that is known", _config(auto_map=OWN), CLEARED),
    "own code within": ("the same one level down", _config(text_config={"auto_map": OWN}), CLEARED),
    "own code alone": (
        "a type that only the repository's code knows",
        _config(model_type="evil", auto_map=OWN),
        REFUSED,
    ),
    "no type": ("no type, for a loader to guess from the name", _config(model_type=None), REFUSED),
    "type is a list": ("a type that cannot be looked up", _config(model_type=["llama"]), REFUSED),
    "type is a path": ("a type that is a module's path", _config(model_type="../../evil"), REFUSED),
    "own pipeline": (
        "a pipeline of the repository's own",
        _config(custom_pipelines={"x": {"impl": "evil.P"}}),
        CLEARED,
    ),
    "trust is claimed": ("a wish to be trusted", _config(trust_remote_code=True), CLEARED),
    "other configuration": (
        "another file in place of config.json",
        _config(configuration_files=["config.9.json"]),
        CLEARED,
    ),
    "kernels": ("compiled code from the Hub", _config(use_kernels=True), REFUSED),
    "named kernels": ("compiled code by name", _config(kernel_config={"RMSNorm": "evil/kernel:RMSNorm"}), REFUSED),
    "attention from the Hub": (
        "attention that is a repository",
        _config(attn_implementation="evil/attention"),
        REFUSED,
    ),
    "attention at a revision": ("the same, pinned", _config(_attn_implementation="evil/a@v1:forward"), REFUSED),
    "attention in pages": ("the same behind a prefix", _config(attn_implementation="paged|evil/attention"), REFUSED),
    "attention by part": ("the same for one part", _config(attn_implementation={"text_config": "evil/a"}), REFUSED),
    "attention within": ("the same one level down", _config(text_config={"attn_implementation": "evil/a"}), REFUSED),
    "attention behind the setter": (
        "the field behind the checked one",
        _config(_attn_implementation_internal="evil/a"),
        CLEARED,
    ),
    "experts from the Hub": ("experts that are a repository", _config(experts_implementation="evil/moe"), REFUSED),
    "attention of another machine": (
        "attention that is not built in",
        _config(attn_implementation="flash_attention_9"),
        CLEARED,
    ),
    "quantized with kernels": (
        "weights that load compiled code",
        _config(quantization_config={"quant_method": "eetq"}),
        REFUSED,
    ),
    "quantized somehow": ("a quantization of no kind", _config(quantization_config=["eetq"]), REFUSED),
    "weights elsewhere": ("weights outside the folder", _config(transformers_weights="../other.safetensors"), REFUSED),
    "pickled weights by name": (
        "the one pickle that is let pass by name",
        _config(transformers_weights="adapter_model.bin"),
        REFUSED,
    ),
    "type of numbers": ("a function of torch in place of a type", _config(dtype="load"), REFUSED),
    "generation of its own": ("a function that writes", {GENERATION: '{"custom_generate": "evil/generate"}'}, CLEARED),
    "end that is no number": ("an end of text that is no token", {GENERATION: '{"eos_token_id": "</s>"}'}, REFUSED),
    "ends without end": ("more ends of text than tokens", _config(eos_token_id=[1] * 100_000), REFUSED),
    "generation with kernels": ("kernels asked for while writing", {GENERATION: '{"use_kernels": true}'}, REFUSED),
}
_SIZE: dict[str, tuple[str, Files, Expected]] = {
    "1e9 layers": ("more layers than a machine has room for", _config(num_hidden_layers=10**9), REFUSED),
    "1e9 words": ("an embedding of terabytes", _config(vocab_size=10**9), REFUSED),
    "width of 1e12": ("a width of terabytes, one level down", _config(text_config={"hidden_size": 1e12}), REFUSED),
    "fewer layers than none": ("a negative count", _config(num_hidden_layers=-5), REFUSED),
    "a million experts": ("a million layers side by side", _config(num_local_experts=10**6), REFUSED),
    "layers of 5,000 digits": (
        "a number that takes long to read",
        {RAW: '{"vocab_size": ' + "9" * 5_000 + "}"},
        REFUSED,
    ),
    "not a number": ("a number that is none", {RAW: '{"rope_theta": NaN}'}, REFUSED),
    "nested 100,000 deep": (
        "settings nested until a stack ends",
        {RAW: '{"a":' * 100_000 + "1" + "}" * 100_000},
        REFUSED,
    ),
    "nested 100 deep": ("settings nested deeper than anybody's", {RAW: '{"a":' * 100 + "1" + "}" * 100}, REFUSED),
    "said twice": ("a key twice, once for the check", {RAW: '{"model_type": "llama", "model_type": "evil"}'}, REFUSED),
    "settings are a list": ("settings that are no object", {RAW: "[]"}, REFUSED),
    "UTF-16": ("settings in another encoding", {RAW: json.dumps(dict(CONFIG)).encode("utf-16")}, REFUSED),
    "five megabytes": (
        "settings longer than anybody's",
        {RAW: json.dumps({**CONFIG, "a": LONG * 5})},
        FailureCode.TOO_LARGE,
    ),
}
_TOKENIZER: dict[str, tuple[str, Files, Expected]] = {
    "tokenizer of its own": (
        "a tokenizer of the repository's own",
        _settings(auto_map={"AutoTokenizer": ["evil.T", None]}),
        CLEARED,
    ),
    "tokenizer of its own, old form": ("the same as a list", _settings(auto_map=["evil.T", None]), CLEARED),
    "a model for a tokenizer": (
        "a class that loads weights, with pickle",
        _settings(tokenizer_class="AutoModelForCausalLM"),
        NO_TOKENIZER,
    ),
    "a retriever for a tokenizer": (
        "a class that reads pickles",
        _settings(tokenizer_class="RagRetriever"),
        NO_TOKENIZER,
    ),
    "a retriever in config.json": ("the same, from the other file", _config(tokenizer_class="RagRetriever"), REFUSED),
    "a path for a tokenizer": ("a module's path", _settings(tokenizer_class="os.system"), NO_TOKENIZER),
    "other tokenizer": (
        "another file than the one that was checked",
        _settings(fast_tokenizer_files=["tokenizer.9.json"]),
        CLEARED,
    ),
    "files of the machine": (
        "a vocabulary that is a file of the machine",
        _settings(vocab_file="/etc/passwd"),
        CLEARED,
    ),
    "arguments": ("arguments for whatever class", _settings(init_inputs=["/etc/passwd"]), CLEARED),
    "template of lists": ("a template that is no text", _settings(chat_template=[["a"]]), TEMPLATE),
    "template of names": ("a template without a text", _settings(chat_template=[{"name": "default"}]), TEMPLATE),
    "template is an object": ("a template in another form", _settings(chat_template={"default": "x"}), TEMPLATE),
    "no templates": ("a list of none", _settings(chat_template=[]), TEMPLATE),
    "template of two megabytes": ("a program longer than anybody's", _settings(chat_template=LONG * 2), TEMPLATE),
    "template in the other file": (
        "no text in chat_template.json",
        {"chat_template.json": '{"chat_template": 7}'},
        TEMPLATE,
    ),
    "template file of two megabytes": ("the same as a file", {"chat_template.jinja": LONG * 2}, FailureCode.TOO_LARGE),
    "added tokens": ("200,000 tokens added one by one", _tokenizer(added_tokens=[{}] * 200_000), NO_TOKENIZER),
    "added tokens of the settings": (
        "the same in the settings",
        _settings(added_tokens_decoder={str(number): {} for number in range(200_000)}),
        NO_TOKENIZER,
    ),
    "one letter becomes many": (
        "a step that makes 10,000 letters of one, three times over",
        _tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "Replace", "content": "a" * 10_000}] * 3}),
        NO_TOKENIZER,
    ),
    "tokenizer is a pickle": (
        "a pickle in place of the tokenizer",
        {"tokenizer.json": b"\x80\x04\x8c\x02os\x94."},
        NO_TOKENIZER,
    ),
    "vocabulary of 101 MB": (
        "a vocabulary longer than anybody's",
        {"tokenizer.json": b"\0" * 101_000_000},
        FailureCode.TOO_LARGE,
    ),
    "special tokens as a list": ("another form of the special tokens", {"special_tokens_map.json": "[]"}, NO_TOKENIZER),
}
SETTINGS_FILES = tuple(
    Attack(name, sentence, files, expected)
    for name, (sentence, files, expected) in (*_CODE.items(), *_SIZE.items(), *_TOKENIZER.items())
)
