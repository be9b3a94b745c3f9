"""Every row of a view has a name that no other has, and the name leads back to it."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backend.domain import Edition, Model, Provenance, Standing
from frontend_config.row_names import row_names
from frontend_config.views import ViewName, Views

from . import records
from .publications import numbered
from .serving import Shelf


def row(label: str, number: int, revision: str = "a" * 40, engine: str = "transformers") -> Standing:
    return replace(
        records.standing(label, {}, Provenance.MEASURED, Edition.FULL, engine=engine),
        model=Model(hub_id=label, revision=revision),
        number=number,
    )


def find_row(rows: Sequence[Standing], name: str) -> Standing | None:
    view = Views(Shelf(measured=tuple(rows)).desk()).get(ViewName.MEASURED)
    place = view.find(name)
    return None if place is None else view.rows[place]


def test_a_label_that_stands_once_is_the_name() -> None:
    assert row_names([row("acme/one", 1), row("acme/two", 2)]) == ["acme/one", "acme/two"]


def test_the_newest_row_of_a_model_keeps_the_label_and_older_ones_say_their_commit() -> None:
    rows = [row("acme/one", 1, "a" * 40), row("acme/one", 7, "b" * 40), row("Acme/One", 3, "c" * 40)]
    assert row_names(rows) == [f"acme/one@{'a' * 12}", "acme/one", f"Acme/One@{'c' * 12}"]


def test_rows_of_one_commit_say_their_engine_and_then_their_line() -> None:
    engines = [row("acme/one", 9), row("acme/one", 2), row("acme/one", 3, engine="endpoint")]
    commit = "a" * 12
    assert row_names(engines) == ["acme/one", f"acme/one@{commit}@transformers", f"acme/one@{commit}@endpoint"]
    lines = [row("acme/one", 9), row("acme/one", 2), row("acme/one", 3)]
    assert row_names(lines)[1:] == [f"acme/one@{commit}@transformers@{number}" for number in (2, 3)]


ROWS = st.lists(
    st.tuples(st.sampled_from(["acme/one", "Acme/One", "acme/two"]), st.sampled_from("ab"), st.sampled_from("xy")),
    max_size=8,
)


@given(ROWS)
def test_no_name_stands_twice_and_each_finds_its_row(parts: list[tuple[str, str, str]]) -> None:
    rows = [row(label, number, commit * 40, engine) for number, (label, commit, engine) in enumerate(parts, 1)]
    names = row_names(rows)
    assert len({name.lower() for name in names}) == len(rows)
    shelf = Shelf(measured=tuple(rows))
    view = Views(shelf.desk()).get(ViewName.MEASURED)
    for name, each in zip(names, rows, strict=True):
        assert find_row(rows, name.upper()) is each
        place = view.find(name.upper())
        assert place is not None and view.rows[place] is each


def test_a_published_row_is_found_by_its_label_and_by_its_hub_id() -> None:
    found = find_row(records.PUBLISHED, "biomistral/biomistral-7b")
    assert found is not None and found.label == "BioMistral-7B"
    assert find_row(records.PUBLISHED, " biomistral-7b ") is found
    assert find_row(records.PUBLISHED, "nobody/nothing") is None
    place = Views(Shelf().desk()).get(ViewName.PUBLISHED).find("BioMistral/BioMistral-7B")
    assert place is not None and records.PUBLISHED[place] is found


def test_a_name_is_looked_for_in_the_measured_view_first() -> None:
    views = Views(Shelf(measured=numbered()).desk())
    found = views.find("ward/general-8b-instruct")
    assert found is not None and found[0].name is ViewName.MEASURED
    rehearsed = views.find("scripted/rules")
    assert rehearsed is not None and rehearsed[0].name is ViewName.REHEARSAL
    assert views.find("scripted/rules", ViewName.MEASURED) is None
    everywhere = views.of_model("Ward/General-8B-Instruct")
    assert [view.name for view, _ in everywhere] == [ViewName.MEASURED, ViewName.REHEARSAL]


def test_a_view_is_read_once_until_the_board_changes() -> None:
    shelf = Shelf()
    views = Views(shelf.desk())
    before = views.get(ViewName.MEASURED)
    shelf.measured = ()
    assert views.get(ViewName.MEASURED) is before
    shelf.version = "2"
    assert len(views.get(ViewName.MEASURED).rows) == 0
