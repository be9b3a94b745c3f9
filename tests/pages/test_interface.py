"""What /v1 promises, who may submit, and what the code itself promises."""

import gzip
import json
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import httpx
import pytest

from backend.domain import Access, Edition, Provenance, Standing
from backend.errors import Declined
from backend.settings import Settings
from backend.submission import Person
from frontend_config import columns
from frontend_config.columns import Column, ColumnKind, Group, board_columns, hub_link
from frontend_config.identity import Caller, submitter
from frontend_config.payload import leaderboard_payload
from frontend_config.site import build_pages

from . import records
from .conftest import Site
from .serving import Shelf, ask_island

FRONT = Path(columns.__file__).parent
HERE = Caller(address="127.0.0.1", host="127.0.0.1:7860", origin=None, relayed=False)


def test_a_watcher_may_ask_for_the_head_alone(site: Site) -> None:
    answer = httpx.head(f"{site.address}/v1/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_an_address_that_leads_nowhere_says_so(site: Site) -> None:
    answer = httpx.get(f"{site.address}/v1/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"error": "There is nothing at this address."})


def board(site: Site, provenance: str = "measured", edition: str = "full") -> httpx.Response:
    return httpx.get(f"{site.address}/v1/leaderboard.json", params={"provenance": provenance, "edition": edition})


def part_of_board(site: Site, part: str, **named: str) -> httpx.Response:
    return httpx.get(f"{site.address}/v1/leaderboard.json", params={"part": part, **named})


@pytest.mark.parametrize(
    ("provenance", "edition", "rows"),
    [
        ("measured", "full", records.MEASURED),
        ("published", "full", records.PUBLISHED),
        ("measured", "rehearsal", records.REHEARSED),
    ],
)
def test_the_board_is_the_desks_standings(
    site: Site, provenance: str, edition: str, rows: tuple[Standing, ...]
) -> None:
    told = board(site, provenance, edition).json()
    by_name = {column["name"]: column for column in told["columns"]}
    assert by_name["model"]["values"] == [row.label for row in rows]
    for row_at, row in enumerate(rows):
        for key, score in row.cells.items():
            column = by_name[key]
            told_score = [column[part][row_at] for part in ("values", "low", "high", "n")]
            assert told_score == pytest.approx([score.value, score.low, score.high, score.n], abs=5e-5)
            if score.value is None:
                assert column["missing"].get(str(row_at)) == score.missing
        for task, asked in row.diagnostics.items():
            told_asked = {name: values[row_at] for name, values in by_name[task]["asked"].items()}
            assert told_asked == {name: asdict(asked)[name] for name in told_asked}
            assert all(asdict(asked)[name] is None for name in asdict(asked).keys() - told_asked.keys())


def test_two_parts_of_the_board_say_together_what_the_whole_says_and_nothing_twice(site: Site) -> None:
    whole = board(site, "measured", "full").json()
    first = part_of_board(site, "first").json()
    later = part_of_board(site, "later", digest=first["later"]).json()
    assert later["state"] == first["state"]
    columns = {column["name"]: column for column in first["columns"]}
    assert all(columns.get(column["name"], {}).keys() & column.keys() <= {"name"} for column in later["columns"])
    joined = [columns.get(column["name"], {}) | column for column in later["columns"]]
    rest = {name: value for name, value in first.items() if name not in ("columns", "later", "state")}
    assert rest | {"columns": joined} == whole


def test_only_a_part_that_is_named_by_its_digest_is_kept_for_good(site: Site) -> None:
    first = part_of_board(site, "first")
    named = part_of_board(site, "later", digest=first.json()["later"])
    assert first.headers["Cache-Control"] == "no-cache"
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert part_of_board(site, "later", digest="0" * 32).headers["Cache-Control"] == "no-cache"


def test_an_answer_already_held_is_not_sent_again(site: Site) -> None:
    for path in ("leaderboard.json?provenance=published", "queue", "tasks", "submissions/s0004"):
        first = httpx.get(f"{site.address}/v1/{path}", headers={"Accept-Encoding": "br"})
        tag = first.headers["ETag"]
        assert not tag.startswith("W/")
        again = httpx.get(f"{site.address}/v1/{path}", headers={"If-None-Match": tag, "Accept-Encoding": "br"})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag), path
        assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_each_encoding_says_the_same_under_its_own_tag(site: Site) -> None:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}
    seen = {}
    for encoding, opened in unpack.items():
        with httpx.stream("GET", f"{site.address}/v1/tasks", headers={"Accept-Encoding": encoding}) as answer:
            raw = b"".join(answer.iter_raw())
        assert "Accept-Encoding" in answer.headers["Vary"]
        seen[answer.headers["ETag"]] = opened(raw)
    assert len(seen) == 3
    assert len(set(seen.values())) == 1


def test_the_board_is_told_anew_when_the_version_changes(site: Site) -> None:
    before = board(site)
    site.shelf.measured = records.MEASURED[:1]
    assert board(site).headers["ETag"] == before.headers["ETag"]
    site.shelf.version += "1"
    assert board(site).json()["rows"] == 1


def test_any_origin_may_read(site: Site) -> None:
    answer = httpx.get(f"{site.address}/v1/queue", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    asked = httpx.options(f"{site.address}/v1/queue", headers={"Origin": "https://elsewhere.example"})
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_a_parameter_that_does_not_fit_is_named(site: Site) -> None:
    answer = board(site, provenance="guessed")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("The parameter provenance does not fit:")
    assert httpx.get(f"{site.address}/v1/queue?history=-1").status_code == 422


def test_an_unknown_submission_is_a_sentence(site: Site) -> None:
    answer = httpx.get(f"{site.address}/v1/submissions/none")
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no submission with this id."})


def test_the_queue_tells_order_progress_and_failures_but_no_secret(site: Site) -> None:
    answer = httpx.get(f"{site.address}/v1/queue")
    told = answer.json()
    assert [(each["id"], each["position"]) for each in told["waiting"]] == [("s0007", 1), ("s0008", 2), ("s0009", None)]
    assert told["running"][0]["progress"]["done"] == 412
    ended = {each["id"]: each for each in told["history"]}
    assert set(ended) == {"s0001", "s0002", "s0003", "s0004", "s0005", "s0010", "s0011"}
    assert ended["s0004"]["failure"]["code"] == "out_of_memory"
    assert ended["s0005"]["failure"] is None
    assert "secret.example" not in answer.text
    assert "hunter2" not in answer.text


def test_health_fails_when_the_worker_is_silent(site: Site) -> None:
    assert httpx.get(f"{site.address}/v1/health").json()["status"] == "ok"
    site.shelf.pulse = records.long_silent()
    answer = httpx.get(f"{site.address}/v1/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
    assert "was last seen at" in answer.json()["reason"]


def test_static_files_are_kept_for_good_under_their_hash(site: Site) -> None:
    page = httpx.get(site.address).text
    address = page.partition('href="')[2].partition('favicon.svg"')[0] + "board/board.js"
    answer = httpx.get(site.address + address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = httpx.get(f"{site.address}/static/clue/old/board/board.js")
    assert (other.text, other.headers["Cache-Control"]) == (answer.text, "no-cache")
    assert httpx.get(f"{site.address}/static/clue/old/..%2Fsite.py").status_code == 404


def test_no_handler_but_the_tools_is_offered_as_an_endpoint(site: Site) -> None:
    assert httpx.get(f"{site.address}/gradio_api/info").status_code == 404
    pages = build_pages(Shelf().desk(), "/static")
    offered = {str(handler.api_name) for handler in pages.fns.values() if handler.api_visibility != "private"}
    assert offered == {"query_leaderboard", "model_details", "compare_models", "submission_status"}


def test_uploads_and_large_bodies_are_refused(site: Site) -> None:
    assert httpx.post(f"{site.address}/gradio_api/upload", files={"files": b"x"}).status_code == 404
    functions = f"{site.address}/gradio_api/component_server/"
    assert httpx.post(functions, files={"files": b"x"}).status_code == 415
    assert httpx.post(functions, content=b"x" * 70_000).status_code == 413


def test_the_local_user_sits_at_this_machine() -> None:
    assert submitter(Settings(), HERE) == Person("local", "local")


@pytest.mark.parametrize(
    "caller",
    [
        Caller("192.0.2.7", "127.0.0.1:7860", None, relayed=False),
        Caller("127.0.0.1", "rebound.example:7860", None, relayed=False),
        Caller("127.0.0.1", "127.0.0.1:7860", "https://elsewhere.example", relayed=False),
        Caller("127.0.0.1", "127.0.0.1:7860", None, relayed=True),
        Caller(None, "127.0.0.1:7860", None, relayed=False),
        Caller("127.0.0.1", "127.0.0.1:7860", None, relayed=False, site="cross-site"),
    ],
)
def test_nobody_else_is_the_local_user(caller: Caller) -> None:
    with pytest.raises(Declined):
        submitter(Settings(), caller)


def test_a_page_open_to_others_takes_no_submission_even_from_this_machine() -> None:
    with pytest.raises(Declined, match="Submitting is closed"):
        submitter(Settings(host="0.0.0.0"), HERE)


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_where_one_signs_in_whoever_did_submits_and_nobody_else(host: str) -> None:
    door = Settings(host=host, oidc_client_id="board", oidc_client_secret="s", public_url="https://clue.example/")
    ada = Person("https://id.example#1", "ada")
    caller = replace(HERE, host="clue.example", person=ada)
    assert submitter(door, caller) == ada
    with pytest.raises(Declined, match="Sign in with Hugging Face"):
        submitter(door, replace(caller, person=None))
    assert submitter(door, replace(caller, site="same-origin", origin="https://clue.example", relayed=True)) == ada
    abroad = ({"site": "cross-site"}, {"site": "same-site"}, {"origin": "http://clue.example"}, {"origin": "null"})
    for elsewhere in abroad:
        with pytest.raises(Declined, match="made by another site"):
            submitter(door, replace(caller, **elsewhere))  # type: ignore[arg-type]
    with pytest.raises(Declined, match="uses for itself"):
        submitter(door, replace(caller, person=replace(ada, name="The Operator")))


def test_a_space_without_sign_in_says_how_to_have_it_even_on_loopback() -> None:
    with pytest.raises(Declined, match="hf_oauth"):
        submitter(Settings(on_space=True), HERE)


def submit_over_http(site: Site, origin: str) -> str:
    """What the server answers to a submission made without the page."""
    wish = {"model": "owner/name", "edition": "full"}
    return ask_island(site.address, "submit", "submit", wish, Origin=origin).text


def test_the_page_itself_can_submit_through_the_server(site: Site) -> None:
    assert "Queued: two models are evaluated before it." in submit_over_http(site, site.address)
    assert [person for _, person in site.shelf.taken] == ["local"]


def test_a_foreign_page_cannot_submit_through_the_server(site: Site) -> None:
    assert "was not accepted" in submit_over_http(site, "https://elsewhere.example")
    assert site.shelf.taken == []


def test_a_closed_page_has_nothing_to_submit_to(closed_site: Site) -> None:
    assert "Queued" not in submit_over_http(closed_site, closed_site.address)
    assert closed_site.shelf.taken == []


def test_a_column_is_one_line() -> None:
    one_more = Column(
        "commit", "Commit", Group.DETAILS, ColumnKind.TEXT, "Short commit.", read=columns.of_model("revision")
    )
    shown = board_columns(records.TASKS, (), after=(*columns.AFTER, one_more))
    told = leaderboard_payload(records.MEASURED, records.TASKS, Provenance.MEASURED, Edition.FULL, shown)
    assert told["columns"][-1]["values"] == [row.model and row.model.revision for row in records.MEASURED]
    elsewhere = [path for path in FRONT.rglob("*") if path.suffix in (".py", ".js") and path.name != "columns.py"]
    assert not [path.name for path in elsewhere if '"architecture"' in path.read_text()]


def test_an_unknown_task_gets_its_columns_from_its_record() -> None:
    accuracy = ("accuracy", "Accuracy", "Share of right levels.")
    seventh = records.task("triage", "Triage", Access.OPEN, (accuracy,))
    names = [column.name for column in board_columns((*records.TASKS, seventh), ())]
    assert {"triage", "triage.accuracy"} <= set(names)


@pytest.mark.parametrize(
    ("hub_id", "link"),
    [
        ("owner/name-1.0", "https://huggingface.co/owner/name-1.0"),
        ("scripted/rules", None),
        ("javascript:alert(1)", None),
        ("owner/name/../..", None),
        (records.IMAGE, None),
        (records.RTL, None),
        (None, None),
    ],
)
def test_only_a_hub_id_becomes_a_link(hub_id: str | None, link: str | None) -> None:
    assert hub_link(hub_id) == link


def test_equal_scores_share_a_rank_and_no_average_means_no_rank() -> None:
    told = leaderboard_payload(records.PUBLISHED, (), Provenance.PUBLISHED, Edition.FULL)
    ranks = told["columns"][0]["values"]
    assert ranks == [1, 2, 5, 4, 3, None, None, None]
    twice = leaderboard_payload(records.PUBLISHED[:1] * 2, (), Provenance.PUBLISHED, Edition.FULL)
    assert twice["columns"][0]["values"] == [1, 1]


def test_no_file_of_the_front_end_names_another_host_to_load_from() -> None:
    for path in (path for path in (FRONT / "static").rglob("*") if path.is_file()):
        text = path.read_text()
        for known in ("http://www.w3.org/2000/svg", "https://arxiv.org/abs/2404.04067"):
            text = text.replace(known, "")
        assert "http" not in text, path.name


def test_importing_the_site_loads_no_model_library() -> None:
    heavy = {"torch", "transformers", "duckdb", "eval_queue"}
    code = f"import sys, frontend_config.site; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FRONT.parent)
    assert done.stdout.strip() == "[]"


def test_everything_told_is_plain_json(site: Site) -> None:
    assert json.loads(board(site).text)["rows"] == len(records.MEASURED)
    seen = httpx.get(f"{site.address}/v1/queue").json()["worker"]["seen_at"]
    assert datetime.fromisoformat(seen) <= datetime.now(UTC)
