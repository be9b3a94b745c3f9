"""How to cite the paper, and one row of the board with the ledger's line that it stands in."""

import re

from storage.score_rows import Publication

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
    lines = ",\n".join(f"  {name:<12} = {{{value}}}" for name, value in fields.items())
    return f"{PAPER}\n@misc{{clue-{key}-{publication.number},\n{lines}\n}}\n"


def escaped(text: str) -> str:
    """The text with every sign that BibTeX and TeX act upon written out, on one line."""
    return "".join(SPECIAL.get(sign, sign) for sign in " ".join(text.split()))


def _address(page: str) -> str:
    """The address with the signs that would end the field or begin a comment percent-encoded."""
    return "".join(f"%{ord(sign):02X}" if sign in "{}\\ " else sign for sign in page).replace("%", r"\%")
