"""The authors' templates: text with named gaps, filled without ever reading braces in what is filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from backend.errors import UsageError
from backend.paper.clone import OTHER_COMMIT, CloneScript


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts, each with the field that follows it; None after the last."""

    parts: tuple[tuple[str, str | None], ...]

    def fill(self, fields: Mapping[str, str]) -> str:
        """The text with every gap filled from the fields."""
        return "".join(literal + (fields[field] if field else "") for literal, field in self.parts)


def read_template(script: CloneScript, constant: str, gaps: Mapping[str, str]) -> Template:
    """The script's template; `gaps` maps each name that may stand in braces to one of our fields.

    UsageError, with file and constant, when the template has another gap than these, or lacks one of the fields.
    """
    try:
        parsed = list(Formatter().parse(script.text(constant)))
    except ValueError:
        raise _unfit(script, constant, "its braces do not match") from None
    strange = [name for _, name, form, way in parsed if name is not None and (name not in gaps or form or way)]
    if strange:
        raise _unfit(script, constant, f"it has the unknown gap {{{strange[0]}}}")
    parts = tuple((literal, None if name is None else gaps[name]) for literal, name, _, _ in parsed)
    lacking = sorted(set(gaps.values()) - {field for _, field in parts if field})
    if lacking:
        raise _unfit(script, constant, f"it has no gap for the {' and the '.join(lacking)}")
    return Template(parts)


def _unfit(script: CloneScript, constant: str, why: str) -> UsageError:
    return UsageError(
        f"{constant} of {script.path} in the clone of the CLUE repository cannot be used: {why}. {OTHER_COMMIT}"
    )
