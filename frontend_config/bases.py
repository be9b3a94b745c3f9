"""Every biomedical model with the model it is compared with, and why that one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.domain import Domain, Provenance, Standing
from backend.errors import UsageError
from frontend_config.published import PublishedBase, published_bases
from frontend_config.words import notice

WORDS = "comparison"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A model and its base, by name; `bases` are all that may be chosen, and `source` says who states them."""

    name: str
    base: str
    bases: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """A biomedical model that has no base in this view, and why."""

    name: str
    reason: str


def bases_of(
    rows: Mapping[str, Standing], provenance: Provenance, wished: Mapping[str, str]
) -> tuple[list[Paired], list[Unpaired]]:
    """The newest row of each biomedical model, with the base that is `wished` for it, else the likeliest one.

    Of several rows of a base that is one run by the same engine, the newest of those. UsageError when a wish names a
    model or base that is not offered.
    """
    stated = published_bases() if provenance is Provenance.PUBLISHED else {}
    paired, unpaired = [], []
    for name, row in _newest(rows).items():
        if row.domain is not Domain.BIOMEDICAL:
            continue
        source = stated.get(row.label)
        offered = _published_choices(rows, source) if source else _measured_choices(rows, name, row)
        if not offered:
            unpaired.append(Unpaired(name=name, reason=_why_none(row, source)))
            continue
        base = wished.get(name, offered[0])
        if base not in offered:
            raise UsageError(notice("unfit base", WORDS))
        words = notice(f"base {source.source if source else 'stated by submission'}", WORDS)
        paired.append(Paired(name=name, base=base, bases=tuple(offered), source=words))
    if wished.keys() - {one.name for one in paired}:
        raise UsageError(notice("unfit base", WORDS))
    return paired, unpaired


def _newest(rows: Mapping[str, Standing]) -> dict[str, Standing]:
    """Of each model its newest row, in the order of the rows."""
    newest: dict[str, str] = {}
    for name, row in rows.items():
        before = newest.get(_own(row))
        if before is None or row.number > rows[before].number:
            newest[_own(row)] = name
    chosen = set(newest.values())
    return {name: row for name, row in rows.items() if name in chosen}


def _own(row: Standing) -> str:
    return (row.model.hub_id if row.model else row.label).lower()


def _published_choices(rows: Mapping[str, Standing], source: PublishedBase) -> list[str]:
    found = ((name, row) for choice in source.choices for name, row in rows.items() if goes_by(row, choice))
    return list(dict.fromkeys(name for name, _ in found))


def _measured_choices(rows: Mapping[str, Standing], name: str, row: Standing) -> list[str]:
    wanted = row.base_model
    if not wanted or goes_by(row, wanted):
        return []
    found = [(each, one) for each, one in rows.items() if each != name and one.model and goes_by(one, wanted)]
    return [each for each, _ in sorted(found, key=lambda one: (one[1].engine != row.engine, -one[1].number))]


def goes_by(row: Standing, name: str) -> bool:
    """Whether this is the row's label or Hub id, whatever the case."""
    ids: Sequence[str] = (row.label, row.model.hub_id if row.model else "")
    return name.lower() in (each.lower() for each in ids)


def _why_none(row: Standing, source: PublishedBase | None) -> str:
    base = row.base_model or (source.choices[0] if source and source.choices else None)
    if base is None:
        return notice("no base stated", WORDS)
    if goes_by(row, base):
        return notice("base is itself", WORDS)
    return notice("base not on the board", WORDS).format(base=base)
