"""scispaCy's own linker, in its own process, over a small invented knowledge base; and everything that may be amiss."""

import gc
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.bench.scoring import ONE_BY_ONE
from backend.domain import Measure
from backend.errors import Halted, MetricUnavailable
from backend.halting import halting_when
from backend.metrics.umls import FILES, UMLS_F1, umls_f1
from backend.metrics.umls_process import BATCH, CHILD, UmlsLinker
from backend.settings import Settings
from tests.umls import PROJECT, umls_python

SECRET = "the lady in bed seven"


@pytest.fixture(scope="module")
def linker(umls_folder: Path) -> UmlsLinker:
    return UmlsLinker(umls_python(), parts(umls_folder), load_seconds=120, answer_seconds=120)


def parts(folder: Path) -> dict[str, Path]:
    files = {part: next(folder.rglob(pattern)) for part, pattern in FILES.items()}
    return {"model": next(folder.rglob("config.cfg")).parent, **files}


@pytest.fixture
def spoiled(umls_folder: Path, tmp_path: Path) -> Path:
    """A copy of the files that a test may do anything to."""
    return Path(shutil.copytree(umls_folder, tmp_path / "umls"))


def reason(settings: Settings) -> str:
    """Why UMLS F1 cannot be had with these settings, when it is prepared or when it is first used."""
    with pytest.raises(MetricUnavailable) as caught:
        UMLS_F1.prepare(settings)([SECRET], [SECRET])
    assert SECRET not in str(caught.value) and str(settings.umls) not in str(caught.value)
    return str(caught.value)


def script(path: Path, body: str) -> Path:
    """A program that stands in for the interpreter."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("A heart attack.", {"C9000001"}),
        ("Heart attacks", {"C9000001"}),  # not an alias; near enough to one
        ("myocardial infarction after a heart attack", {"C9000001"}),
        ("gout and high blood pressure", {"C9000003", "C9000002"}),
        ("a cold", {"C9000005"}),  # two concepts fit equally: the first by identifier
        ("ringing ears", {"C9000007"}),
        ("ringing in one ear", set()),  # near to an alias, but a concept without a definition must be nearer
        ("Märchenfieber", {"C9000008"}),
        ("q", set()),  # a mention without one trigram
        ("zzz", set()),  # a mention near to nothing
        ("the weather", set()),
        ("", set()),
        (" \n\t\u00a0", set()),
    ],
)
def test_mentions_become_concepts_as_the_table_says(linker: UmlsLinker, text: str, concepts: set[str]) -> None:
    assert linker.concepts([text])[text] == concepts


@pytest.mark.parametrize(
    ("answer", "reference", "f1"),
    [
        ("heart attack, gout", "gout, myocardial infarction", 1),
        ("heart attack", "heart attack, gout", 2 / 3),  # P 1, R 1/2
        ("heart attack, gout, pneumonia", "gout", 1 / 2),  # P 1/3, R 1
        ("heart attack, gout", "gout, pneumonia", 1 / 2),
        ("gout, gout, gout, pneumonia", "gout", 2 / 3),
        ("pneumonia", "gout", 0),
        ("", "gout", 0),
        ("gout", "", 0),
        ("the weather", "the weather", 0),
    ],
)
def test_f1_is_as_computed_by_hand(linker: UmlsLinker, answer: str, reference: str, f1: float) -> None:
    assert umls_f1(linker, [answer], [reference]) == [pytest.approx(f1)]


def test_more_texts_than_fit_a_batch_come_back_in_their_places(linker: UmlsLinker) -> None:
    answers = [f"{'gout' if number % 3 else 'pneumonia'} number {number}" for number in range(3 * BATCH + 1)]
    assert umls_f1(linker, answers, ["gout"] * len(answers)) == [
        float(number % 3 > 0) for number in range(len(answers))
    ]
    assert set(linker.concepts(answers * 2)) == set(answers)


def test_what_was_linked_lately_is_not_linked_again(umls_folder: Path) -> None:
    linker = UmlsLinker(umls_python(), parts(umls_folder), load_seconds=120, answer_seconds=120)
    before = linker.concepts(["gout and a cold", "pneumonia"])
    os.kill(linker.pid, signal.SIGKILL)
    assert linker.concepts(["pneumonia", "gout and a cold"]) == before


def test_a_linker_that_is_told_to_stop_ends_with_its_process(umls_settings: Settings, tmp_path: Path) -> None:
    silent = script(tmp_path / "python", "exec sleep 600")
    before = set(psutil.Process().children())
    with halting_when(lambda: True), pytest.raises(Halted):
        UMLS_F1.prepare(umls_settings.model_copy(update={"umls_python": silent}))
    assert set(psutil.Process().children()) == before


def test_texts_together_have_the_concepts_they_have_one_by_one(umls_folder: Path) -> None:
    texts = ["gout, a cold, q", "heart attacks in a cold", "zzz", "", "ringing in one ear or ringing ears", "gout"]
    together, alone = (
        UmlsLinker(umls_python(), parts(umls_folder), load_seconds=120, answer_seconds=120, child=child)
        for child in (CHILD, ONE_BY_ONE)
    )
    assert together.concepts(texts) == alone.concepts(texts)


def test_the_metric_measures_with_what_the_settings_name(umls_settings: Settings) -> None:
    measure = UMLS_F1.prepare(umls_settings)
    assert list(measure(["gout", "a cold"], ["gouty arthritis? gout", "gout"])) == [1.0, 0.0]
    assert list(measure([], [])) == []
    with pytest.raises(ValueError):
        measure(["gout", "gout"], ["gout"])


def test_the_manifest_has_versions_and_digests(umls_settings: Settings) -> None:
    facts = UMLS_F1.facts(umls_settings)
    assert facts["umls_model"] == "en_core_sci_sm 0.5.4"
    assert facts["umls_knowledge_base"] == "umls_2022_ab_cat0129.jsonl"
    assert (facts["umls_scispacy"], facts["umls_spacy"], facts["umls_scikit_learn"]) == ("0.6.2", "3.7.5", "1.4.2")
    assert all(len(facts[f"umls_{part}_sha256"]) == 64 for part in FILES)


def test_the_manifest_says_nothing_where_it_is_not_installed(umls_settings: Settings, tmp_path: Path) -> None:
    assert UMLS_F1.facts(Settings()) == {}
    assert UMLS_F1.facts(umls_settings.model_copy(update={"umls": tmp_path})) == {}
    assert UMLS_F1.facts(umls_settings.model_copy(update={"umls_python": Path(sys.executable)})) == {}


@pytest.mark.parametrize("missing", ["umls", "umls_python"])
def test_without_its_settings_the_reason_says_what_to_set(umls_settings: Settings, missing: str) -> None:
    said = reason(umls_settings.model_copy(update={missing: None}))
    assert "CLUE_UMLS names" in said and "CLUE_UMLS_PYTHON" in said and "requirements-umls.txt" in said


def test_settings_that_name_nothing_are_a_reason(umls_settings: Settings, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert reason(umls_settings.model_copy(update={"umls": nowhere})) == "CLUE_UMLS does not name a folder."
    assert "CLUE_UMLS_PYTHON does not name" in reason(umls_settings.model_copy(update={"umls_python": nowhere}))


def test_files_named_as_scispacy_s_cache_names_them_are_found(umls_settings: Settings, spoiled: Path) -> None:
    cache = spoiled / "datasets"
    cache.mkdir()
    for pattern in FILES.values():
        path = next(spoiled.rglob(pattern))
        name = f"{'0f' * 32}.{'a1' * 32}.{path.name}"
        path.rename(cache / name)
        (cache / f"{name}.json").write_text("{}")
    settings = umls_settings.model_copy(update={"umls": spoiled})
    assert list(UMLS_F1.prepare(settings)(["gout"], ["gout"])) == [1.0]


@pytest.mark.parametrize("pattern", ["config.cfg", *FILES.values()])
def test_a_file_that_is_missing_or_there_twice_is_a_reason(
    umls_settings: Settings, spoiled: Path, pattern: str
) -> None:
    settings = umls_settings.model_copy(update={"umls": spoiled})
    path = next(spoiled.rglob(pattern))
    (spoiled / "again").mkdir()
    shutil.copy(path, spoiled / "again" / path.name)
    assert f"exactly one file {pattern} in it, at any depth; it has 2" in reason(settings)
    for double in list(spoiled.rglob(pattern)):
        double.unlink()
    assert f"exactly one file {pattern} in it, at any depth; it has 0" in reason(settings)


@pytest.mark.parametrize("pattern", ["config.cfg", *(FILES[part] for part in FILES if part != "index")])
def test_a_file_that_cannot_be_read_is_a_reason(umls_settings: Settings, spoiled: Path, pattern: str) -> None:
    next(spoiled.rglob(pattern)).write_bytes(SECRET.encode())
    said = reason(umls_settings.model_copy(update={"umls": spoiled}))
    assert said.startswith("The UMLS linker failed: ") and "bring its files anew" in said


def test_an_index_that_brings_the_process_down_is_a_reason(umls_settings: Settings, spoiled: Path) -> None:
    next(spoiled.rglob(FILES["index"])).write_bytes(b"\xff" * 100)
    assert reason(umls_settings.model_copy(update={"umls": spoiled})).startswith("The UMLS linker failed: ")


def test_files_of_different_releases_are_a_reason(umls_settings: Settings, spoiled: Path) -> None:
    base = next(spoiled.rglob(FILES["knowledge_base"]))
    base.write_text("".join(line for line in base.read_text().splitlines(keepends=True) if "Gout" not in line))
    assert "FilesDisagree" in reason(umls_settings.model_copy(update={"umls": spoiled}))


def test_fewer_aliases_than_the_index_has_are_a_reason(umls_settings: Settings, spoiled: Path) -> None:
    aliases = next(spoiled.rglob(FILES["aliases"]))
    aliases.write_text(json.dumps(json.loads(aliases.read_text())[1:]))
    assert "FilesDisagree" in reason(umls_settings.model_copy(update={"umls": spoiled}))


def test_a_vectorizer_without_its_weights_is_a_reason(umls_settings: Settings, spoiled: Path) -> None:
    """As a newer scikit-learn reads the published one: it would go on and find other concepts."""
    path = next(spoiled.rglob(FILES["vectorizer"]))
    code = "import joblib, sys; v = joblib.load(sys.argv[1]); del v._tfidf._idf_diag; joblib.dump(v, sys.argv[1])"
    subprocess.run([umls_python(), "-I", "-c", code, path], check=True)
    assert "FilesDisagree" in reason(umls_settings.model_copy(update={"umls": spoiled}))


class Caller:
    """Unpickled, it reaches for the network, as scispaCy does for files that it is not given."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return socket.create_connection, (("127.0.0.1", self._port),)


def test_it_never_reaches_for_the_network(umls_settings: Settings, spoiled: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        next(spoiled.rglob(FILES["vectorizer"])).write_bytes(pickle.dumps(Caller(server.getsockname()[1])))
        assert "PermissionError" in reason(umls_settings.model_copy(update={"umls": spoiled}))
        with pytest.raises(BlockingIOError):
            server.accept()


def test_an_interpreter_without_scispacy_is_a_reason(umls_settings: Settings) -> None:
    assert "ModuleNotFoundError" in reason(umls_settings.model_copy(update={"umls_python": Path(sys.executable)}))


def test_a_file_that_is_no_program_is_a_reason(umls_settings: Settings, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    said = reason(umls_settings.model_copy(update={"umls_python": text}))
    assert said == "The interpreter in CLUE_UMLS_PYTHON cannot be started (PermissionError)."


READY = "read files; echo '{\"ready\": true}'; "


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("exit 3", "its process ended early"),
        ("read files; echo rubbish", "it wrote something unreadable"),
        ("read files; echo '[]'", "it wrote something unreadable"),
        (READY + "read texts; exit 1", "its process ended early"),
        (READY + 'read texts; echo "$texts"', "it wrote something unreadable"),
        (READY + "read texts; echo '{\"concepts\": [[], []]}'", "it wrote something unreadable"),
        (READY + 'read texts; echo "$texts" >&2; kill -11 $$', "its process ended early"),
    ],
)
def test_a_process_that_misbehaves_is_a_reason_without_a_word_of_any_text(
    umls_settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str], body: str, why: str
) -> None:
    rogue = script(tmp_path / "python", body)
    assert reason(umls_settings.model_copy(update={"umls_python": rogue})) == f"The UMLS linker failed: {why}."
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("body", "timeout"), [("", "load_timeout"), (READY, "answer_timeout")])
def test_a_process_that_says_nothing_is_a_reason(
    umls_settings: Settings, tmp_path: Path, body: str, timeout: str
) -> None:
    silent = script(tmp_path / "python", body + "exec sleep 600")
    before = set(psutil.Process().children())
    said = reason(umls_settings.model_copy(update={"umls_python": silent, timeout: 0.2}))
    assert said == f"The UMLS linker failed: it took longer than CLUE_{timeout.upper()} allows."
    assert set(psutil.Process().children()) == before


def test_a_process_that_was_killed_stays_a_reason(umls_folder: Path) -> None:
    linker = UmlsLinker(umls_python(), parts(umls_folder), load_seconds=120, answer_seconds=120)
    os.kill(linker.pid, signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(MetricUnavailable, match="its process ended early"):
            linker.concepts(["gout"])


def test_the_process_is_gone_when_the_measure_is(umls_settings: Settings) -> None:
    before = set(psutil.Process().children())
    measure: Measure | None = UMLS_F1.prepare(umls_settings)
    (child,) = set(psutil.Process().children()) - before
    assert measure is not None and list(measure(["gout"], ["gout"])) == [1.0] and child.is_running()
    measure = None
    gc.collect()
    assert not child.is_running()


def test_the_process_is_gone_when_its_parent_was_killed(umls_settings: Settings) -> None:
    code = (
        "import sys, time, psutil; from pathlib import Path; from backend.metrics.umls import UMLS_F1; "
        "from backend.settings import Settings; "
        "measure = UMLS_F1.prepare(Settings(umls=Path(sys.argv[1]), umls_python=Path(sys.argv[2]))); "
        "print(psutil.Process().children()[0].pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, umls_settings.umls or "", umls_settings.umls_python or ""]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(60)
    assert not child.is_running()


def test_the_process_sees_no_secret_of_ours(
    umls_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_TOKEN", "CLUE_ENDPOINT_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    seen = tmp_path / "seen"
    reason(umls_settings.model_copy(update={"umls_python": script(tmp_path / "python", f"env > '{seen}'")}))
    assert SECRET not in seen.read_text() and "PATH=" in seen.read_text()
