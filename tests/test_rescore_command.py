"""`rescore` from the command line: what changed is printed, and published only with a reason."""

from dataclasses import replace

import pytest

from frontend_config.rescore_commands import print_rescored
from storage.packed import read_packed, write_packed
from tests.backend.paper.files import write_files
from tests.commands import CommandLine


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home with one published rehearsal on small invented files, whose MedNLI answers were others than it says."""
    data = write_files(tmp_path_factory.mktemp("rehearsal"))
    cli = CommandLine(home=tmp_path_factory.mktemp("home"), settings={"CLUE_REHEARSAL": str(data)})
    submission_id = cli.json("submit", "scripted/silent", "--edition", "rehearsal")["id"]
    done = cli.run("work", "--once")
    assert done.returncode == 0, done.stderr
    path = cli.home / "runs" / submission_id / "mednli.parquet"
    header, predictions = read_packed(path)
    write_packed(path, header, [replace(one, text="entailment") for one in predictions])
    return cli


def ledger(cli: CommandLine) -> bytes:
    return (cli.home / "ledger.jsonl").read_bytes()


def test_a_look_tells_what_changed_and_writes_nothing(cli: CommandLine) -> None:
    before = ledger(cli)
    found = cli.json("rescore", "--json")
    assert (found["submissions"], found["unchanged"], found["skipped"], found["published"]) == (1, 0, [], [])
    assert [(one["task"], one["metric"]) for one in found["changed"]] == [
        ("mednli", "accuracy"),
        ("mednli", "task_score"),
    ]
    assert found["changed"][0]["old"]["value"] == 0 < found["changed"][0]["new"]["value"]
    assert ledger(cli) == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--publish"], "--publish and --reason go together"),
        (["--reason", "a fault"], "--publish and --reason go together"),
        (["nobody"], "Nothing of submission nobody stands published"),
        (["--tasks", "nothing"], "There is no task 'nothing'"),
    ],
    ids=["no reason", "no publish", "unknown submission", "unknown task"],
)
def test_a_request_that_makes_no_sense_is_refused_with_a_sentence(
    cli: CommandLine, options: list[str], says: str
) -> None:
    before = ledger(cli)
    done = cli.run("rescore", *options)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr
    assert ledger(cli) == before


def test_new_numbers_are_published_with_a_reason_and_the_ledger_verifies(cli: CommandLine) -> None:
    done = cli.run("rescore", "--publish", "--reason", "the reading of labels was corrected")
    assert done.returncode == 0, done.stderr
    assert "line 2 takes the place of line 1." in done.stdout and "Nothing was written" not in done.stdout
    assert "2 lines" in cli.run("ledger", "verify").stdout
    assert b'"reason":"the reading of labels was corrected"' in ledger(cli)


def test_old_and_new_are_shown_and_what_was_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    whose = {"submission": "s1", "model": "acme/[bold]tiny", "edition": "full"}
    score = {"value": 41.25, "low": 40.0, "high": 42.5, "n": 9}
    found = {
        "submissions": 3,
        "unchanged": 2,
        "changed": [{**whose, "task": "meqsum", "metric": "rouge_l", "old": None, "new": score}],
        "skipped": [{**whose, "task": "mednli", "reason": "It is gone."}] * 2,
        "published": [],
        "kept": 0,
        "seconds": 1.25,
    }
    print_rescored(found)
    printed = capsys.readouterr().out
    assert "s1 acme/[bold]tiny meqsum rouge_l: – → 41.2500 (40.0000 to 42.5000)\n" in printed
    assert "mednli of 2 left as published: It is gone." in printed
    assert "3 published, 1 with other scores now" in printed and "Nothing was written" in printed
    print_rescored({**found, "published": [{**whose, "supersedes": 1, "line": None}]})
    assert "s1 was withdrawn or replaced meanwhile" in capsys.readouterr().out
