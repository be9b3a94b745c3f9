"""What a configuration or a tokenizer's settings may make a library run, fetch or build, and what is done about it."""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from backend.errors import FailureCode, ModelFault
from backend.hub.kinds import FileKind, kind_of

CONFIG, TOKENIZER = FailureCode.UNSUPPORTED_ARCHITECTURE, FailureCode.NO_TOKENIZER
ConfigValues = dict[str, Any]

# Taken out: without them a class of transformers is loaded, which many repositories that carry them are made for.
LEFTOVERS = frozenset(
    {
        "auto_map",
        "custom_pipelines",
        "custom_generate",
        "trust_remote_code",
        "configuration_files",  # these two choose other files than the ones that were checked
        "fast_tokenizer_files",
        "_attn_implementation_internal",
        "_experts_implementation_internal",
    }
)
KERNELS = frozenset({"use_kernels", "kernel_config"})
ATTENTION = re.compile(r"_?(attn|experts)_implementation")
BUILT_IN = frozenset({"eager", "sdpa"})  # every torch has these two; other names are of its author's machine
FOREIGN = re.compile(r"[/|@:]")
FETCHED_KERNELS = frozenset({"eetq", "metal", "nvfp4", "gguf"})  # these quantizations load compiled code from the Hub
NUMBER_TYPE = re.compile(r"(torch\.)?(auto|half|float|double|bfloat16|float(16|32|64)|float8_\w+|u?int(8|16|32|64))")

MOST: Mapping[str, int] = {
    **dict.fromkeys(
        ("num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers", "decoder_layers"), 2_000
    ),
    **dict.fromkeys(("num_encoder_layers", "num_decoder_layers", "num_nextn_predict_layers"), 2_000),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 10_000),
    **dict.fromkeys(
        ("vocab_size", "hidden_size", "intermediate_size", "d_model", "d_ff", "n_embd", "n_inner", "ffn_dim"),
        10_000_000,
    ),
    **dict.fromkeys(("num_attention_heads", "num_key_value_heads", "n_head", "head_dim", "d_kv"), 100_000),
    **dict.fromkeys(("type_vocab_size", "num_labels"), 1_000_000),
}

TOKENIZER_CLASS = re.compile(r"[A-Za-z0-9_]*(Tokenizer|TokenizerFast|TokenizersBackend|PythonBackend|CommonBackend)")
PLACES = frozenset({"vocab_file", "merges_file", "tokenizer_file", "spm_file", "sp_model_file"})
MOST_ADDED = 100_000
LONGEST_TEMPLATE = 1_000_000
MOST_TEMPLATES = 32
MOST_ENDS, MOST_TOKENS = 1_000, 2**31


def clear_config(given: ConfigValues, *, model_types: frozenset[str] | None, files: frozenset[str]) -> ConfigValues:
    """config.json without what would run or choose anything else.

    ModelFault with unsupported_architecture when it needs what is never run: an unknown type, kernels or attention
    from a repository, or sizes that no machine has room for. `files` are those beside it; any type will do where
    `model_types` is None.
    """
    kind = given.get("model_type")
    if model_types is not None and not (isinstance(kind, str) and kind in model_types):
        code_of_its_own = " and needs the repository's own code" if given.get("auto_map") else ""
        _refuse(CONFIG, f"config.json names a type that the installed transformers does not know{code_of_its_own}")
    weights = given.get("transformers_weights")
    if weights is not None and (
        str(weights) not in files or kind_of(str(weights)) not in {FileKind.WEIGHTS, FileKind.INDEX}
    ):
        _refuse(CONFIG, "config.json names weights that are not there")
    _check_quantization(given.get("quantization_config"))
    check_tokenizer_class(given.get("tokenizer_class"), "config.json", CONFIG)
    return _cleared(given, "config.json", CONFIG)


def clear_generation_config(given: ConfigValues) -> ConfigValues:
    """generation_config.json without what would run anything; ModelFault as for config.json."""
    return _cleared(given, "generation_config.json", CONFIG)


def clear_tokenizer_config(given: ConfigValues) -> ConfigValues:
    """tokenizer_config.json without what would run anything or open other files.

    ModelFault with no_tokenizer for a class that is no tokenizer or for settings of a wrong shape; with template_error
    for a chat template that is none.
    """
    name = "tokenizer_config.json"
    check_tokenizer_class(given.get("tokenizer_class"), name, TOKENIZER)
    check_template(given.get("chat_template"), name)
    if not isinstance(added := given.get("added_tokens_decoder") or {}, dict) or len(added) > MOST_ADDED:
        _refuse(TOKENIZER, f"{name} adds tokens in a form that is none, or more than {MOST_ADDED:,}")
    cleared = _cleared(given, name, TOKENIZER)
    # These would be given to the class as they stand, and open files of the machine.
    return {key: value for key, value in cleared.items() if key not in PLACES | {"init_inputs"} or not value}


def check_tokenizer_class(named: object, file: str, code: FailureCode) -> None:
    """It is named like a tokenizer, if at all: transformers would take anything of its own by that name."""
    if named is not None and not (isinstance(named, str) and TOKENIZER_CLASS.fullmatch(named)):
        _refuse(code, f"{file} names a tokenizer class that is none")


def check_template(template: object, file: str) -> None:
    """It is a text, or a list of named texts, of decent length; ModelFault with template_error otherwise."""
    if template is None:
        return
    texts: list[Any] | None = [template] if isinstance(template, str) else None
    if isinstance(template, list) and 0 < len(template) <= MOST_TEMPLATES:
        named = [one for one in template if isinstance(one, dict) and isinstance(one.get("name"), str)]
        texts = [one.get("template") for one in named] if len(named) == len(template) else None
    if texts is None or not all(isinstance(text, str) for text in texts):
        _refuse(FailureCode.TEMPLATE_ERROR, f"{file} holds a template that is no text")
    if sum(map(len, texts)) > LONGEST_TEMPLATE:
        _refuse(FailureCode.TEMPLATE_ERROR, f"{file} holds a template of more than {LONGEST_TEMPLATE:,} characters")


def _cleared(given: ConfigValues, file: str, code: FailureCode) -> ConfigValues:
    """The settings without leftovers at any depth; ModelFault for what names foreign code or is out of proportion."""

    def clear(value: Any) -> Any:
        if isinstance(value, list):
            return [clear(each) for each in value]
        if not isinstance(value, dict):
            return value
        kept = {}
        for key, each in value.items():
            if key in KERNELS and each:
                _refuse(code, f"{file} asks for kernels, compiled code that is never fetched")
            if key in LEFTOVERS or key in KERNELS or (ATTENTION.fullmatch(key) and not _is_built_in(each, file, code)):
                continue
            _check_proportion(key, each, file, code)
            kept[key] = clear(each)
        return kept

    cleared: ConfigValues = clear(given)
    return cleared


def _is_built_in(attention: object, file: str, code: FailureCode) -> bool:
    """Whether torch has it; ModelFault for one that is code from elsewhere."""
    names = list(attention.values()) if isinstance(attention, dict) else [attention]
    if any(isinstance(name, dict | list) for name in names):
        _refuse(code, f"{file} names attention in a form that is none")
    if any(FOREIGN.search(str(name)) for name in names):
        _refuse(code, f"{file} asks for attention from another repository, code that is never fetched")
    return all(name is None or name in BUILT_IN for name in names)


def _check_proportion(key: str, value: object, file: str, code: FailureCode) -> None:
    most = MOST.get(key)
    if most is not None and isinstance(value, int | float) and not -1 <= value <= most:
        _refuse(code, f"{file} says {key} is beyond {most:,}")
    if key.endswith("_token_id") and not _are_tokens(value):
        _refuse(code, f"{file} names a token that is no number")
    if key in {"dtype", "torch_dtype"} and isinstance(value, str) and not NUMBER_TYPE.fullmatch(value):
        _refuse(code, f"{file} names a number type that is none")


def _are_tokens(value: object) -> bool:
    tokens = value if isinstance(value, list) else [] if value is None else [value]
    return len(tokens) <= MOST_ENDS and all(type(token) is int and -1 <= token < MOST_TOKENS for token in tokens)


def check_quantization(kind: str) -> None:
    """Weights of this quantization need no compiled code from the Hub; ModelFault otherwise."""
    if kind in FETCHED_KERNELS:
        _refuse(CONFIG, f"It is quantized with {kind}, which needs compiled code from the Hub")


def _check_quantization(given: object) -> None:
    if given is None:
        return
    kind = given.get("quant_method", "") if isinstance(given, dict) else None
    if not isinstance(kind, str):
        _refuse(CONFIG, "config.json names a quantization in a form that is none")
    check_quantization(kind)


def _refuse(code: FailureCode, why: str) -> NoReturn:
    raise ModelFault(code, f"{why}.")
