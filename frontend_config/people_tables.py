"""People and what they did, as an operator reads it in the terminal."""

from collections.abc import Collection, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from frontend_config.terminal import MISSING
from storage.audit import AuditRecord
from storage.people import Known


def print_people(known: Sequence[Known], operators: Collection[str]) -> None:
    """Everybody with name and subject, whoever was seen last first; a sentence when nobody was ever here."""
    out = Console(highlight=False, markup=False, emoji=False)
    if not known:
        out.print("Nobody was ever here.")
        return
    table = _table("name", "subject", "last seen", "submissions", "open", "in 7 days", "")
    for each in known:
        mark = "operator" if each.subject in operators else ""
        if each.block:
            mark = f"blocked since {each.block.since:%F}: {each.block.reason}"
        counts = (str(each.submissions), str(each.open), str(each.counted))
        table.add_row(each.name or MISSING, each.subject, f"{each.last_seen:%F %H:%M}", *counts, mark)
    out.print(table)


def print_deeds(deeds: Sequence[AuditRecord], names: Mapping[str, str]) -> None:
    """Every deed with the name of whoever did it; a sentence when there is none."""
    out = Console(highlight=False, markup=False, emoji=False)
    if not deeds:
        out.print("Nobody has done anything yet.")
        return
    table = _table("when (UTC)", "who", "what", "on", "why")
    for each in deeds:
        who = names.get(each.actor) or each.actor
        on = names.get(each.object) or each.object if each.object else ""
        table.add_row(f"{each.at:%F %T}", who, each.deed, on, each.reason or "")
    out.print(table)


def _table(*names: str) -> Table:
    table = Table(box=None)
    for name in names:
        table.add_column(name, overflow="fold")
    return table
