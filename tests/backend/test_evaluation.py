"""One evaluation from prompts to scores: it resumes, it says what is missing and why, and text stays home."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

import pytest

from backend.domain import (
    Access,
    Edition,
    Finish,
    Measure,
    Model,
    ModelSource,
    Prediction,
    Progress,
    Result,
    Score,
    ScoredExample,
    Stage,
    Task,
)
from backend.engines.scripted import ENGINE as SCRIPTED
from backend.errors import ClueError, DataMissing, Halted, UsageError
from backend.evaluation import Evaluation, may_ask
from backend.scoring import Judges, score, visible
from backend.settings import Settings
from tests.backend.asking import changed
from tests.backend.toys import OPERATORS, MemoryJournals, PowerCut, ToyEngine, half, metric, same, toy_task

MODEL = Model(hub_id="acme/tiny", revision="0" * 40)


@dataclass
class Bench:
    """Runs evaluations over the same journals."""

    settings: Settings
    journals: MemoryJournals = field(default_factory=MemoryJournals)
    progress: list[Progress] = field(default_factory=list)
    scored: dict[str, Sequence[ScoredExample]] = field(default_factory=dict)
    report: Callable[[Progress], None] | None = None
    confide: Callable[[], None] = lambda: None

    def run(
        self, toy: ToyEngine, *tasks: Task, edition: Edition = Edition.REHEARSAL, limit: int | None = None
    ) -> Result:
        return Evaluation(
            model=MODEL,
            source=ModelSource(hub_id=MODEL.hub_id, revision=MODEL.revision),
            engine=toy.engine,
            edition=edition,
            tasks=tasks,
            settings=self.settings,
            journal=self.journals.open,
            report=self.report or self.progress.append,
            halt=Event(),
            confide=self.confide,
            scored=lambda task, examples: self.scored.update({task.name: examples}),
            limit=limit,
        ).run()


@pytest.fixture
def bench(settings: Settings) -> Bench:
    return Bench(settings)


@pytest.mark.parametrize("edition", Edition)
def test_it_is_said_before_a_credentialed_text_is_asked_and_never_for_invented_ones(
    bench: Bench, edition: Edition
) -> None:
    asked_before: list[int] = []
    engine = ToyEngine()
    bench.confide = lambda: asked_before.append(len(engine.asked))
    secret, free = toy_task("secret", access=Access.CREDENTIALED), toy_task("free")
    bench.run(engine, free, secret, edition=edition)
    assert asked_before == ([10] if edition is Edition.FULL else [])
    bench.run(engine, free, secret, edition=edition)
    assert len(asked_before) == (edition is Edition.FULL), "what is answered already is given to no model"


def values(scores: Sequence[Score]) -> Mapping[str, float | None]:
    return {one.metric: one.value for one in scores}


def test_right_answers_are_a_hundred_percent_and_the_task_score_is_the_mean_of_its_metrics(bench: Bench) -> None:
    (run,) = bench.run(ToyEngine(), toy_task()).runs
    assert values(run.scores) == {"same": 100.0, "half": 50.0}
    assert run.task_score.value == pytest.approx(75.0)
    assert [run.task_score.low, run.task_score.high] == pytest.approx([75.0, 75.0])
    assert run.dataset_sha256 == "toy-10" and run.facts == {"same_fact": "1", "half_fact": "1"}
    assert [one.example_id for one in bench.scored["toy"]] == [f"sum-{n}" for n in range(10)]
    assert bench.scored["toy"][3] == ScoredExample(
        example_id="sum-3", item="sum-3", cluster="1", answer="6", reference="6", metrics={"same": 1.0, "half": 0.5}
    )


def test_empty_answers_are_zero_and_not_missing(bench: Bench) -> None:
    (run,) = bench.run(ToyEngine(write=lambda prompt: "  "), toy_task()).runs
    assert values(run.scores) == {"same": 0.0, "half": 0.0}
    assert run.task_score.value == 0.0 and run.task_score.missing is None
    assert run.diagnostics is not None and (run.diagnostics.empty, run.diagnostics.answered) == (10, 0)


def test_a_restart_asks_only_what_is_missing(bench: Bench) -> None:
    task = toy_task()
    first = ToyEngine(stop_after=4)
    with pytest.raises(PowerCut):
        bench.run(first, task)
    second = ToyEngine()
    (run,) = bench.run(second, task).runs
    assert len(first.asked) == 4 and first.closed == 1
    assert sorted(first.asked + second.asked) == sorted(f"sum-{n}" for n in range(10))
    assert run.task_score.n == 10 and run.task_score.value == pytest.approx(75.0)


@pytest.mark.parametrize("facts", [{"engine_version": "toy"}, {}])
def test_complete_journals_need_no_model_and_give_the_same_result(bench: Bench, facts: dict[str, str]) -> None:
    first, second = ToyEngine(facts=facts), ToyEngine(facts=facts)
    made = bench.run(first, toy_task(), toy_task("other"))
    assert bench.run(second, toy_task(), toy_task("other")) == made
    assert (first.opened, second.opened) == (1, 0)
    assert facts.items() <= made.manifest.items()


def test_complete_journals_of_two_manifests_are_no_result_before_the_model_is_opened(bench: Bench) -> None:
    bench.run(ToyEngine(facts={"engine_version": "1"}), toy_task())
    bench.run(ToyEngine(facts={"engine_version": "2"}), toy_task("other"))
    third = ToyEngine(facts={"engine_version": "2"})
    bench.run(third, toy_task(), toy_task("other"))
    assert third.opened == 1, "the facts of either would be untrue of the other"


def test_an_engine_that_leaves_a_prompt_unanswered_is_an_error_and_its_answers_stay(bench: Bench) -> None:
    with pytest.raises(ClueError, match="It left 1 prompts unanswered"):
        bench.run(ToyEngine(forgets=frozenset({"sum-4"})), toy_task())
    assert len(next(iter(bench.journals.by_task.values())).kept) == 9


def test_an_answer_that_is_no_text_is_kept_as_what_files_and_tokenizers_take(bench: Bench) -> None:
    bench.run(ToyEngine(write=lambda prompt: "a\ud800\U0001f9ec\udfff"), toy_task(count=2))
    (journal,) = bench.journals.by_task.values()
    assert {one.text for one in journal.kept.values()} == {"a?\U0001f9ec?"}


def test_a_limit_asks_the_first_examples_only_and_stands_in_the_manifest(bench: Bench) -> None:
    toy = ToyEngine()
    result = bench.run(toy, toy_task(), limit=3)
    assert sorted(toy.asked) == ["sum-0", "sum-1", "sum-2"]
    assert result.manifest["limit"] == 3 and result.runs[0].task_score.n == 3


def test_a_task_with_nothing_to_score_has_a_dash_with_a_reason(bench: Bench) -> None:
    (run,) = bench.run(ToyEngine(), toy_task(count=0)).runs
    for one in (*run.scores, run.task_score):
        assert (one.value, one.low, one.n) == (None, None, 0) and one.missing


def test_credentialed_texts_go_to_no_engine_that_sends_them_away_in_edition_full(bench: Bench) -> None:
    away = ToyEngine(keeps_text_home=False)
    secret, free = toy_task("secret", access=Access.CREDENTIALED), toy_task("free")
    first, second = bench.run(away, secret, free, edition=Edition.FULL).runs
    assert len(away.asked) == 10
    assert first.task_score.value is None and "credentialed" in (first.missing or "")
    assert all(one.value is None and one.missing == first.missing for one in first.scores)
    assert second.task_score.value == pytest.approx(75.0)
    with pytest.raises(DataMissing, match="credentialed"):
        bench.run(away, secret, edition=Edition.FULL)


def test_local_models_get_no_credentialed_texts_without_isolation_unless_that_is_accepted_by_name(bench: Bench) -> None:
    toy = ToyEngine(needs_files=True)
    secret, free = toy_task("secret", access=Access.CREDENTIALED), toy_task("free")
    bench.settings = changed(bench.settings, isolation="none")
    first, second = bench.run(toy, secret, free, edition=Edition.FULL).runs
    assert first.task_score.value is None and "from the network" in (first.missing or "") and len(toy.asked) == 10
    assert second.task_score.value == pytest.approx(75.0)
    (rehearsed,) = bench.run(toy, secret).runs
    assert rehearsed.task_score.value == pytest.approx(75.0)
    bench.settings = changed(bench.settings, unisolated_credentialed="none")
    (accepted,) = bench.run(toy, secret, edition=Edition.FULL).runs
    assert accepted.task_score.value == pytest.approx(75.0)


@pytest.mark.parametrize("edition", Edition)
@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("access", Access)
def test_only_credentialed_texts_of_edition_full_stay_home(edition: Edition, keeps: bool, access: Access) -> None:
    refused = edition is Edition.FULL and access is Access.CREDENTIALED and not keeps
    assert may_ask(toy_task(access=access), edition, ToyEngine(keeps_text_home=keeps).engine) is not refused


def test_a_rehearsal_of_a_credentialed_task_may_go_anywhere(bench: Bench) -> None:
    away = ToyEngine(keeps_text_home=False)
    (run,) = bench.run(away, toy_task(access=Access.CREDENTIALED)).runs
    assert run.task_score.value == pytest.approx(75.0)


def test_rules_are_refused_in_edition_full(bench: Bench) -> None:
    scripted = ToyEngine(editions=SCRIPTED.editions)
    with pytest.raises(UsageError, match="never runs edition full"):
        bench.run(scripted, toy_task(), edition=Edition.FULL)
    assert scripted.opened == 0


def test_missing_data_of_one_task_are_its_reason_and_the_others_run(bench: Bench) -> None:
    toy = ToyEngine()
    first, second = bench.run(toy, toy_task("lost", missing="Bring the file."), toy_task()).runs
    assert first.missing == first.task_score.missing == "Bring the file." and first.task_score.value is None
    assert first.diagnostics is None and second.task_score.n == 10


def test_missing_data_of_all_tasks_is_the_operators_fault_and_opens_no_model(bench: Bench) -> None:
    toy = ToyEngine()
    with pytest.raises(DataMissing, match=rf"Bring one\. .*{OPERATORS}.*Bring two\.") as caught:
        bench.run(toy, toy_task("one", missing="Bring one."), toy_task("two", missing="Bring two."))
    assert toy.opened == 0 and caught.value.public == "Bring one. Bring two."


def test_a_missing_metric_leaves_the_others_and_makes_the_task_score_missing(bench: Bench) -> None:
    metrics = [metric("same", same), metric("deep", half, missing="There is no encoder.")]
    (run,) = bench.run(ToyEngine(), toy_task(metrics=metrics)).runs
    assert values(run.scores) == {"same": 100.0, "deep": None}
    assert run.scores[1].missing == "There is no encoder."
    assert run.task_score.value is None and run.task_score.missing == "Deep could not be measured."
    assert bench.scored["toy"][0].metrics == {"same": 1.0, "deep": None}


@pytest.mark.parametrize("missing", [None, "There is no encoder."])
def test_a_metric_that_judges_two_tasks_is_made_ready_once(bench: Bench, missing: str | None) -> None:
    asked: list[Settings] = []
    plain = metric("deep", half, missing)

    def prepare(settings: Settings) -> Measure:
        asked.append(settings)
        return plain.prepare(settings)

    deep = replace(plain, prepare=prepare)
    first, second = bench.run(ToyEngine(), toy_task(metrics=[deep]), toy_task("other", metrics=[deep])).runs
    assert asked == [bench.settings]
    assert first.scores == second.scores and (first.scores[0].missing == missing)


def test_progress_counts_every_answer_and_ends_with_scoring(bench: Bench) -> None:
    bench.run(ToyEngine(), toy_task(), toy_task("other"))
    stages = [(one.stage, one.task, one.done, one.total) for one in bench.progress]
    assert stages[0] == (Stage.LOAD, None, 0, 0)
    assert [done for stage, task, done, _ in stages if (stage, task) == (Stage.PREDICT, "other")] == list(range(11))
    assert stages[-1] == (Stage.SCORE, "other", 0, 10)
    assert {one.task_number for one in bench.progress if one.task == "other"} == {2}


def test_halting_from_the_report_closes_the_model_and_keeps_what_was_answered(bench: Bench) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise Halted("Enough.")

    bench.report = stop
    toy = ToyEngine()
    with pytest.raises(Halted):
        bench.run(toy, toy_task())
    assert toy.closed == 1 and len(next(iter(bench.journals.by_task.values())).kept) == 3


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("neutral", "neutral"),
        ("<think>It is so.</think>neutral", "neutral"),
        ("\n <think>\nentailment?\n</think>\n\nneutral ", "neutral"),
        ("The premise says so.</think> neutral", "neutral"),
        ("<think>It could be neutral or", ""),
        ("<think></think>", ""),
        ("<think></think>\n<think>Is it?</think>\nneutral", "neutral"),
        ("neutral <think>or is it?</think>", "neutral <think>or is it?</think>"),
        ("<think>a</think>b</think>", "b</think>"),
        ("Use <think> as a tag", "Use <think> as a tag"),
        ("", ""),
    ],
)
def test_a_leading_block_of_reasoning_is_no_part_of_the_answer(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_diagnostics_count_each_way_an_answer_can_fail(bench: Bench) -> None:
    task = toy_task(count=7, answer=lambda text, example: text if text.isdigit() else None)
    dataset = task.load(bench.settings.data_dir)
    texts = ["0", "two", "", "<think>it is 6", "<think>8</think>8", "10", ""]
    finishes = [Finish.STOP] * 5 + [Finish.LENGTH, Finish.REFUSED]
    lengths = [1, 2, 0, 5, 4, None, None]
    made = {
        example.id: Prediction(
            example_id=example.id, text=text, finish=finish, output_tokens=length, truncated=number in (1, 5, 6)
        )
        for number, (example, text, finish, length) in enumerate(
            zip(dataset.examples, texts, finishes, lengths, strict=True)
        )
    }
    run, judged = score(task, dataset, made, Judges(bench.settings))
    found = run.diagnostics
    assert found is not None
    assert (found.n, found.answered, found.empty, found.unparsable) == (7, 4, 2, 1)
    assert (found.truncated, found.refused) == (3, 1) and found.output_tokens == pytest.approx(2.4)
    assert [one.answer for one in judged] == ["0", "", "", "", "8", "10", ""]
    assert values(run.scores)["same"] == pytest.approx(100 * 3 / 7)


def test_the_manifest_names_decoding_seed_and_software(bench: Bench) -> None:
    manifest = bench.run(ToyEngine(), toy_task()).manifest
    assert manifest["decoding"] == "greedy" and manifest["engine_version"] == "toy"
    assert {"seed", "python", "transformers", "torch", "numpy", "rapidfuzz"} <= manifest.keys()
