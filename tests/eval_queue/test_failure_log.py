"""The last lines of a model's log help its submitter, and hold no text that may not be shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from backend.domain import Access, DataFile, Edition, Engine, Message, ModelSource, Prompt, Role, Stage
from backend.errors import FailureCode, ModelFault
from backend.redaction import LONGEST_LINE
from backend.settings import Settings
from backend.submission import Status
from eval_queue.failure_log import MOST_LINES, TAIL_BYTES, FailureLog
from frontend_config.queue_payload import surroundings
from frontend_config.submission_payload import whole_submission_payload
from tests.eval_queue.toys import House, ToyModel, toy_engine
from tests.storage.records import toy_task
from tests.sweep import leaks_in

CANARY = "CANARY-TEXT"
STAYS = "stays with the operator"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def write(log: FailureLog, text: str) -> None:
    log.path.parent.mkdir(parents=True, exist_ok=True)
    with log.path.open("a", encoding="utf-8") as out:
        out.write(text)


def test_only_what_this_attempt_wrote_is_shown_and_the_attempt_is_named(folder: Path) -> None:
    write(FailureLog(folder, 1), "of the first attempt\n")
    second = FailureLog(folder, 2)
    assert second.excerpt() == "The model's process wrote nothing to its log in attempt 2."
    write(second, "of the second\n\nand its end")
    assert second.excerpt().split("\n") == [
        "Last lines of the model's log, attempt 2",
        "of the second",
        "and its end",
    ]


def test_the_last_lines_are_few_and_short(folder: Path) -> None:
    log = FailureLog(folder, 1)
    write(log, "".join(f"line {number} {'x ' * 400}\n" for number in range(100)))
    _, *lines = log.excerpt().split("\n")
    assert len(lines) == MOST_LINES and all(len(line) <= LONGEST_LINE for line in lines)
    assert lines[-1].startswith("line 99 ")


def test_a_line_without_an_end_is_not_read_from_its_middle(folder: Path) -> None:
    log = FailureLog(folder, 1)
    write(log, f"hf_{'a1' * TAIL_BYTES}\nthe end\n")
    assert log.excerpt().split("\n")[1:] == ["the end"]


def test_nothing_is_shown_while_the_machine_holds_texts_that_a_model_could_read_from_its_disk(folder: Path) -> None:
    log = FailureLog(folder, 1, guarded=True)
    write(log, CANARY)
    assert STAYS in log.excerpt() and CANARY not in log.excerpt()


def test_a_log_that_cannot_be_read_is_a_sentence(folder: Path) -> None:
    log = FailureLog(folder, 3)
    log.path.mkdir(parents=True)
    assert log.excerpt() == "The model's log of attempt 3 could not be read."


def test_nothing_is_shown_any_more_once_the_model_was_given_a_confidential_text(folder: Path) -> None:
    log = FailureLog(folder, 1)
    write(log, "before\n")
    log.confide()
    assert STAYS in log.excerpt() and "before" not in log.excerpt()
    later = FailureLog(folder, 2)
    write(later, f"{CANARY}\n")
    assert STAYS in later.excerpt() and CANARY not in later.excerpt()


def loose_engine(fails_at: str) -> Engine:
    """An engine whose process, as a hostile template would, writes every prompt to its standard error."""

    def answer(prompt: Prompt, halt: Event) -> str:
        assert log is not None
        with log.open("a", encoding="utf-8") as out:
            out.write("".join(f"{message.content}\n" for message in prompt.messages))
        if prompt.example_id == fails_at:
            raise ModelFault(FailureCode.TEMPLATE_ERROR)
        return "yes"

    log: Path | None = None

    @contextmanager
    def opened(source: ModelSource, settings: Settings, halt: Event) -> Iterator[ToyModel]:
        nonlocal log
        log = source.log
        assert log is not None
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("weights are loaded\n", encoding="utf-8")
        yield ToyModel(answer, halt, [])

    return replace(toy_engine(), open=opened)


def house_with_a_canary(home: Path) -> House:
    """An open task, then a credentialed one whose prompts hold the canary."""
    secret = toy_task("secret", access=Access.CREDENTIALED)
    asked = replace(
        secret,
        ask=lambda example, window: Prompt(
            example_id=example.id,
            messages=(Message(Role.USER, f"{CANARY} of {example.id} and {example.fields['question']}"),),
            max_new_tokens=8,
        ),
    )
    return House(home, tasks=[toy_task("free"), asked])


def log_of(house: House, submission_id: str) -> str:
    return house.found(submission_id).failure_log or ""


def test_a_failure_before_any_credentialed_task_shows_its_log(tmp_path: Path) -> None:
    house = house_with_a_canary(tmp_path)
    submission_id = house.submit(edition=Edition.FULL)
    house.worker(loose_engine("free-1")).run_next()
    assert log_of(house, submission_id).split("\n") == [
        "Last lines of the model's log, attempt 1",
        "weights are loaded",
        "question 0?",
        "question 1?",
    ]
    found = house.found(submission_id)
    assert found.progress and (found.progress.done, found.progress.total) == (1, 3), "the item it stopped at is kept"


def test_a_rehearsals_log_is_shown_whole_for_all_of_it_is_invented(tmp_path: Path) -> None:
    house = house_with_a_canary(tmp_path)
    submission_id = house.submit(edition=Edition.REHEARSAL)
    house.worker(loose_engine("secret-1")).run_next()
    assert f"{CANARY} of secret-1" in log_of(house, submission_id)


def test_a_credentialed_text_that_a_model_prints_reaches_no_surface(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = house_with_a_canary(tmp_path)
    submission_id = house.submit(edition=Edition.FULL)
    for attempt in (1, 2):
        house.worker(loose_engine("secret-1")).run_next()
        found = house.found(submission_id)
        assert (found.status, found.failure_code) == (Status.FAILED, FailureCode.TEMPLATE_ERROR), attempt
        assert found.failure_stage is Stage.PREDICT and STAYS in log_of(house, submission_id)
        told = whole_submission_payload(
            found, surroundings([found], [], {}, {}), house.submissions.events(submission_id)
        )
        assert CANARY not in str(told) and CANARY not in caplog.text
        house.queue.retry(submission_id, found.submitter)
    assert leaks_in(tmp_path) == []
    private = {tmp_path / "runs" / submission_id / "model.log"}
    assert all(CANARY in path.read_text() for path in private)
    spread = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert set(spread) == private


@pytest.mark.parametrize(("place", "shown"), [("", False), ("elsewhere", True)])
def test_where_a_credentialed_file_is_installed_no_log_is_shown_even_of_a_rehearsal(
    tmp_path: Path, place: str, shown: bool
) -> None:
    file = DataFile(name="secret.csv", places=(".",), obtain="Ask for it.")
    house = House(tmp_path, tasks=[replace(toy_task("secret", access=Access.CREDENTIALED), file=file)])
    installed = house.settings.data_dir / place / file.name
    installed.parent.mkdir(parents=True)
    installed.touch()
    submission_id = house.submit(edition=Edition.REHEARSAL)
    house.worker(loose_engine("secret-1")).run_next()
    assert ("weights are loaded" in log_of(house, submission_id)) is shown
    assert (STAYS in log_of(house, submission_id)) is not shown
