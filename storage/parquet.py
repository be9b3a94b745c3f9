"""A table as the bytes of a Parquet file."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

Dtype = Literal["Float64", "Int64", "string"]
Cell = str | int | float | None
TYPES: tuple[tuple[type, Dtype], ...] = ((float, "Float64"), (int, "Int64"), (str, "string"))


def parquet_bytes(columns: Mapping[str, Sequence[Cell]], notes: Mapping[str, str]) -> bytes:
    """The columns, all of one length, as a Parquet file whose metadata hold `notes`; None becomes null.

    A column of whole numbers is of integers, one with any other number of floats, and an empty one of text.
    """
    table = pd.DataFrame({name: pd.Series(list(values), dtype=_type_of(values)) for name, values in columns.items()})
    told = ", ".join(f"{_quoted(name)}: {_quoted(text)}" for name, text in notes.items())
    with tempfile.TemporaryDirectory(prefix="clue-") as folder, duckdb.connect() as db:
        file = Path(folder) / "table.parquet"
        db.register("given", table)
        db.execute(f"COPY given TO {_quoted(str(file))} (FORMAT parquet, KV_METADATA {{{told}}})")
        return file.read_bytes()


def _type_of(values: Sequence[Cell]) -> Dtype:
    present = {type(value) for value in values if value is not None}
    if present == {int, float}:
        return "Float64"
    return next((name for kind, name in TYPES if present == {kind}), "string")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
