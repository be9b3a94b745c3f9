"""What a page says of the moment it shows: a line above an earlier board, and how to cite the one that is shown."""

from dataclasses import dataclass
from html import escape

from frontend_config.moment_payload import day_of, sentence_of
from storage.moments import LONGEST, Moment


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a page's content on one visit, as HTML.

    `early` is for the head; `as_of` is what the visitor asked for, which all links to dated pages carry on.
    """

    early: str = ""
    before: str = ""
    after: str = ""
    as_of: str = ""


def past_line(moment: Moment, today: str) -> str:
    """The line that says that an earlier board is shown; `today` is the address of the same page as it is now."""
    told = escape(sentence_of(moment))
    return (
        f'<p class="clue-past" role="status"><b>{told}</b> <span>Snapshot <code>{moment.snapshot}</code>.</span> '
        f'<a href="{escape(today)}">Show today’s</a></p>'
    )


def refused_line(sentence: str) -> str:
    """The line that says why no earlier board is shown."""
    return f'<p class="clue-past" role="status"><b>{escape(sentence)}</b> <span>This is today’s board.</span></p>'


def cite_line(moment: Moment, here: str) -> str:
    """How the board at this moment is cited and seen again, and a field for another day."""
    name = moment.snapshot
    day = day_of(moment)
    return (
        '<aside class="clue-cite" aria-label="Cite this board">'
        f'<p>Cite this board: snapshot <a data-snapshot href="{here}?as_of={name}"><code>{name}</code></a>'
        f' · <a data-bibtex href="/v1/board.bib?as_of={name}" download>BibTeX</a></p>'
        f'<form method="get" action="{here}"><label>Board as of '
        f'<input type="date" name="as_of" required maxlength="{LONGEST}"{f" value={day}" if day else ""}></label>'
        ' <button type="submit">Show</button></form></aside>'
    )
