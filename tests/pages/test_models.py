"""What /v1 says of models, rows, runs and single answers, and what it never says."""

import io
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import httpx
import pytest

from backend.domain import Edition
from backend.errors import CredentialedText
from frontend_config.model_payload import MOST_DRAWN, cells_of
from frontend_config.representations import KeptRepresentations, Representation
from frontend_config.site import build_site
from frontend_config.views import ViewName, Views

from . import records
from .conftest import Site
from .publications import COMMIT, HUB_ID, SECRET, ledger, numbered
from .serving import Shelf, serving

ADDRESSES = (
    "models", f"models/{HUB_ID}", f"models/{HUB_ID}/scores", f"models/{HUB_ID}/badge.svg", f"row?id={HUB_ID}",
    f"row.csv?id={HUB_ID}", f"models/{HUB_ID}/examples/meqsum", "runs/11", "runs/11/eee.json", "runs/11/cite.bib",
    "cite.bib",
)  # fmt: skip


@pytest.fixture(autouse=True)
def published(site: Site) -> None:
    site.shelf.measured = numbered()
    site.shelf.publications = ledger(site.shelf.measured)


def ask(site: Site, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{site.address}/v1/{path}", headers=headers)


def test_every_answer_has_a_tag_is_open_to_all_and_names_no_machine(site: Site) -> None:
    for path in ADDRESSES:
        first = ask(site, path)
        assert first.status_code == 200, path
        again = ask(site, path, **{"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert first.headers["Access-Control-Allow-Origin"] == "*"
        for secret in (SECRET, "hunter2", "secret.example", "hostname"):
            assert secret not in first.text, path


def test_a_row_tells_its_scores_and_where_it_stands(site: Site) -> None:
    told = ask(site, f"row?id={HUB_ID}").json()
    cells = {cell["name"]: cell for cell in told["cells"]}
    (row, *_) = numbered()
    for name, cell in row.cells.items():
        shown = cells[name]
        assert [shown[part] for part in ("value", "low", "high", "n")] == [cell.value, cell.low, cell.high, cell.n]
    assert (cells["mednli"]["rank"], cells["mednli"]["of"]) == (3, 8)
    assert cells["overall"]["missing"] == "Problem Summary was not measured."
    assert cells["mednli"]["spread"] == sorted(cells["mednli"]["spread"]) and len(cells["mednli"]["spread"]) == 8
    assert (told["view"], told["instead"], told["short"]) == ("measured", None, COMMIT[:12])
    assert told["base"]["name"] == "ward/general-8b-instruct"
    assert [line["status"] for line in told["history"]] == ["stands", "superseded", "withdrawn"]
    assert "endpoint_model" not in {fact["name"] for fact in told["manifest"]}


def test_a_row_that_is_only_published_says_so_and_has_no_manifest(site: Site) -> None:
    told = ask(site, "row?id=BioMistral/biomistral-7b").json()
    assert (told["view"], told["decimals"], told["name"]) == ("published", 2, "BioMistral-7B")
    assert "not been measured here" in told["instead"]
    assert told["manifest"] is None and told["reproduce"] is None and told["history"] == []
    assert ask(site, "row?id=BioMistral-7B&view=published").json()["instead"] is None
    assert ask(site, "row?id=BioMistral-7B&view=measured").status_code == 404


def test_the_same_weights_under_another_name_are_pointed_out(site: Site) -> None:
    first, second, *rest = numbered()
    same = {"weights_sha256": "b" * 64}
    site.shelf.measured = (replace(first, **same), replace(second, **same), *rest)  # type: ignore[arg-type]
    others = ask(site, f"row?id={HUB_ID}").json()["others"]
    assert [(each["kind"], each["label"]) for each in others] == [("same weights", "ward/general-8b-instruct")]


def test_models_are_listed_with_their_newest_commit_and_rows(site: Site) -> None:
    told = {each["name"]: each for each in ask(site, "models").json()["models"]}
    assert told[HUB_ID]["latest_commit"] == COMMIT
    assert told["ward/general-8b-instruct"]["views"] == {"measured": 1, "rehearsal": 1}
    assert told["BioMistral/BioMistral-7B"]["latest_commit"] is None
    assert told["scripted/rules"]["link"] is None


@pytest.mark.parametrize(
    "path", ["models/no/body", "row?id=no/body", "runs/999", "models/no/body/scores", "runs/999/cite.bib"]
)
def test_what_is_not_there_is_a_sentence(site: Site, path: str) -> None:
    answer = ask(site, path)
    assert answer.status_code == 404
    assert answer.json()["error"].endswith(".")


def test_a_page_that_asks_for_nobodys_row_is_told_nothing_without_an_error(site: Site) -> None:
    answer = ask(site, "row?id=no/body&absent=null")
    assert (answer.status_code, answer.json()) == (200, None)
    assert ask(site, "row?id=harbour/notes-70b&view=rehearsal&absent=null").json() is None
    assert ask(site, "row?id=harbour/notes-70b&absent=null").json()["name"] == "harbour/notes-70b"


def test_a_line_that_stands_no_more_is_told_and_not_exported(site: Site) -> None:
    told = ask(site, "runs/2").json()
    assert (told["status"], told["ended"]["reason"]) == ("withdrawn", "The wrong template was used.")
    assert ask(site, "runs/2/eee.json").status_code == 404
    assert "operator" in ask(site, "runs/11/eval_results.yaml").json()["error"]


def test_a_run_tells_manifest_digests_and_scores(site: Site) -> None:
    told = ask(site, "runs/11").json()
    assert (told["number"], told["hash"], told["submission_id"]) == (11, f"{11:064x}", "s0001")
    assert told["manifest"]["weights_sha256"] == "b" * 64
    assert told["tasks"]["mednli"]["dataset_sha256"] == "d" * 64
    assert told["tasks"]["mednli"]["facts"] == {"bertscore_encoder": "allenai/scibert_scivocab_uncased"}


def test_a_page_of_single_answers_is_what_was_asked_for(site: Site) -> None:
    def page(query: str) -> dict[str, Any]:
        found: dict[str, Any] = ask(site, f"models/{HUB_ID}/examples/meqsum?{query}").json()
        return found

    first = page("limit=5&offset=20")
    assert (first["total"], first["found"], first["decided"]) == (23, 23, True)
    assert [each["id"] for each in first["examples"]] == ["item-21", "item-22", "item-23"]
    assert first["licence"] == "CC BY 4.0"
    wrong = page("verdict=wrong&limit=50")
    assert (wrong["found"], wrong["examples"][0]["answer"]) == (7, None)
    assert {each["metrics"][0]["value"] for each in page("verdict=right")["examples"]} == {100.0}
    assert [each["id"] for each in page("q=ITEM-07")["examples"]] == ["item-07"]
    assert "left out" in page("q=item-04")["examples"][0]["prompt_note"]
    assert "<b>" in page("q=item-05")["examples"][0]["prompt"][1]["content"]
    for query in ("limit=51", "limit=0", "offset=-1", f"q={'x' * 201}", "verdict=maybe"):
        assert ask(site, f"models/{HUB_ID}/examples/meqsum?{query}").status_code == 422


def test_no_text_of_a_credentialed_task_is_told(site: Site) -> None:
    answer = ask(site, f"models/{HUB_ID}/examples/mednli")
    assert answer.status_code == 403
    assert answer.json() == {"error": str(CredentialedText())}
    assert ask(site, f"models/{HUB_ID}/examples/none").status_code == 404
    assert ask(site, f"models/{HUB_ID}/examples/mednli?run=11").status_code == 403


def test_the_badge_is_a_picture_that_may_run_nothing(site: Site) -> None:
    answer = ask(site, f"models/{HUB_ID}/badge.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    words = ["".join(each.itertext()) for each in ET.fromstring(answer.content)]
    assert words[-1] == "2 of 6 tasks measured"
    assert "not measured" in ask(site, "models/nobody/nothing/badge.svg").text
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert ask(site, f"models/{HUB_ID}/badge.svg", **{"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_strangers_name_is_text_in_a_badge(site: Site) -> None:
    answer = ask(site, "models/%3Cscript%3E/%22onload%3D%22x%22%3E/badge.svg")
    picture = ET.fromstring(answer.content)
    assert answer.status_code == 200 and "script" not in {each.tag.rpartition("}")[2] for each in picture.iter()}
    assert not [name for each in picture.iter() for name in each.attrib if name.startswith("on")]


def test_all_records_of_the_board_come_in_one_archive(site: Site) -> None:
    answer = ask(site, "every_eval_ever.zip")
    assert answer.headers["Content-Type"] == "application/zip"
    names = ZipFile(io.BytesIO(answer.content)).namelist()
    alone = ask(site, "runs/11/eee.json").headers["Content-Disposition"]
    assert alone.partition('"')[2].rstrip('"') in {name.rpartition("/")[2] for name in names}
    assert len(names) == len(set(names)) > 3


def test_with_a_dataset_and_an_address_the_exports_name_them() -> None:
    shelf = Shelf(measured=numbered())
    shelf.publications = ledger(shelf.measured)
    shelf.settings = shelf.settings.model_copy(
        update={"benchmark_dataset": "acme/clue", "public_url": "https://clue.example/"}
    )
    with serving(build_site(shelf.desk())) as address:
        text = httpx.get(f"{address}/v1/runs/11/eval_results.yaml").text
        assert "id: acme/clue" in text
        assert f"url: https://clue.example/model?id={HUB_ID}" in text
        assert f"https://clue.example/model?id={HUB_ID}" in httpx.get(f"{address}/v1/runs/11/cite.bib").text


def test_a_short_link_leads_to_the_page(site: Site) -> None:
    answer = httpx.get(f"{site.address}/m/{HUB_ID}?view=rehearsal")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/model?id={HUB_ID}&view=rehearsal")
    hostile = httpx.get(f"{site.address}/m/a%0d%0ab/c%26view=x?view=%22%3E").headers["Location"]
    assert hostile == "/model?id=a%0D%0Ab/c%26view%3Dx&view=%22%3E"


def test_a_rehearsal_is_not_exported(site: Site) -> None:
    rehearsed = replace(site.shelf.rehearsed[0], number=40)
    site.shelf.rehearsed = (rehearsed,)
    site.shelf.publications = ledger((rehearsed,))
    assert site.shelf.publications[-1].result.edition is Edition.REHEARSAL
    answer = ask(site, "runs/40/eee.json")
    assert (answer.status_code, "rehearsal" in answer.json()["error"]) == (404, True)
    exports = ask(site, "row?id=scripted/rules").json()["exports"]
    assert (exports["every_eval_ever"], exports["eval_results"], exports["badge"]) == (None, None, None)


def test_many_models_are_drawn_by_a_hundred_of_them() -> None:
    first, *_ = numbered()
    rows = tuple(
        replace(first, label=f"acme/m{number}", cells={"mednli": records.score("mednli", number / 10)})
        for number in range(1000)
    )
    shelf = Shelf(measured=rows)
    view = Views(shelf.desk()).get(ViewName.MEASURED)
    cell = next(each for each in cells_of(shelf.desk(), view, 999) if each["name"] == "mednli")
    assert (len(cell["spread"]), cell["spread"][0], cell["spread"][-1]) == (MOST_DRAWN, 0.0, 99.9)
    assert (cell["rank"], cell["of"]) == (1, 1000)


def test_only_so_many_answers_are_kept() -> None:
    made: list[int] = []

    def answer(number: int) -> Representation:
        made.append(number)
        return Representation.of_json(number)

    kept = KeptRepresentations(lambda: "1", most=3)
    for number in (0, 1, 2, 2, 3, 1, 0):
        kept.get(number, lambda number=number: answer(number))  # type: ignore[misc]
    assert made == [0, 1, 2, 3, 0]


def test_only_so_many_bytes_of_answers_are_kept() -> None:
    kept = KeptRepresentations(lambda: "1", most_bytes=300)
    for key in "abcd":
        kept.get(key, lambda: Representation(b"x" * 100, "text/plain"))
    assert [kept.held(key) is not None for key in "abcd"] == [False, True, True, True]
    kept.get("e", lambda: Representation(b"x" * 1000, "text/plain"))
    assert [kept.held(key) is not None for key in "abcde"] == [False, False, False, False, True]


def test_a_model_that_names_itself_as_its_base_has_none(site: Site) -> None:
    first, *others = site.shelf.measured
    site.shelf.measured = (replace(first, base_model=HUB_ID.upper()), *others)
    site.shelf.version += "1"
    assert ask(site, f"row?id={HUB_ID}").json()["base"] is None
