"""Predictions of a finished run as a Parquet file: a fraction of the journal's size, and all that the journal said."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from backend.domain import Finish, Prediction

HEADER = "clue"
_THREADS: dict[str, str | bool | int | float | list[str]] = {"threads": 1}
_ROWS = """
SELECT unnest($example_id::VARCHAR[]) AS example_id, unnest($text::VARCHAR[]) AS text,
    unnest($finish::VARCHAR[]) AS finish, unnest($prompt_tokens::BIGINT[]) AS prompt_tokens,
    unnest($output_tokens::BIGINT[]) AS output_tokens, unnest($truncated::BOOLEAN[]) AS truncated,
    unnest($seconds::DOUBLE[]) AS seconds
"""
_FORM = f"(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, KV_METADATA {{{HEADER}: $header}})"


def write_packed(path: Path, header: str, predictions: Sequence[Prediction]) -> None:
    """`path`, which may be there already, is a Parquet file of these predictions in their order."""
    where = str(path).replace("'", "''")
    columns = {name: [getattr(one, name) for one in predictions] for name in Prediction.__dataclass_fields__}
    with duckdb.connect(config=_THREADS) as db:
        db.execute(f"COPY ({_ROWS}) TO '{where}' {_FORM}", {**columns, "header": header})


def read_packed(path: Path) -> tuple[str, list[Prediction]]:
    """The header and the predictions in their order. ValueError when the file is damaged or is none of ours."""
    names = tuple(Prediction.__dataclass_fields__)
    try:
        with duckdb.connect(config=_THREADS) as db:
            found = db.execute(
                "SELECT decode(value) FROM parquet_kv_metadata($1) WHERE decode(key) = $2", [str(path), HEADER]
            ).fetchone()
            rows = db.execute(f"SELECT {', '.join(names)} FROM read_parquet($1)", [str(path)]).fetchall()
    except duckdb.Error as error:
        raise ValueError(f"{path.name} cannot be read ({type(error).__name__})") from None
    if found is None:
        raise ValueError(f"{path.name} does not say whose it is")
    records = [dict(zip(names, row, strict=True)) for row in rows]
    return found[0], [Prediction(**{**record, "finish": Finish(record["finish"])}) for record in records]
