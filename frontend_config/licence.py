"""Under which terms the numbers may be used: ours, and those that the paper's authors published."""

from typing import Any

from backend.domain import Provenance

MEASURED = {
    "id": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0 International",
    "link": "https://creativecommons.org/licenses/by/4.0/",
    "credit": "CLUE Leaderboard; Dada et al., Does Biomedical Training Lead to Better Medical Performance?",
}
PUBLISHED = {
    "id": None,
    "title": "Facts published by the benchmark's authors in June 2024, passed on digit by digit",
    "link": "https://arxiv.org/abs/2404.04067",
    "credit": "Dada et al., Does Biomedical Training Lead to Better Medical Performance? arXiv:2404.04067",
}


def licence_payload() -> dict[str, Any]:
    """The terms of each kind of number."""
    return {Provenance.MEASURED.value: MEASURED, Provenance.PUBLISHED.value: PUBLISHED}


def licence_note(provenance: Provenance) -> str:
    """The terms of these numbers as one line."""
    terms = MEASURED if provenance is Provenance.MEASURED else PUBLISHED
    return f"{terms['id'] or terms['title']}, {terms['link']}, {terms['credit']}"
