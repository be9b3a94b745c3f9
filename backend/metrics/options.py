"""Which of several lettered options a text decides for."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from backend.metrics.labels import one_of

LONGEST = 1_000  # characters that are read: far more than the answer asked for, and the patterns stay quick
TORN = "between two"
_STATED = re.compile(r"The correct answer is ([A-Z]):")

# Before reading: template residue and tags go, a letter in brackets, quotes or bold becomes (C), other decoration goes.
_QUOTES = str.maketrans("‘’“”", "''\"\"")
_RESIDUE = re.compile(r"<\|.*?\|>|</\w+>|<\w{2,}>|\\[A-Za-z]+")
_WRAPPED = re.compile(r"(?<![\w(\[{<*_`\"'$])[(\[{<*_`\"'$]+\s*([A-Za-z])\s*[)\]}>*_`\"'$]+(?!\w)")
_DECORATION = re.compile(r"[*_`\"$#{}\\]+")

_LETTER = r"(?:\((?P<wrapped>[A-Za-z])\)|(?P<bare>[A-Za-z])(?![\w'-]))"
_START = re.compile(
    rf"[\s>•:=('–—-]*?(?:the\s+)?(?:(?:option|choice|letter|answer)\b[\s:]*)?{_LETTER}(?P<after>.*)",
    re.IGNORECASE | re.DOTALL,
)
# What follows a bare letter that is a name: not the rest of "C. difficile" or of "A dose".
_NAME_END = re.compile(
    r"\s*(?:\n|\Z|[):,;!?/&])|\.(?!\s*[a-z])|\s+[–—-]\s"
    r"|\s+(?:because|since|as(?!\s+well\b)|due\s+to|based\s+on|which|and|or|nor)\b"
)
# A name beside the first: "A or B", "A/B", "A, B", "A: B", "A B", "A" and "B" on lines of their own.
_BESIDE = re.compile(
    r"[).]*\s*(?:[,;/&]|(?:and|or|nor)\b)\s*(?:(?:and|or|option)\s+)*\(?([A-HJ-Z])(?![\w'-])(?!(?<=A)\s+[A-Z]{2})"
    r"|[).:]*\s+\(?([A-HJ-Z])[).:]*\s*(?:\n|\Z)",
    re.IGNORECASE,
)
_NEXT_LINE = re.compile(r"[^\n]*\n\s*\(?([A-HJ-Z])[):.]", re.IGNORECASE)
# "A: The answer is C": the A stands for Answer.
_QA_MARK = re.compile(r"\s*A:\s+(?=(?:the\s+)?(?:\w+\s+)?answer\b)", re.IGNORECASE)

_WORDS = r"(?:\s+(?!not\b|never\b|\w*n't)(?:[\w'-]{2,}|\d+),?){0,8}?"
_VERB = r"(?:\s+(?:is|was|are|be)\b|\s*[:=])(?:\s+(?:most|likely|probably|clearly|definitely|therefore|thus)\b)*"
_CUE = re.compile(
    r"(?<!incorrect )(?<!wrong )(?<!not )(?<!n't )\b(?:"
    rf"(?:answer|(?:correct|right|best)\s+(?:option|choice|one|letter))\b(?:{_WORDS}{_VERB})?|"
    rf"(?:option|choice|letter){_VERB}|(?:choose|select|pick|go\s+with|opt\s+for)\b)",
    re.IGNORECASE,
)
_JUDGED = re.compile(
    r"(?:^|[.:;,\n]|\b(?:option|choice|letter|that|only|(?P<joined>and|or|nor))\b)\s*"
    rf"{_LETTER}\s+(?:is|would\s+be|seems|appears)\s+(?:the\s+)?(?:most\s+|only\s+)?(?:correct|right|best|answer)\b",
    re.IGNORECASE,
)
_MENTION = re.compile(
    r"(?:\b(?:option|choice|letter)\s+|^\s*(?=[A-Z]\s*(?:[):]|\.(?!\s*(?-i:[a-z]))|$)))"
    r"(?P<bare>[A-Za-z])(?![\w'-])(?!(?<=(?-i:a))[ \t]+\w)"
    r"|(?:\b(?:option|choice|letter)\s*|(?<!\w))\((?P<wrapped>[A-Za-z])\)",
    re.IGNORECASE | re.MULTILINE,
)
_DENIED_BEFORE = re.compile(r"(?:\bnot|n't|\bneither|\bnor|\bthan|\bexcept|\bexclude|\brule\s+out)\s+$", re.IGNORECASE)
_DENIED_AFTER = re.compile(
    r"\s*(?:(?:is|was|does|can|could|would)\b)?\s*(?:be\s+)?(?:not\b|n't\b|incorrect|wrong|false|unlikely|ruled|excluded)",
    re.IGNORECASE,
)


def read_option(text: str, options: Mapping[str, str]) -> str | None:
    """The letter of the option a text decides for, of those offered; None when it names none, or two at once.

    A text decides by beginning with an option's text, or with a letter that stands as a name ("C", "(c)", "**C**:",
    "Option C."); else by announcing either ("the answer is C", "I choose C", "C is correct"); else by naming a single
    one as an option, or at the head of a line. Letters that are words, such as the article, name nothing.
    """
    tidy = _tidy(text)[:LONGEST]
    texts = {letter: _plain_option(option) for letter, option in options.items()}
    for read in (_beginning, _announced, _judged, _mentioned):
        found = read(tidy, texts)
        if found is not None:
            return found if found in options else None
    return None


def stated_accuracy(texts: Sequence[str], references: Sequence[str]) -> list[float]:
    """1 where a text's first sentence of the form asked for, to the letter, names one of the reference's letters."""
    stated = [_STATED.search(text) for text in texts]
    return one_of([found.group(1) if found else "" for found in stated], references)


def _beginning(text: str, texts: Mapping[str, str]) -> str | None:
    text = _QA_MARK.sub("", text, count=1) if _QA_MARK.match(text) else text
    found = _named_at(text, texts)
    following = _NEXT_LINE.match(text)
    return TORN if found and following and following.group(1).upper() != found else found


def _announced(text: str, texts: Mapping[str, str]) -> str | None:
    found = (_named_at(text[cue.end() :], texts) for cue in _CUE.finditer(text))
    return next((letter for letter in found if letter is not None), None)


def _judged(text: str, texts: Mapping[str, str]) -> str | None:
    for match in _JUDGED.finditer(text):
        sentence = re.split(r"[.;\n]", text[: match.start()])[-1]
        if not re.search(r"\bnot\b|n't\b", sentence, re.IGNORECASE):
            return TORN if match["joined"] else _letter(match)
    return None


def _mentioned(text: str, texts: Mapping[str, str]) -> str | None:
    named = {
        _letter(match)
        for match in _MENTION.finditer(text)
        if not _DENIED_BEFORE.search(text, 0, match.start()) and not _DENIED_AFTER.match(text, match.end())
    }
    named &= texts.keys()
    return named.pop() if len(named) == 1 else None


def _named_at(rest: str, texts: Mapping[str, str]) -> str | None:
    """The option whose text or letter stands at the start; TORN when there is a second letter beside it."""
    line = _plain(rest.lstrip(" \n:=–—-").split("\n", 1)[0])
    # An option that is itself a letter, such as a blood group, is not meant by the letter of another option.
    said = [letter for letter, text in texts.items() if text and text.upper() not in texts and _begins(line, text)]
    if said:
        return max(said, key=lambda letter: len(texts[letter]))
    match = _START.match(rest)
    if match is None:
        return None
    letter, after = _letter(match), match["after"]
    following, own = _plain(after), texts.get(letter, "")
    if own and following.split()[: len(own.split())] == own.split():
        return letter
    as_text = own and following.split()[:2] == own.split()[:2]
    beside = _BESIDE.match(after)
    if letter == "I" or not (match["wrapped"] or as_text or beside or _NAME_END.match(after)):
        return None
    return TORN if beside and (beside[1] or beside[2]).upper() != letter else letter


def _letter(match: re.Match[str]) -> str:
    return str(match["wrapped"] or match["bare"]).upper()


def _begins(line: str, text: str) -> bool:
    """Whether the line is the text, or goes on with another sentence after it."""
    return line == text or (line.startswith(text) and re.match(r"[.;]\s", line[len(text) :]) is not None)


def _tidy(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return _DECORATION.sub("", _WRAPPED.sub(r"(\1)", _RESIDUE.sub(" ", text))).strip()


@lru_cache(maxsize=4096)
def _plain_option(option: str) -> str:
    # Every model is asked the same questions, each of them several times.
    return _plain(option)


def _plain(text: str) -> str:
    return " ".join(_tidy(text).casefold().split()).strip(" .,;:!?'()")
