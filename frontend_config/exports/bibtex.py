"""How to cite the paper, one row of the board with the ledger's line that it stands in, or the board at a moment."""

import re
from collections.abc import Mapping

from storage.moments import Moment
from storage.score_rows import Publication

BIBTEX = "application/x-bibtex; charset=utf-8"
PAPER = """@article{dada2024clue,
  title   = {Does Biomedical Training Lead to Better Medical Performance?},
  author  = {Dada, Amin and others},
  journal = {arXiv preprint arXiv:2404.04067},
  year    = {2024}
}
"""
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "#$%&_"},
}


def bibtex(publication: Publication | None = None, page: str | None = None) -> str:
    """The paper's entry, and the row's where one is given; `page` is its address, None if not known."""
    if publication is None:
        return PAPER
    result = publication.result
    note = (
        f"{result.edition} edition, protocol {result.protocol}, commit {result.model.revision}, "
        f"ledger line {publication.number}, SHA-256 {publication.hash}"
    )
    fields = {
        "title": f"{{CLUE Leaderboard: {escaped(result.model.hub_id)}}}",
        "year": f"{publication.at:%Y}",
        "month": str(publication.at.month),
        "note": escaped(note),
        **({"howpublished": f"\\url{{{_address(page)}}}"} if page else {}),
    }
    key = re.sub(r"[^a-z0-9]+", "-", result.model.hub_id.lower()).strip("-") or "row"
    return f"{PAPER}\n{_misc(f'clue-{key}-{publication.number}', fields)}"


def board_bibtex(moment: Moment, page: str | None = None) -> str:
    """The paper's entry and one of the board at this moment; `page` is the address that shows it again, if known."""
    dated = {"year": f"{moment.at:%Y}", "month": str(moment.at.month)} if moment.at else {}
    fields = {
        "title": f"{{CLUE Leaderboard, snapshot {moment.snapshot}}}",
        **dated,
        "note": f"ledger line {moment.number}, SHA-256 {moment.hash}",
        **({"howpublished": f"\\url{{{_address(page)}}}"} if page else {}),
    }
    return f"{PAPER}\n{_misc(f'clue-board-{moment.snapshot}', fields)}"


def escaped(text: str) -> str:
    """The text with every sign that BibTeX and TeX act upon written out, on one line."""
    return "".join(SPECIAL.get(sign, sign) for sign in " ".join(text.split()))


def _misc(key: str, fields: Mapping[str, str]) -> str:
    lines = ",\n".join(f"  {name:<12} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{lines}\n}}\n"


def _address(page: str) -> str:
    """The address with the signs that would end the field or begin a comment percent-encoded."""
    return "".join(f"%{ord(sign):02X}" if sign in "{}\\ " else sign for sign in page).replace("%", r"\%")
