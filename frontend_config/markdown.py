"""Our own Markdown as HTML, whose tables can be read on a narrow screen too."""

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROLES = {"table_open": "table", "thead_open": "rowgroup", "tbody_open": "rowgroup", "tr_open": "row"}


def html_of(markdown: str) -> str:
    """The text as HTML; HTML within it is text.

    Cells carry their column's heading in `data-head`, and every part of a table its role, which style sheets that turn
    a table into a list would take away.
    """
    reader = _reader()
    tokens = reader.parse(markdown)
    _mark_tables(tokens)
    return str(reader.renderer.render(tokens, reader.options, {}))


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _mark_tables(tokens: list[Token]) -> None:
    heads: list[str] = []
    column = 0
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type in ROLES:
            token.attrSet("role", ROLES[token.type])
        if token.type == "table_open":
            heads = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open" and following is not None:
            token.attrSet("role", "columnheader")
            heads.append(following.content)
        elif token.type == "td_open":
            token.attrSet("role", "cell")
            token.attrSet("data-head", heads[column])
            column += 1
