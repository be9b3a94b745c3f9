"""The sentences a visitor reads, kept as Markdown beside the code that shows them."""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "words"


def prose(name: str) -> str:
    """The Markdown of words/`name`.md."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def notice(name: str, page: str = "notices") -> str:
    """The paragraph under the heading `name` of words/`page`.md, on one line."""
    return _notices(page)[name]


@cache
def _notices(page: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", prose(page), flags=re.MULTILINE)[1:]
    return {name.strip(): " ".join(text.split()) for name, text in zip(parts[::2], parts[1::2], strict=True)}
