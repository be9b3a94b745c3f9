"""A copy of the board for others to read, as Parquet and JSON, renamed into place when it is whole."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from backend.domain import PAPERS_PROTOCOL, PROTOCOL, Edition, Provenance, Standing
from storage.ledger import Head
from storage.scores import Scores

COLUMNS = ("label", "provenance", "edition", "protocol", "engine", "domain", "base_model", "params", "published_at")
CELL_COLUMNS = ("value", "low", "high", "n", "missing")


def write_snapshot(scores: Scores, head: Head, folder: Path) -> Path:
    """A new folder inside `folder`, named after the ledger's head; one that is there already is left as it is."""
    target = folder / f"{head.number:06d}-{head.hash[:12]}"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as partial:
        standings = [
            standing
            for provenance in Provenance
            for edition in Edition
            for protocol in (PROTOCOL, PAPERS_PROTOCOL)
            for standing in scores.standings(provenance, edition, protocol)
        ]
        table = long_table(standings)
        whole = Path(partial) / "whole"
        whole.mkdir()
        duckdb.from_df(table).write_parquet(str(whole / "scores.parquet"))
        records = table.astype(object).where(table.notna(), None).to_dict("records")
        (whole / "scores.json").write_text(json.dumps(records, indent=1, default=_moment) + "\n", encoding="utf-8")
        (whole / "manifest.json").write_text(json.dumps(asdict(head), indent=1) + "\n", encoding="utf-8")
        whole.rename(target)
    return target


def long_table(standings: Sequence[Standing]) -> pd.DataFrame:
    """One row per model and cell: who, under which rules, value, interval, n, and why a value is missing."""
    rows = [
        {
            **{column: getattr(standing, column) for column in COLUMNS},
            "model_id": standing.model.hub_id if standing.model else None,
            "revision": standing.model.revision if standing.model else None,
            "cell": name,
            **{field: getattr(cell, field) for field in CELL_COLUMNS},
        }
        for standing in standings
        for name, cell in sorted(standing.cells.items())
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, "model_id", "revision", "cell", *CELL_COLUMNS])


def _moment(value: datetime) -> str:
    return value.isoformat()
