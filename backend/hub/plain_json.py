"""JSON of strangers, read within limits: no key twice, no NaN, no number without end, nothing nested without end."""

import json
from typing import Any, NoReturn

from backend.errors import FailureCode, ModelFault

DEEPEST = 60
LONGEST_NUMBER = 40  # digits: tokenizers write 10**30 for "no limit"


def read_object(content: bytes, name: str, code: FailureCode, *, infinity: bool = True) -> dict[str, Any]:
    """The JSON object that the file of this name holds; ModelFault with `code` and what is wrong with it otherwise.

    `infinity` lets the words Infinity and -Infinity pass, which Python writes and some published configurations have.
    """

    def refuse(why: str) -> NoReturn:
        raise ModelFault(code, f"{name} {why}.") from None

    def constant(word: str) -> float:
        if word == "NaN" or not infinity:
            refuse(f"holds {word}")
        return float(word)

    def number(digits: str) -> int:
        if len(digits) > LONGEST_NUMBER:
            refuse("holds a number of too many digits")
        return int(digits)

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(whole := dict(found)) < len(found):
            refuse("holds one key twice")
        return whole

    try:
        value = json.loads(content.decode("utf-8"), parse_constant=constant, parse_int=number, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        refuse("is no sound JSON")
    if not isinstance(value, dict):
        refuse("holds no JSON object")
    if _is_deeper(value, DEEPEST):
        refuse("is nested too deeply")
    return value


def _is_deeper(value: object, levels: int) -> bool:
    waiting = [(value, 1)]
    while waiting:
        each, level = waiting.pop()
        if level > levels:
            return True
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        waiting += [(one, level + 1) for one in inner if isinstance(one, dict | list)]
    return False
