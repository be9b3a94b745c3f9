"""The README tells the truth about settings and commands."""

import re
from pathlib import Path

from backend.settings import Settings, known_variables

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def settings_rows() -> list[str]:
    """The table's rows as they follow from the settings themselves."""
    rows = []
    for name, meaning in known_variables().items():
        default = Settings.model_fields[name.removeprefix("CLUE_").lower()].default
        rows.append(f"| `{name}` | {'' if default in (None, ()) else f'`{default}`'} | {meaning} |")
    return rows


def test_the_table_of_settings_is_that_of_the_program() -> None:
    table = README.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    assert table.strip().splitlines()[2:] == settings_rows()


def test_every_page_and_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    local = [link for link in links if not link.startswith("http")]
    assert local
    assert [link for link in local if not (Path(__file__).parents[1] / link).exists()] == []
