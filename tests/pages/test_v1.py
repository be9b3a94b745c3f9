"""Every address that /v1 describes keeps every promise it makes, and none tells what is nobody's business."""

import csv
import io
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from backend.settings import Settings
from frontend_config.representations import PACKED_ALREADY
from frontend_config.v1 import build_api
from frontend_config.v1.samples import ABOUT_PARAMETERS, EXAMPLES

from . import records
from .publications import ledger, numbered
from .serving import Shelf

SECRETS = ("secret.example", "hunter2", "token-of-ours", "/gauze/", socket.gethostname())
PRIVATE = re.compile(
    r"(?<!output_)token(?!s|izer)|password|endpoint|worker_name|hostname|cookie|address", re.IGNORECASE
)
NAMES = {
    "submission_id": "s0004",
    "snapshot": "000012-0f1e2d3c4b5a",
    "file": "scores.parquet",
    "number": "11",
    "task": "meqsum",
}
LARGEST_PLAIN = 512


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    home = tmp_path_factory.mktemp("gauze")
    _write_snapshot(home / "snapshots" / NAMES["snapshot"])
    settings = Settings(
        home=home,
        endpoint_url="http://secret.example/",
        endpoint_token="token-of-ours",
        benchmark_dataset="acme/clue",
        public_url="https://board.example",
    )
    rows = numbered()
    return Shelf(settings=settings, measured=rows, publications=ledger(rows))


@pytest.fixture(scope="module")
def asking(shelf: Shelf) -> Iterator[TestClient]:
    app = FastAPI(openapi_url=None)
    app.mount("/v1", build_api(shelf.desk()))
    with TestClient(app) as client:
        yield client


def described(asking: TestClient) -> dict[str, Any]:
    paths: dict[str, Any] = asking.get("/v1/openapi.json").json()["paths"]
    return paths


def addresses(asking: TestClient) -> list[str]:
    """Every described GET with its parameters filled in: rows by their names, everything else from NAMES."""
    rows = asking.get("/v1/leaderboard.json").json()["names"]
    found = []
    for path, operations in described(asking).items():
        if "get" not in operations:
            continue
        asked = [each for each in operations["get"]["parameters"] if each["in"] == "query"]
        needed = [each for each in asked if each["required"] or each["name"] == "m"]
        query = "&".join(f"{each['name']}={row}" for each in needed for row in rows[:2])
        owner, _, model = rows[0].partition("/")
        filled = path.replace("{org}/{name}", f"{owner}/{model}").format_map(NAMES)
        found.append(f"/v1{filled}{'?' + query if query else ''}")
    return found


def test_every_address_has_a_tag_a_head_an_open_door_and_an_encoding(asking: TestClient) -> None:
    for address in addresses(asking):
        answer = asking.get(address, headers={"Accept-Encoding": "br"})
        assert answer.status_code == 200, address
        assert answer.headers["Access-Control-Allow-Origin"] == "*", address
        assert 'rel="license"' in answer.headers["Link"], address
        kind = answer.headers["Content-Type"]
        assert ("Content-Encoding" in answer.headers) == (
            len(answer.content) >= LARGEST_PLAIN and kind not in PACKED_ALREADY
        ), address
        held = asking.get(address, headers={"Accept-Encoding": "br", "If-None-Match": answer.headers["ETag"]})
        assert (held.status_code, held.content) == (304, b""), address
        head = asking.head(address, headers={"Accept-Encoding": "br"})
        assert (head.status_code, head.content) == (200, b""), address
        assert head.headers["ETag"] == answer.headers["ETag"], address
        assert asking.options(address).headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_no_address_tells_what_is_private(asking: TestClient, shelf: Shelf) -> None:
    for address in (*addresses(asking), "/v1/nowhere", "/v1/submissions/none"):
        text = asking.get(address).content.decode(errors="replace")
        assert not [secret for secret in (*SECRETS, str(shelf.settings.home)) if secret in text], address
        if text.startswith("{") and "openapi" not in address:
            assert not [name for name in _names(json.loads(text)) if PRIVATE.search(name)], address


def test_every_address_and_parameter_is_explained(asking: TestClient) -> None:
    told = asking.get("/v1/openapi.json").json()
    tags = {tag["name"] for tag in told["tags"]}
    for path, operations in told["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert set(operation["tags"]) <= tags, path
            for parameter in operation["parameters"]:
                assert parameter.get("description"), f"{path} {parameter['name']}"
    assert ABOUT_PARAMETERS.keys() >= NAMES.keys()


def test_an_example_is_part_of_what_is_really_answered(asking: TestClient) -> None:
    for path, example in EXAMPLES.items():
        if isinstance(example, dict):
            address = next(
                each for each in addresses(asking) if each.partition("?")[0] == f"/v1{path.format_map(NAMES)}"
            )
            assert example.keys() <= asking.get(address).json().keys(), path


def test_every_refusal_is_one_sentence_in_json(asking: TestClient) -> None:
    for method, address, status in (
        ("GET", "/v1/nowhere", 404),
        ("GET", "/v1/snapshots/000099-0f1e2d3c4b5a/scores.json", 404),
        ("GET", "/v1/leaderboard.csv?edition=other", 422),
        ("POST", "/v1/queue", 405),
        ("DELETE", "/v1/leaderboard.json", 405),
    ):
        answer = asking.request(method, address)
        assert (answer.status_code, list(answer.json())) == (status, ["error"]), address
        assert answer.json()["error"].endswith((".", "'")), address
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_fault_of_ours_is_a_sentence_and_tells_nothing_else(shelf: Shelf) -> None:
    desk = shelf.desk()
    broken = build_api(desk)

    @broken.get("/broken")
    def broken_route() -> None:
        raise ValueError("hunter2")

    broken.router.routes.insert(0, broken.router.routes.pop())
    answer = TestClient(broken, raise_server_exceptions=False).get("/broken")
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("Something went wrong on our side")


def test_the_three_forms_of_the_board_say_the_same(asking: TestClient, tmp_path: Path) -> None:
    query = "?provenance=published"
    told = asking.get(f"/v1/leaderboard.json{query}").json()
    table = list(csv.DictReader(io.StringIO(asking.get(f"/v1/leaderboard.csv{query}").text)))
    file = tmp_path / "board.parquet"
    file.write_bytes(asking.get(f"/v1/leaderboard.parquet{query}").content)
    read = duckdb.read_parquet(str(file))
    rows = [dict(zip(read.columns, row, strict=True)) for row in read.fetchall()]
    assert len(table) == len(rows) == told["rows"] == len(records.PUBLISHED)
    for column in told["columns"]:
        name = column["name"]
        assert [row[name] for row in rows] == column["values"]
        assert [row[name] for row in table] == ["" if value is None else str(value) for value in column["values"]]
    notes = dict(duckdb.execute(f"SELECT key, value FROM parquet_kv_metadata('{file}')").fetchall())
    assert b"published by the benchmark's authors" in notes[b"licence"]


def test_what_a_spreadsheet_would_run_is_text(asking: TestClient, shelf: Shelf) -> None:
    text = asking.get("/v1/leaderboard.csv?provenance=measured").text
    hostile = [row.label for row in records.MEASURED if row.label.startswith("=")]
    assert hostile and all(f"'{label}" in text.replace('""', '"') for label in hostile)


def test_a_snapshot_can_be_taken_along(asking: TestClient) -> None:
    one = asking.get("/v1/snapshots").json()["snapshots"][0]
    assert (one["name"], one["number"]) == (NAMES["snapshot"], 12)
    assert [asking.get(link).status_code for link in one["links"]] == [200, 200]
    for outside in ("queue.sqlite", "..%2F..%2Fqueue.sqlite", "other.json"):
        assert asking.get(f"/v1/snapshots/{NAMES['snapshot']}/{outside}").status_code == 404


def _write_snapshot(folder: Path) -> None:
    folder.mkdir(parents=True)
    manifest = {
        "ledger": {"number": 12, "hash": "0f1e2d3c4b5a"},
        "program": "1",
        "files": {"scores.parquet": {"sha256": "0", "rows": 0}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "scores.parquet").write_bytes(b"PAR1" + bytes(2 * LARGEST_PLAIN))
    (folder / "other.json").write_text("hunter2")


def _names(told: object) -> Iterator[str]:
    if isinstance(told, dict):
        yield from (str(name) for name in told)
        for value in told.values():
            yield from _names(value)
    elif isinstance(told, list):
        for value in told:
            yield from _names(value)
