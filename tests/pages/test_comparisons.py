"""/v1/compare and /v1/delta say what judged answers show, and for the published scores only what two numbers show."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.comparison import Finding
from backend.domain import Domain, Edition, Model, Provenance, Standing
from eval_queue.worker import Worker
from frontend_config.bases import bases_of
from frontend_config.columns import board_columns
from frontend_config.comparison_payload import pair_record, score_record, written
from frontend_config.families import families
from frontend_config.judged_board import JudgedBoard
from frontend_config.published import published_bases, published_standings
from frontend_config.row_names import row_names
from frontend_config.v1 import build_api
from storage.judgements import Judgements
from storage.scores import Scores
from tests.eval_queue.toys import House, toy_engine
from tests.storage.records import toy_task, wish

from . import records
from .serving import Shelf

GOOD, POOR, BAD = "acme/clinical", "acme/base", "acme/fine"
NEEDED = {GOOD: 1, POOR: 3, BAD: 2}  # one question of so many is answered rightly
REHEARSAL = {"edition": "rehearsal"}


class Ward:
    """Three models, evaluated by a real worker on two toy tasks, and the page's interface over their results."""

    def __init__(self, home: Path) -> None:
        self.house = House(home, tasks=[toy_task(name, examples=60) for name in ("mednli", "meqsum")])
        for name, every in NEEDED.items():
            self.evaluate(name, every)
        self.scores = Scores(home / "scores.duckdb", self.house.ledger, self.house.tasks, published_standings())
        desk = replace(
            Shelf(settings=self.house.settings).desk(),
            tasks=self.house.tasks,
            standings=self.scores.standings,
            version=self.scores.version,
        )
        self.board = JudgedBoard(desk)
        self.client = TestClient(build_api(self.board.desk))

    def evaluate(self, name: str, every: int, base: str = POOR) -> str:
        domain = Domain.GENERAL if name == POOR else Domain.BIOMEDICAL
        model = Model(hub_id=name, revision="c" * 40, base_model=None if name == POOR else base, domain=domain)
        engine = toy_engine(lambda prompt, halt: "yes" if int(prompt.example_id.split("-")[1]) % every == 0 else "no")
        found = self.house.submissions.add(replace(wish(name, engine="toy"), model=model), most_open=99).id
        assert self.worker(engine).run_next()
        return found

    def worker(self, engine: Any) -> Worker:
        return self.house.worker(engine)

    def compare(self, *names: str) -> Any:
        return self.client.get("/compare", params={"m": names, **REHEARSAL}).json()


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    return Ward(tmp_path_factory.mktemp("ward"))


def test_what_a_worker_judged_is_ranked_in_the_background_and_changes_the_boards_etag(ward: Ward) -> None:
    before = ward.client.get("/leaderboard.json", params=REHEARSAL)
    assert before.json()["ranges"] == {} and ward.board.ranges(Edition.REHEARSAL) == {}
    ward.board.keep_up()
    after = ward.client.get("/leaderboard.json", params=REHEARSAL)
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.json()["ranges"] == {"mednli": [[1, 1], [2, 3], [2, 3]], "meqsum": [[1, 1], [2, 3], [2, 3]]}
    assert after.json()["ranges_missing"] == {"mednli": {}, "meqsum": {}}
    version = ward.board.version()
    ward.board.keep_up()
    assert ward.board.version() == version


def test_a_pair_is_told_in_a_sentence_with_its_interval(ward: Ward) -> None:
    told = ward.compare(GOOD, POOR)
    assert [one["name"] for one in told["models"]] == [GOOD, POOR] and told["view"] == "rehearsal"
    cells = {cell["name"]: cell for cell in told["cells"]}
    (pair,) = cells["mednli"]["pairs"]
    assert (pair["first"], pair["second"], pair["n"], pair["finding"]) == (0, 1, 60, "better")
    assert pair["difference"] == pytest.approx(100 * 2 / 3) and pair["low"] < pair["difference"] < pair["high"]
    low, high = (written(pair[name], 1) for name in ("low", "high"))
    assert pair["sentence"] == f"{GOOD} is better than {POOR} on mednli (+66.7, 95 % interval {low} to {high})."
    assert cells["mednli"]["tests"] == 2 and pair["p"] < pair["p_adjusted"] < 0.05
    (average,) = cells["level_1"]["pairs"]
    assert average["difference"] is None and "The average needs" in average["reason"]
    assert average["reason"] in average["sentence"]


def test_a_pair_that_cannot_be_told_apart_says_what_could_have_been_seen(ward: Ward) -> None:
    cells = {cell["name"]: cell for cell in ward.compare(POOR, BAD)["cells"]}
    (pair,) = cells["meqsum"]["pairs"]
    assert pair["finding"] == "cannot tell" and pair["low"] < 0 < pair["high"]
    assert f"could detect differences of about {pair['detectable']:.1f} points" in pair["sentence"]
    assert "−16.7" in pair["sentence"]


def test_an_interval_without_zero_that_decides_nothing_among_many_tests_says_so() -> None:
    values = {
        "n": 60, "difference": -3.6, "low": -6.8, "high": -0.3, "p_adjusted": 0.2, "detectable": 4.6,
        "finding": Finding.UNDECIDED, "reason": None,
    }  # fmt: skip
    (cell,) = (column for column in board_columns(records.TASKS, {"mednli"}) if column.name == "mednli")
    sentence = pair_record(cell, (0, 1), values, 1, ("a/one", "b/two"), tests=6)["sentence"]
    assert "among 6 tests made together one like it may be chance" in sentence
    assert "(−3.6, 95 % interval −6.8 to −0.3)" in sentence and "of about 4.6 points" in sentence
    assert "together" not in pair_record(cell, (0, 1), values | {"high": 0.3}, 1, ("a", "b"), tests=6)["sentence"]


def test_a_score_that_was_never_asked_for_is_missing_in_the_words_of_its_view() -> None:
    missing = {score_record(one, "no_such_cell")["missing"] for one in (row("a/one", 1), *published_standings())}
    assert missing == {"Not measured for this model.", "Not published for this model."}


def test_what_training_changed_is_counted_with_its_base(ward: Ward) -> None:
    told = ward.client.get("/delta", params=REHEARSAL).json()
    pairs = {one["model"]["name"]: one for one in told["pairs"]}
    assert {name: one["base"]["name"] for name, one in pairs.items()} == {GOOD: POOR, BAD: POOR}
    assert pairs[GOOD]["cells"]["mednli"]["finding"] == "improved"
    assert pairs[GOOD]["cells"]["mednli"]["value"] == 100.0 and pairs[GOOD]["bases"] == [{"name": POOR, "label": POOR}]
    assert told["counts"]["mednli"] == {
        "improved": 1, "declined": 0, "cannot tell": 1, "higher": 2, "lower": 0, "equal": 0, "missing": 0,
    }  # fmt: skip
    assert told["counts"]["overall"]["missing"] == 2
    (tree,) = told["families"]
    assert (tree["name"], [child["name"] for child in tree["children"]]) == (POOR, [GOOD, BAD])


def test_values_of_another_judging_are_not_believed_until_they_are_restored(ward: Ward) -> None:
    kept = Judgements(ward.house.settings.home)
    (submission_id,) = [row.submission_id for row in rows_of(ward) if row.label == BAD]
    assert submission_id is not None
    right = kept.read(submission_id, "mednli")
    assert right is not None
    kept.write(submission_id, replace(right, values=right.values * 0))
    ward.board.keep_up()
    cells = {cell["name"]: cell for cell in ward.compare(POOR, BAD)["cells"]}
    (pair,) = cells["mednli"]["pairs"]
    assert pair["finding"] is None and pair["difference"] == pytest.approx(-100 / 6)
    assert "another judging" in pair["reason"] and cells["meqsum"]["pairs"][0]["finding"] == "cannot tell"
    board = ward.client.get("/leaderboard.json", params=REHEARSAL).json()
    place = board["names"].index(BAD)
    assert board["ranges"]["mednli"][place] is None and board["ranges"]["meqsum"][place] is not None
    assert list(board["ranges_missing"]["mednli"]) == [str(place)] and board["ranges_missing"]["meqsum"] == {}
    assert "another judging" in board["ranges_missing"]["mednli"][str(place)]
    row = ward.client.get("/row", params={"id": BAD, "view": "rehearsal"}).json()
    assert {cell["name"]: cell["range"] for cell in row["cells"]}["mednli"] is None
    kept.write(submission_id, right)
    ward.board.keep_up()
    assert ward.compare(POOR, BAD)["cells"][3]["pairs"][0]["finding"] == "cannot tell"


def rows_of(ward: Ward) -> list[Standing]:
    return ward.scores.standings(Provenance.MEASURED, Edition.REHEARSAL)


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/compare", 422, "two to four"),
        ("/compare?m=a", 422, "two to four"),
        ("/compare?m=a&m=a", 422, "two to four"),
        ("/compare?m=a&m=b&m=c&m=d&m=e", 422, "two to four"),
        (f"/compare?edition=rehearsal&m={GOOD}&m=nobody/here", 404, "nobody/here"),
        (f"/compare?edition=rehearsal&m={GOOD}&m={GOOD.upper()}", 422, "two to four"),
        ("/delta?base=one", 422, "MODEL~BASE"),
        ("/delta?provenance=published&base=BioMistral-7B~Llama-2-70b", 422, "MODEL~BASE"),
        ("/delta?provenance=published&base=nobody~Llama-2-70b", 422, "MODEL~BASE"),
    ],
)
def test_a_wish_that_does_not_fit_says_what_does(ward: Ward, path: str, status: int, word: str) -> None:
    answer = ward.client.get(path)
    assert answer.status_code == status and word in answer.json()["error"]


def test_the_published_twelve_pairs_say_which_base_and_claim_no_interval(ward: Ward) -> None:
    told = ward.client.get("/delta?provenance=published").json()
    assert len(told["pairs"]) == 12 and told["unpaired"] == []
    assert {name: told["counts"]["level_1"][name] for name in ("higher", "lower", "improved")} == {
        "higher": 3, "lower": 9, "improved": 0,
    }  # fmt: skip
    differences = {one["model"]["name"]: one["cells"]["level_1"] for one in told["pairs"]}
    assert differences["internistai/base-7b-v0.2"]["difference"] == pytest.approx(4.25, abs=0.006)
    assert differences["JSL-MedLlama-3-8B-v1.0"]["difference"] == pytest.approx(-31.37, abs=0.006)
    assert {cell["finding"] for cell in differences.values()} == {None} == {c["low"] for c in differences.values()}
    assert all("nobody can say how sure" in cell["reason"] for cell in differences.values())
    other = ward.client.get("/delta?provenance=published&base=ClinicalCamel-70B~Llama-2-70b").json()
    (before, after) = (
        next(one for one in each["pairs"] if one["model"]["name"] == "ClinicalCamel-70B") for each in (told, other)
    )
    assert before["base"]["name"] == "Llama-2-70b-chat" and "Nobody states" in before["base_source"]
    assert [one["name"] for one in before["bases"]] == ["Llama-2-70b-chat", "Llama-2-70b"]
    assert after["base"]["name"] == "Llama-2-70b" and other["counts"]["level_1"]["higher"] == 4


def test_who_states_a_published_base_is_kept() -> None:
    sources = [one.source.value for one in published_bases().values()]
    assert {kind: sources.count(kind) for kind in set(sources)} == {
        "stated by the authors": 9, "inferred": 2, "open": 1,
    }  # fmt: skip


def row(hub_id: str, number: int, base: str | None = None, **about: Any) -> Standing:
    return records.standing(
        hub_id, {}, Provenance.MEASURED, Edition.FULL, number=number, base_model=base, domain=Domain.BIOMEDICAL, **about
    )


def named(*rows: Standing) -> dict[str, Standing]:
    return dict(zip(row_names(rows), rows, strict=True))


def test_the_newest_base_of_the_same_engine_comes_first() -> None:
    bases = [row("org/base", n, engine=engine) for n, engine in ((1, "transformers"), (2, "transformers"), (3, "tgi"))]
    general = [replace(one, domain=Domain.GENERAL) for one in bases]
    (pair,), alone = bases_of(named(row("org/med", 9, "ORG/Base"), *general), Provenance.MEASURED, {})
    assert pair.base != "org/base" and len(pair.bases) == 3 and pair.bases[-1] == "org/base" and alone == []
    (pair,), _ = bases_of(named(row("org/med", 9, "org/base"), *general), Provenance.MEASURED, {"org/med": "org/base"})
    assert pair.base == "org/base"


def test_a_model_without_a_base_on_the_board_says_why() -> None:
    _, alone = bases_of(
        named(row("a/none", 1), row("a/self", 2, "a/self"), row("a/far", 3, "b/far")), Provenance.MEASURED, {}
    )
    assert [one.reason.split(".")[0] for one in alone] == [
        "Neither its repository nor its submitter states a base model",
        "It names itself as its base model",
        "Its base model b/far has no row in this view",
    ]


def test_circles_and_endless_lines_of_bases_come_to_an_end() -> None:
    circle = families(named(row("a/one", 1, "a/two"), row("a/two", 2, "a/one"), row("a/self", 3, "a/self")))
    assert [(tree["name"], [child["name"] for child in tree["children"]]) for tree in circle] == [("a/two", ["a/one"])]
    (line,) = families(named(*(row(f"a/{n}", n, f"a/{n + 1}") for n in range(1, 3000))))
    depth = 0
    while line["children"]:
        (line,) = line["children"]
        depth += 1
    assert depth == 20


def test_a_base_that_is_not_on_the_board_heads_its_family() -> None:
    (tree,) = families(named(row("a/one", 1, "Org/Base"), row("a/two", 2, "org/base")))
    assert (tree["on_board"], tree["domain"], len(tree["children"])) == (False, None, 2)
    assert tree["name"].lower() == "org/base"


def test_a_line_that_is_another_result_since_a_restore_has_no_rank_of_the_old_one(ward: Ward) -> None:
    shown = {"1": rows_of(ward)}
    desk = replace(
        ward.board.desk,
        standings=lambda provenance, edition: shown[max(shown)] if edition is Edition.REHEARSAL else [],
        version=lambda: max(shown),
    )
    board = JudgedBoard(desk)
    board.keep_up()
    first, *others = shown["1"]
    assert board.ranges(Edition.REHEARSAL)["mednli"].keys() == {row.number for row in shown["1"]}
    shown["2"] = [replace(first, submission_id="20260101-00000000"), *others]
    assert board.ranges(Edition.REHEARSAL)["mednli"].keys() == {row.number for row in others}
