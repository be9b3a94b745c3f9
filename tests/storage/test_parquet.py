"""A table as Parquet reads back as it was, whatever is in it."""

from pathlib import Path

import duckdb

from storage.parquet import Cell, parquet_bytes
from storage.snapshot_shelf import shelved, shelved_bytes


def test_types_and_holes_survive(tmp_path: Path) -> None:
    columns: dict[str, list[Cell]] = {
        "name": ["a", "it's"],
        "size": [7, None],
        "score": [61.5, None],
        "mixed": [1, 2.5],
        "none": [None, None],
    }
    file = tmp_path / "table.parquet"
    file.write_bytes(parquet_bytes(columns, {"licence": "the authors' own"}))
    read = duckdb.read_parquet(str(file)).fetchall()
    assert read == [("a", 7, 61.5, 1.0, None), ("it's", None, None, 2.5, None)]
    notes = duckdb.execute(f"SELECT key, value FROM parquet_kv_metadata('{file}')").fetchall()
    assert (b"licence", b"the authors' own") in notes


def test_only_what_a_manifest_names_is_on_the_shelf(tmp_path: Path) -> None:
    snapshot = tmp_path / "000012-0f1e2d3c4b5a"
    snapshot.mkdir()
    files = '{"scores.json": {"sha256": "0", "rows": 1}}'
    head = '{"number": 12, "hash": "0f1e2d3c4b5a"}'
    (snapshot / "manifest.json").write_text(f'{{"ledger": {head}, "program": "1", "files": {files}}}')
    (snapshot / "scores.json").write_text("[]")
    (snapshot / "secret.json").write_text("secret")
    (tmp_path / "000013-0f1e2d3c4b5a").mkdir()
    (tmp_path / "queue.json").write_text("secret")
    assert [one.name for one in shelved(tmp_path)] == ["000012-0f1e2d3c4b5a"]
    assert shelved_bytes(tmp_path, snapshot.name, "scores.json") == b"[]"
    for name, file in ((snapshot.name, "secret.json"), ("..", "queue.json"), (snapshot.name, "../../queue.json")):
        assert shelved_bytes(tmp_path, name, file) is None
    assert shelved(tmp_path / "nowhere") == []
