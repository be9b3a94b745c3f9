"""The requirements files agree with each other."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def pins(name: str) -> set[str]:
    """What a file asks for, as name==version."""
    return set(re.findall(r"^[\w\[\].-]+==[\w.]+", (PROJECT / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_a_page_asks_for_what_the_whole_program_asks_for_but_loads_no_model() -> None:
    page, whole = pins("requirements-page.txt"), pins("requirements.txt")
    assert page < whole
    left_out = {pin.partition("==")[0] for pin in whole - page}
    assert {"torch", "transformers", "safetensors"} <= left_out
