"""Weight files that are none, or lie about themselves: each is refused before a library maps it into memory."""

from collections.abc import Mapping
from typing import Any

from backend.errors import FailureCode
from tests.corpus.attack import Attack
from tests.corpus.folders import TENSOR, weights

Files = Mapping[str, bytes | str | None]
WHOLE, INDEX, SHARD = "model.safetensors", "model.safetensors.index.json", "model-00001-of-00001.safetensors"
GOOD = weights({"w": TENSOR}, bytes(8))


def _one(change: Mapping[str, Any], data: bytes = bytes(8)) -> bytes:
    return weights({"w": {**TENSOR, **change}}, data)


def _two(first: list[int], second: list[int], data: int) -> bytes:
    tensor = {"dtype": "U8", "shape": [4]}
    return weights({"a": tensor | {"data_offsets": first}, "b": tensor | {"data_offsets": second}}, bytes(data))


_DEEP = b'{"__metadata__":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
_DECLARED: dict[str, tuple[str, Files]] = {
    "empty file": ("a file without a byte", {WHOLE: b""}),
    "seven bytes": ("a file that ends within its first number", {WHOLE: b"1234567"}),
    "pickle in disguise": (
        "a pickle that has another ending",
        {WHOLE: b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93."},
    ),
    "endless header": ("a header of as many bytes as can be said", {WHOLE: weights(b"{}", length=2**64 - 1)}),
    "header of a terabyte": ("a header that would fill the memory", {WHOLE: weights(b"{}", length=10**12)}),
    "header beyond the file": ("a header that ends behind the file", {WHOLE: weights(b"{}", length=3)}),
    "26 MB of header": ("a header that takes minutes to read", {WHOLE: weights(b"{" + b" " * 26_000_000 + b"}")}),
    "no JSON": ("a header of other words", {WHOLE: weights(b"{'w': 1}")}),
    "a list": ("a header that is no object", {WHOLE: weights(b"[]")}),
    "blanks first": ("a header that readers begin at different places", {WHOLE: weights(b" {}")}),
    "half a character": ("a header that is no UTF-8", {WHOLE: weights(b'{"\xff": 1}')}),
    "deep header": ("a header nested until a reader's stack ends", {WHOLE: weights(_DEEP)}),
    "same name twice": (
        "two tensors of one name, of which readers take different ones",
        {
            WHOLE: weights(
                b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],'
                b'"data_offsets":[0,1]}}',
                b"1",
            )
        },
    ),
    "NaN in the header": ("a size that is no number", {WHOLE: weights(b'{"w":{"shape":[NaN]}}')}),
    "number of 5,000 digits": ("a number that takes long to read", {WHOLE: weights(b'{"w":' + b"9" * 5_000 + b"}")}),
    "metadata of numbers": ("metadata that are not text", {WHOLE: weights({"__metadata__": {"a": 1}})}),
    "metadata of lists": ("metadata that are no object", {WHOLE: weights({"__metadata__": ["a"]})}),
    "unknown type": ("a type of number that nobody knows", {WHOLE: _one({"dtype": "OBJECT"})}),
    "type of another kind": ("a type that is no word", {WHOLE: _one({"dtype": ["F32"]})}),
    "negative shape": ("fewer rows than none", {WHOLE: _one({"shape": [-2]})}),
    "half a row": ("a shape with a fraction", {WHOLE: _one({"shape": [2.0]})}),
    "true rows": ("a shape of truth values", {WHOLE: _one({"shape": [True]})}),
    "shape is a word": ("a shape that is no list", {WHOLE: _one({"shape": "2"})}),
    "10,000 dimensions": ("more dimensions than any library takes", {WHOLE: _one({"shape": [1] * 10_000 + [2]})}),
    "shape overflows": ("a product that begins anew at 0", {WHOLE: _one({"shape": [2**33, 2**33]})}),
    "overflow hidden by zero": (
        "the same behind a zero",
        {WHOLE: _one({"shape": [2**40, 2**40, 0], "data_offsets": [0, 0]}, b"")},
    ),
    "more rows than bytes": ("a shape that reads behind its own place", {WHOLE: _one({"shape": [1_000]})}),
    "offsets turned round": ("a place that ends before it begins", {WHOLE: _one({"data_offsets": [8, 0]})}),
    "offset below zero": ("a place before the data, in the header", {WHOLE: _one({"data_offsets": [-8, 0]})}),
    "offset behind the end": ("a place behind the file", {WHOLE: _one({"data_offsets": [8, 16]})}),
    "three offsets": ("a place of three numbers", {WHOLE: _one({"data_offsets": [0, 4, 8]})}),
    "further words": ("a tensor that says more than the format has", {WHOLE: _one({"file": "/etc/passwd"})}),
    "overlapping": ("two tensors in one place", {WHOLE: _two([0, 4], [2, 6], 6)}),
    "with a hole": (
        "bytes that no tensor names, for another format to be hidden in",
        {WHOLE: _two([0, 4], [6, 10], 10)},
    ),
    "with a tail": ("bytes behind the last tensor", {WHOLE: GOOD + b"PK\x03\x04"}),
    "cut off": ("a file that ends in the middle of a tensor", {WHOLE: GOOD[:-3]}),
    "pickle alone": ("pickled weights and no others", {WHOLE: None, "pytorch_model.bin": b"\x80\x04N."}),
    "look-alike name": ("weights under a name with a Cyrillic letter", {WHOLE: None, "m\u043edel.safetensors": GOOD}),
    "index leads out": (
        "an index that names a file of the machine",
        {WHOLE: None, SHARD: GOOD, INDEX: '{"weight_map": {"w": "../../../etc/passwd"}}'},
    ),
    "index names a pickle": (
        "an index that names pickled weights",
        {WHOLE: None, SHARD: GOOD, "pytorch_model.bin": b"N.", INDEX: '{"weight_map": {"w": "pytorch_model.bin"}}'},
    ),
    "index of another kind": ("an index that maps nothing", {WHOLE: None, SHARD: GOOD, INDEX: '{"weight_map": []}'}),
}
WEIGHTS = tuple(
    Attack(name, sentence, files, FailureCode.NO_SAFETENSORS) for name, (sentence, files) in _DECLARED.items()
)
