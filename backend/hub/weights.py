"""The headers of safetensors files, checked before any library maps one into memory."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from backend.errors import FailureCode, ModelFault
from backend.hub.kinds import FileKind, kind_of
from backend.hub.plain_json import read_object

# The format: https://huggingface.co/docs/safetensors, "Format". Eight bytes with the header's length, least first, then
# the header as JSON, then the tensors without a gap. Bits of one number of each type, as safetensors 0.8 has them.
BITS: Mapping[str, int] = {
    "F4": 4,
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}
PREFIX = 8
MOST_HEADER_BYTES = 25_000_000
MOST_TENSORS = 1_000_000
MOST_DIMENSIONS = 64  # torch knows no more
MOST_ELEMENTS = 2**63 - 1
METADATA = "__metadata__"
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def check_weights_in(folder: Path) -> None:
    """Every weight file of the folder is sound, and what the index names is there; ModelFault otherwise."""
    names = sorted(path.name for path in folder.iterdir() if kind_of(path.name) is FileKind.WEIGHTS)
    if not names:
        raise ModelFault(FailureCode.NO_SAFETENSORS)
    if sum(check_header(folder / name) for name in names) > MOST_TENSORS:
        raise ModelFault(FailureCode.NO_SAFETENSORS, f"There are more than {MOST_TENSORS:,} tensors.")
    # Where one file holds everything, no index is ever read: merged models may keep an old one.
    if WHOLE not in names and (folder / INDEX).exists():
        check_index((folder / INDEX).read_bytes(), names)


def check_index(content: bytes, names: Sequence[str]) -> None:
    """The index maps tensors to files among `names` only; ModelFault otherwise."""
    weight_map = read_object(content, INDEX, FailureCode.NO_SAFETENSORS).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ModelFault(FailureCode.NO_SAFETENSORS, f"{INDEX} has no weight_map.")
    if not set(map(str, weight_map.values())) <= set(names):
        raise ModelFault(FailureCode.NO_SAFETENSORS, f"{INDEX} names files that are not there.")


def check_header(path: Path) -> int:
    """How many tensors the file holds; ModelFault with no_safetensors unless its header and length fit together."""

    def refuse(why: str) -> NoReturn:
        raise ModelFault(FailureCode.NO_SAFETENSORS, f"{path.name} is none either: {why}.")

    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        length = int.from_bytes(stream.read(PREFIX), "little")
        if size < PREFIX or length > size - PREFIX:
            refuse("its header is longer than the file")
        if length > MOST_HEADER_BYTES:
            refuse(f"its header is longer than {MOST_HEADER_BYTES // 1_000_000} MB")
        content = stream.read(length)
    if not content.startswith(b"{"):
        refuse("its header does not begin with a brace")
    header = read_object(content, f"{path.name} is none either: its header", FailureCode.NO_SAFETENSORS, infinity=False)
    metadata = header.pop(METADATA, None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        refuse("its metadata are not all text")
    if why := _unsound(header, size - PREFIX - length):
        refuse(why)
    return len(header)


def _unsound(tensors: Mapping[str, Any], room: int) -> str | None:
    """What is wrong with the tensors of a header whose data are `room` bytes; None when all is well.

    A tensor's name is its owner's text and never repeated.
    """
    if len(tensors) > MOST_TENSORS:
        return f"it has more than {MOST_TENSORS:,} tensors"
    spans = []
    for tensor in tensors.values():
        span = _span(tensor)
        if isinstance(span, str):
            return span
        spans.append(span)
    end = 0
    for begin, after in sorted(spans):
        if begin != end:
            return "its tensors overlap" if begin < end else "there is a gap between its tensors"
        end = after
    return None if end == room else "its tensors end elsewhere than the file does"


def _span(tensor: object) -> tuple[int, int] | str:
    """First byte and the one after the last; or what is wrong with the tensor."""
    if not isinstance(tensor, dict) or set(tensor) != {"dtype", "shape", "data_offsets"}:
        return "a tensor has no type, shape or place, or has more than these"
    dtype, shape, offsets = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
    bits = BITS.get(dtype) if isinstance(dtype, str) else None
    if bits is None:
        return "a tensor is of an unknown type"
    if not _are_counts(shape) or len(shape) > MOST_DIMENSIONS:
        return "a tensor's shape is no list of counts"
    if not _are_counts(offsets) or len(offsets) != 2:
        return "a tensor's place is no pair of offsets"
    # Zeros left out, so that no dimension hides another that no machine has room for.
    if math.prod(count for count in shape if count) * bits > MOST_ELEMENTS:
        return "a tensor is too large to be real"
    begin, end = offsets
    return (begin, end) if (end - begin) * 8 == math.prod(shape) * bits else "a tensor's shape does not fit its bytes"


def _are_counts(values: object) -> bool:
    return isinstance(values, list) and all(type(each) is int and 0 <= each <= MOST_ELEMENTS for each in values)
