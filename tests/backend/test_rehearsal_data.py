"""Rehearsal folders are whole, marked, invented to the last word, and the same everywhere."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from backend.datasets.rehearsal import (
    CANARIES,
    MARKER,
    Scale,
    is_synthetic,
    rehearsal_folder,
    write_notes,
    write_rehearsal,
)
from backend.errors import OperatorFault, UsageError
from tests.backend import rehearsal_files as files

# What generator version 1 writes, at small scale. A change here needs another VERSION, or homes keep the old files.
DIGESTS = {
    "mednli/mli_test_v1.jsonl": "09e861892ec55d07",
    "MeQSum/MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx": "7b670cf9714fd6cb",
    "bionlp-workshop-2023-task-1a/BioNLP2023-1A-Test.csv": "8062d01f630fe946",
    "longhealth/benchmark_v5.json": "672535e88b8404b0",
    "medisumqa/MeDiSumQA.jsonl": "9ba681010a364675",
    "medisumcode/medisumcode.jsonl": "3c90b0a279225ec1",
    "mimic-iv-note/discharge.csv": "898a4081d8560bd0",
    "mimiciv/diagnoses_icd.csv.gz": "f5de36ad99900958",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal")
    write_rehearsal(folder, Scale.SMALL)
    return folder


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal-full")
    write_rehearsal(folder, Scale.FULL)
    return folder


def content_digest(path: Path) -> str:
    """Of what is in the file, since compressors differ from one version of zlib to the next."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    if path.suffix == ".xlsx":
        content = json.dumps(files.read_sheet(path)).encode()
    return hashlib.sha256(content).hexdigest()


def test_the_files_are_those_of_this_generator_version(small: Path) -> None:
    assert {place: content_digest(small / place)[:16] for place in files.FILES} == DIGESTS


def test_two_writes_are_equal_to_the_byte(small: Path, tmp_path: Path) -> None:
    write_rehearsal(tmp_path, Scale.SMALL)
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {Path(place) for place in (*files.FILES, MARKER)}
    assert all((tmp_path / path).read_bytes() == (small / path).read_bytes() for path in written)


def test_no_clock_is_in_the_compressed_files(small: Path) -> None:
    with zipfile.ZipFile(small / files.MEQSUM) as book:
        written = set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+", book.read("docProps/core.xml").decode()))
        assert {part.date_time[0] for part in book.infolist()} == {1980} and written == {"2150-01-01T00:00:00"}
    assert (small / files.DIAGNOSES).read_bytes()[4:8] == bytes(4)


def test_the_marker_says_what_the_files_are(small: Path, tmp_path: Path) -> None:
    assert is_synthetic(small) and not is_synthetic(tmp_path)
    text = (small / MARKER).read_text()
    assert "invented" in text and "generator: " in text and "scale: small" in text


def test_full_scale_has_the_row_counts_of_the_published_files(full: Path) -> None:
    patients = json.loads((full / files.LONGHEALTH).read_text())
    letters = files.read_lines(full / files.MEDISUMCODE)
    assert len(files.read_lines(full / files.MEDNLI)) == 1_422
    assert len(files.read_sheet(full / files.MEQSUM)) == 1_001
    assert len(files.read_table(full / files.PROBLEM_SUMMARY)) == 237
    assert [len(patient["questions"]) for patient in patients.values()] == [20] * 20
    assert len(files.read_lines(full / files.MEDISUMQA)) == 416
    assert len(letters) == len({letter["hadm_id"] for letter in letters}) == 500


def test_small_scale_has_24_to_50_items_a_task(small: Path) -> None:
    patients = json.loads((small / files.LONGHEALTH).read_text())
    items = {
        place: len(files.read_lines(small / place)) for place in (files.MEDNLI, files.MEDISUMQA, files.MEDISUMCODE)
    }
    items[files.MEQSUM] = len(files.read_sheet(small / files.MEQSUM)) - 1
    items[files.PROBLEM_SUMMARY] = len(files.read_table(small / files.PROBLEM_SUMMARY))
    items[files.LONGHEALTH] = sum(len(patient["questions"]) for patient in patients.values())
    assert all(24 <= count <= 50 for count in items.values()), items


def test_full_scale_repeats_no_inquiry_no_premise_and_no_name(full: Path) -> None:
    rows = files.read_sheet(full / files.MEQSUM)[1:]
    pairs = files.read_lines(full / files.MEDNLI)
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == 1_000
    assert len({pair["sentence1"] for pair in pairs}) == 474 and len({pair["pairID"] for pair in pairs}) == 1_422


def test_full_scale_records_are_as_long_as_the_published_ones(full: Path) -> None:
    patients = json.loads((full / files.LONGHEALTH).read_text())
    texts = [list(patient["texts"].values()) for patient in patients.values()]
    lengths = [sum(files.words(text) for text in record) for record in texts]
    assert sum(len(record) for record in texts) == 133 and {len(record) for record in texts} >= {2, 13}
    assert all(5_000 <= length <= 6_760 for length in lengths)
    assert 820_000 < sum(len(text) for record in texts for text in record) < 920_000


def test_credentialed_files_carry_their_canary_and_no_other_file_does(small: Path) -> None:
    homes = {
        "mednli": {files.MEDNLI},
        "problem_summary": {files.PROBLEM_SUMMARY},
        "medisumqa": {files.MEDISUMQA},
        "medisumcode": {files.MEDISUMCODE, files.DISCHARGE},
    }
    texts = files.all_texts(small)
    for task, canary in CANARIES.items():
        carriers = {place: sum(canary in text for text in texts[place]) for place in texts}
        assert {place for place, count in carriers.items() if count} == homes[task]
        assert all(carriers[place] >= 3 for place in homes[task])


def test_canaries_stand_in_free_text_references_and_in_no_label_or_code(small: Path) -> None:
    summaries = [row["Summary"] for row in files.read_table(small / files.PROBLEM_SUMMARY)]
    answers = [record["Answer"] for record in files.read_lines(small / files.MEDISUMQA)]
    labels = {record["gold_label"] for record in files.read_lines(small / files.MEDNLI)}
    codes = [code for record in files.read_lines(small / files.MEDISUMCODE) for code in record["icd_codes"]]
    assert 2 <= sum(CANARIES["problem_summary"] in summary for summary in summaries) <= len(summaries) / 5
    assert 2 <= sum(CANARIES["medisumqa"] in answer for answer in answers) <= len(answers) / 5
    assert labels == {"entailment", "neutral", "contradiction"} and "CANARY" not in json.dumps(codes)


@pytest.mark.parametrize("scale", ["small", "full"])
def test_no_year_of_our_time_and_no_gap_of_a_template_is_left(scale: str, request: pytest.FixtureRequest) -> None:
    stray = re.compile(r"\b(19\d\d|20\d\d|21[0-4]\d)\b|[‹›]")
    for place, texts in files.all_texts(request.getfixturevalue(scale)).items():
        prose = [text for text in texts if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)]
        found = [match.group() for match in map(stray.search, prose) if match]
        years = re.findall(r"\b(\d{4})-\d\d?-\d|/(\d{4})\b", "\n".join(prose))
        assert not found, (place, found[:5])
        assert all(2150 <= int(dashed or slashed) <= 2199 for dashed, slashed in years), place


@pytest.mark.parametrize("scale", ["small", "full"])
def test_ids_are_outside_the_real_ranges(scale: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(scale)
    notes = files.read_table(folder / files.DISCHARGE)
    diagnoses = files.read_table(folder / files.DIAGNOSES)
    assert all(int(row["subject_id"]) >= 19_000_001 and int(row["hadm_id"]) >= 29_000_001 for row in notes + diagnoses)
    numbers = [int(row["File ID"].removesuffix(".txt")) for row in files.read_table(folder / files.PROBLEM_SUMMARY)]
    assert numbers == list(range(900_000, 900_000 + len(numbers)))


def test_notes_of_any_number_are_written_without_holding_them(tmp_path: Path) -> None:
    write_notes(tmp_path / "warm", 100)
    tracemalloc.start()
    write_notes(tmp_path / "many", 500)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = (tmp_path / "many" / files.DISCHARGE).stat().st_size
    assert size > 4_000_000 and peak < size / 4
    assert is_synthetic(tmp_path / "many") and len(files.read_table(tmp_path / "many" / files.DISCHARGE)) == 500


def test_notes_are_as_long_as_real_ones(tmp_path: Path) -> None:
    write_notes(tmp_path, 600)
    lengths = [files.words(row["text"]) for row in files.read_table(tmp_path / files.DISCHARGE)]
    assert 1_650 < sum(lengths) / len(lengths) < 1_900
    assert sum(600 <= length <= 2_500 for length in lengths) / len(lengths) > 0.8


def test_a_folder_that_may_hold_real_data_is_not_written_into(tmp_path: Path) -> None:
    real = tmp_path / files.MEDNLI
    real.parent.mkdir()
    real.write_text("{}")
    with pytest.raises(UsageError, match="not marked as invented"):
        write_rehearsal(tmp_path, Scale.SMALL)
    with pytest.raises(UsageError, match="not marked as invented"):
        write_notes(tmp_path, 3)
    assert real.read_text() == "{}" and not is_synthetic(tmp_path)


def test_the_home_gets_its_rehearsal_folder_once(tmp_path: Path, small: Path) -> None:
    folder = rehearsal_folder(tmp_path / "home")
    assert folder == tmp_path / "home" / "rehearsal" and is_synthetic(folder)
    assert all((folder / place).read_bytes() == (small / place).read_bytes() for place in files.FILES)
    before = (folder / MARKER).stat().st_mtime_ns
    assert rehearsal_folder(tmp_path / "home") == folder and (folder / MARKER).stat().st_mtime_ns == before


def test_what_another_generator_wrote_is_replaced_whole(tmp_path: Path) -> None:
    old = tmp_path / "rehearsal"
    (old / "mednli").mkdir(parents=True)
    (old / "mednli" / "outdated.jsonl").write_text("{}")
    (old / MARKER).write_text("Everything in this folder is invented.\ngenerator: 0\nscale: small\n")
    assert rehearsal_folder(tmp_path) == old
    assert {path.name for path in (old / "mednli").iterdir()} == {Path(files.MEDNLI).name}
    assert {path.name for path in tmp_path.iterdir()} == {"rehearsal", "rehearsal.lock"}


@pytest.mark.parametrize("as_file", [False, True])
def test_something_else_in_the_folders_place_is_left_alone(as_file: bool, tmp_path: Path) -> None:
    other = tmp_path / "rehearsal" if as_file else tmp_path / "rehearsal" / "thesis.txt"
    other.parent.mkdir(exist_ok=True)
    other.write_text("years of work")
    with pytest.raises(OperatorFault, match="Move it away"):
        rehearsal_folder(tmp_path)
    assert other.read_text() == "years of work"


def test_several_processes_may_ask_for_the_folder_at_once(tmp_path: Path, small: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from backend.datasets.rehearsal import rehearsal_folder\n"
        "print(sum(path.stat().st_size for path in rehearsal_folder(Path(sys.argv[1])).rglob('*') if path.is_file()))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    sizes = {racer.communicate()[0].strip() for racer in racers}
    assert all(racer.returncode == 0 for racer in racers)
    assert sizes == {str(sum((small / place).stat().st_size for place in (*files.FILES, MARKER)))}
    assert {path.name for path in tmp_path.iterdir()} == {"rehearsal", "rehearsal.lock"}
