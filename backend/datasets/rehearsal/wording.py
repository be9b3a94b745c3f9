"""A small language for varied sentences: ‹a|b› is one of several wordings, ‹1.4..3.8› a number, ‹name› a value."""

import re
import tomllib
from functools import cache
from importlib import resources
from random import Random
from typing import Any

VARIANTS = 24
_PART = re.compile(r"‹([^‹›]*)›")


def fill(template: str, rng: Random, **names: str) -> str:
    """The template with every part decided, inner ones first; KeyError for a part that is none of the three."""

    def decide(part: re.Match[str]) -> str:
        body: str = part.group(1)
        if "|" in body:
            return rng.choice(body.split("|"))
        low, dots, high = body.partition("..")
        return _number(low, high, rng) if dots else names[body]

    while (filled := _PART.sub(decide, template)) != template:
        template = filled
    return filled


def phrase(template: str, rng: Random) -> str:
    """One of two dozen fillings of the template, which are made once: for texts that are written by the million."""
    return rng.choice(_variants(template))


@cache
def resource(name: str) -> dict[str, Any]:
    """The invented texts in name.toml beside this module."""
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


@cache
def _variants(template: str) -> tuple[str, ...]:
    rng = Random(template)
    return tuple(fill(template, rng) for _ in range(VARIANTS)) if "‹" in template else (template,)


def _number(low: str, high: str, rng: Random) -> str:
    decimals = len(low.partition(".")[2])
    scale = 10**decimals
    return f"{rng.randint(round(float(low) * scale), round(float(high) * scale)) / scale:.{decimals}f}"
