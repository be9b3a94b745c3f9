"""Problem Summary's table is read by its columns' names, in every spelling, and refused by row without its text."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.problem_summary import PROBLEM_SUMMARY, read_problem_summary
from backend.datasets.rehearsal import MARKER
from backend.domain import Message, Window
from backend.errors import DataMissing
from backend.tasks.problem_summary import TASK, problems

TEST_HEADER = ("File ID", "Subjectives", "Objectives", "Assessment", "Summary")
TRAIN_HEADER = ("File ID", "Assessment", "Summary", "Subjective Sections", "Objective Sections")
REMEDY = r"physionet\.org/content/bionlp-workshop-2023-task-1a/2\.0\.0"
SECRET = "the secret sentence"
WIDE = Window(None, lambda messages: 0)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))

Row = Mapping[str, str]


def row(number: int, **changed: str) -> dict[str, str]:
    """An invented note under the test file's headings."""
    return {
        "File ID": f"9{number:05}.txt",
        "Subjectives": f'Chief Complaint: cough, "worse"\n24 Hour Events:\n- seen on [**2151-3-4**] {{{number}}}',
        "Objectives": "T 38.2\tHR 104",
        "Assessment": f"{number} yo with cough, <3 days & fever.",
        "Summary": f"Pneumonia {number};  COPD ;",
        **changed,
    }


def table(rows: Sequence[Row], header: Sequence[str] = TEST_HEADER, names: Sequence[str] = (), end: str = "\n") -> str:
    """The rows under these columns, which may be called by other names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(names or header)
    writer.writerows([each[column] for column in header] for each in rows)
    return out.getvalue()


def save(folder: Path, content: str | bytes, name: str = PROBLEM_SUMMARY.name) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rehearse(folder: Path, *rows: Row) -> Path:
    """The folder holds these notes, marked as invented: any number will do."""
    (folder / MARKER).write_text("")
    save(folder, table(rows))
    return folder


@given(
    cells=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=5),
    header=st.permutations(TEST_HEADER),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    blank=st.sampled_from(["", "\n", "\n,,,,\n"]),
)
def test_every_cell_is_read_whatever_the_order_of_columns_and_the_line_ends(
    cells: list[tuple[str, ...]], header: list[str], end: str, mark: str, blank: str
) -> None:
    rows = [dict(zip(TEST_HEADER, (f"{number}.txt", *texts), strict=True)) for number, texts in enumerate(cells)]
    with TemporaryDirectory() as folder:
        content = mark + table(rows, header).replace("\n", end) + blank.replace("\n", end)
        found = read_problem_summary(save(Path(folder), content))
    kept = ("File ID", "Subjectives", "Assessment", "Summary")
    assert found == [{name: each[name].strip() for name in kept} for each in rows]


def test_the_training_files_headings_and_a_compressed_file_are_no_matter(tmp_path: Path) -> None:
    rows = [row(number) for number in range(3)]
    plain = read_problem_summary(save(tmp_path, table(rows)))
    ordered = ("File ID", "Assessment", "Summary", "Subjectives", "Objectives")
    assert read_problem_summary(save(tmp_path, table(rows, ordered, TRAIN_HEADER))) == plain
    shouted = [f" {name.upper()}" for name in TEST_HEADER]
    assert read_problem_summary(save(tmp_path, table(rows, names=shouted))) == plain
    packed = save(tmp_path, gzip.compress(table(rows).encode()), f"{PROBLEM_SUMMARY.name}.gz")
    assert read_problem_summary(packed) == plain


@pytest.mark.parametrize("place", PROBLEM_SUMMARY.places)
def test_237_notes_are_read_and_234_scored_in_each_place(tmp_path: Path, place: str) -> None:
    save(tmp_path / place, table([row(number) for number in range(237)]))
    dataset = TASK.load(tmp_path)
    assert (dataset.rows, len(dataset.examples), dataset.anomalies) == (237, 234, ())
    assert [shot.id for shot in dataset.examples[0].shots] == ["note-900168.txt", "note-900087.txt", "note-900179.txt"]
    assert dataset.examples[0].reference == "Pneumonia 0; COPD"


@pytest.mark.parametrize(
    ("summary", "wanted"),
    [
        ("a; b; c", "a; b; c"),
        (" a ;b;c", "a; b; c"),
        ("a;\n b ; ;;", "a; b"),
        ("a, with b", "a, with b"),
        ("", ""),
        (" ; ", ""),
    ],
)
def test_problems_are_split_at_semicolons_and_empty_ones_dropped(summary: str, wanted: str) -> None:
    assert problems(summary) == wanted == problems(wanted)


def test_notes_without_a_summary_are_neither_shown_nor_scored_and_counted(tmp_path: Path) -> None:
    rows = [row(number) for number in range(237)]
    rows[168]["Summary"], rows[5]["Summary"] = "", " ; "
    rows[9].update(Subjectives="", Assessment=" ")
    save(tmp_path, table(rows))
    dataset = TASK.load(tmp_path)
    # The lot falls on 168, 87, 179 and then 214 (DATA.md, 4.1).
    assert [shot.id for shot in dataset.examples[0].shots] == ["note-900087.txt", "note-900179.txt", "note-900214.txt"]
    assert (dataset.rows, len(dataset.examples)) == (237, 237 - 3 - 3)
    assert not {"note-900168.txt", "note-900005.txt", "note-900009.txt"} & {example.id for example in dataset.examples}
    assert [sentence.split(":") for sentence in dataset.anomalies] == [
        ["Notes with an empty Summary, neither shown nor scored", " 2."],
        ["Notes with neither a subjective section nor an assessment, neither shown nor scored", " 1."],
    ]


def test_an_empty_section_is_not_mentioned_in_the_prompt(tmp_path: Path) -> None:
    rows = [row(number, Subjectives="" if number % 2 else "He coughs.") for number in range(20)]
    for example in TASK.load(rehearse(tmp_path, *rows)).examples:
        asked = TASK.ask(example, WIDE).messages[-1].content
        assert ("Subjective:" in asked) is bool(example.fields["subjective"])
        assert asked.endswith(f"Assessment:\n{example.fields['assessment']}\n\nProblems:")


def test_texts_reach_the_prompt_unchanged(tmp_path: Path) -> None:
    odd = '{0} {} {unbalanced %s \\n <|im_end|> "quoted", [**Name**] \u00a0µg'
    rows = [row(number, Subjectives=f"{number} {odd}", Assessment=f"{odd} {number}") for number in range(8)]
    for example in TASK.load(rehearse(tmp_path, *rows)).examples:
        asked = TASK.ask(example, WIDE).messages[-1].content
        number = int(example.id.removeprefix("note-9").removesuffix(".txt"))
        assert asked == f"Subjective:\n{number} {odd}\n\nAssessment:\n{odd} {number}\n\nProblems:"


def test_what_does_not_fit_is_cut_out_of_the_subjective_section_alone(tmp_path: Path) -> None:
    rows = [row(number, Subjectives="long " * 2000) for number in range(8)]
    example = TASK.load(rehearse(tmp_path, *rows)).examples[0]

    def count(messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)

    prompt = TASK.ask(example, Window(4000, count))
    asked = prompt.messages[-1].content
    assert prompt.truncated and len(prompt.messages) == 2 and "[...]" in asked
    assert 3900 < count(prompt.messages) + prompt.max_new_tokens <= 4000
    assert asked.endswith(f"Assessment:\n{example.fields['assessment']}\n\nProblems:")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        (f"<html><body>{SECRET}</body></html>", "is a web page"),
        (table([row(0)]).encode() + SECRET.encode() + b"\xff", "line 5 is not UTF-8"),
        (table([row(0)], ("File ID", "Objectives")), "each of these columns once: Subjectives, Assessment, Summary"),
        (table([row(0)], names=("File ID", "Summary", "x", "Assessment", "Summary")), "once: Subjectives, Summary"),
        (f'{{"{SECRET}": 1}}', "each of these columns once"),
        (table([]), "has no rows"),
        (table([]) + ",,,,\n\n", "has no rows"),
        (table([row(0), row(1)]) + f"900002.txt,{SECRET}\n", "row 4 has 2 cells, the header 5"),
        (table([row(0)]) + f"900001.txt,{SECRET},b,c,d,e\n", "row 3 has 6 cells, the header 5"),
        (table([row(0), row(1), row(0)]), "row 4: its File ID is empty or has come before"),
        (table([row(0), row(1, **{"File ID": " "})]), "row 3: its File ID is empty or has come before"),
        (table([row(0)]) + f'900001.txt,"{SECRET}', "is no CSV table at line 5"),
        (table([row(0)]) + f'900001.txt,"{SECRET}"x,,,\n', "is no CSV table at line 5"),
    ],
)
def test_what_is_not_the_table_is_refused_without_its_text(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(DataMissing, match=f"{says}.*{REMEDY}") as caught:
        read_problem_summary(save(tmp_path, content))
    assert SECRET not in str(caught.value)


def test_the_training_file_is_refused(tmp_path: Path) -> None:
    ordered = ("File ID", "Assessment", "Summary", "Subjectives", "Objectives")
    save(tmp_path, table([row(number) for number in range(768)], ordered, TRAIN_HEADER))
    with pytest.raises(DataMissing, match=f"holds 768 records, {PROBLEM_SUMMARY.name} as published 237.*{REMEDY}"):
        TASK.load(tmp_path)


def test_a_missing_file_is_asked_for_with_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=REMEDY) as caught:
        TASK.load(tmp_path)
    assert all(part in str(caught.value) for part in (PROBLEM_SUMMARY.name, str(tmp_path), *PROBLEM_SUMMARY.places))
