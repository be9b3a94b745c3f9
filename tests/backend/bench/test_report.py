"""What was measured becomes a section of a document, and replaces the older one."""

from pathlib import Path

from backend.bench.report import write_section


def test_a_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Head\n\nWords.\n\n## one\n\nold\n\n### part\n\nold\n\n## two\n\nkept\n")
    write_section(document, "one", {"seconds": 1234.5, "clean": True, "missing": None})
    write_section(document, "three", {"n": 12_000})
    text = document.read_text()
    assert text.startswith("# Head\n\nWords.\n\n## one\n")
    assert "old" not in text and "kept" in text and "| n | 12,000 |" in text
    assert "| seconds | 1,234.5 |" in text and "| clean | yes |" in text and "| missing | – |" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## one", "## two", "## three"]


def test_parts_that_are_alike_become_one_table_and_others_headings(tmp_path: Path) -> None:
    record = {
        "shapes": {"mednli": {"prompts": 2, "variants": {"ours": {"s": 1}, "peer": {"s": 2, "note": "a|b"}}}},
        "profile": [{"operation": "mm", "percent": 50.0}],
    }
    write_section(tmp_path / "new.md", "generation", record)
    text = (tmp_path / "new.md").read_text()
    assert "#### mednli" in text and "##### variants" in text
    assert "|  | s | note |\n|---|---|---|\n| ours | 1 | – |\n| peer | 2 | a\\|b |" in text
    assert "| operation | percent |\n|---|---|\n| mm | 50 |" in text
