"""Which model was made from which: the rows of a view as trees under the models they come from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from backend.domain import Standing

DEEPEST = 20


def families(rows: Mapping[str, Standing]) -> list[dict[str, Any]]:
    """Trees of these rows by name, each under the model it states as its base, in the order of the rows.

    A base that has no row stands under its id. A model that comes from itself, over whatever way, is a root where the
    circle is met first; what lies deeper than 20 steps is left out. A model without relatives is no family.
    """
    known: dict[str, str] = {}
    for name, row in sorted(rows.items(), key=lambda one: one[1].number):
        known[_own(name, row)] = name  # of several rows of a model the newest
    titles = {key: rows[name].base_model or "" for key, name in known.items()}
    bases = {key: title.lower() for key, title in titles.items() if title}
    children: dict[str, list[str]] = defaultdict(list)
    for key in dict.fromkeys(_own(name, row) for name, row in rows.items()):
        if bases.get(key) and bases[key] != key:
            children[bases[key]].append(key)
    shown = {titles[key].lower(): titles[key] for key in bases}

    def tree(key: str, above: frozenset[str]) -> dict[str, Any]:
        row = rows[known[key]] if key in known else None
        below = [] if len(above) > DEEPEST else [one for one in children.get(key, ()) if one not in above]
        return {
            "name": known.get(key, shown.get(key, key)),
            "on_board": row is not None,
            "domain": row.domain if row else None,
            "children": [tree(one, above | {key, one}) for one in below],
        }

    return [tree(root, frozenset({root})) for root in _roots(children, bases)]


def _own(name: str, row: Standing) -> str:
    return (row.model.hub_id if row.model else name).lower()


def _roots(children: Mapping[str, Sequence[str]], bases: Mapping[str, str]) -> list[str]:
    """Where each family begins: the parents that have no base, and one model of each circle."""
    roots: list[str] = []
    reached: set[str] = set()
    tops = [key for key in children if bases.get(key, key) == key]
    for root in [*tops, *children]:
        if root in reached:
            continue
        roots.append(root)
        waiting = [root]
        while waiting:
            key = waiting.pop()
            if key not in reached:
                reached.add(key)
                waiting += children.get(key, ())
    return roots
