"""A credentialed task is run only while somebody who may read its data is listed."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from backend.credentialed import FILE, filed_bytes, read_readers, require_reader
from backend.domain import Access, Edition
from backend.errors import DataMissing, OperatorFault
from tests.backend.toys import toy_task
from tests.custody import list_reader

LAST = date(2027, 4, 30)
SECRET = toy_task("secret", access=Access.CREDENTIALED)


@pytest.mark.parametrize("day", [date(2020, 1, 1), LAST])
def test_whoever_is_listed_may_read_from_the_first_to_the_last_day(tmp_path: Path, day: date) -> None:
    list_reader(tmp_path, "secret", until=LAST)
    require_reader(SECRET, Edition.FULL, tmp_path, day)


@pytest.mark.parametrize(
    ("task", "day"), [("secret", LAST + timedelta(days=1)), ("secret", date(2019, 12, 31)), ("another", LAST)]
)
def test_nobody_may_read_after_that_before_that_or_for_another_task(tmp_path: Path, task: str, day: date) -> None:
    list_reader(tmp_path, task, until=LAST)
    with pytest.raises(DataMissing) as caught:
        require_reader(SECRET, Edition.FULL, tmp_path, day)
    assert "app.py credentialed add" in str(caught.value) and "Ann" not in str(caught.value) + caught.value.public


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("edition", Edition)
def test_only_credentialed_texts_in_full_need_a_reader(tmp_path: Path, access: Access, edition: Edition) -> None:
    task = toy_task(access=access)
    if access is Access.CREDENTIALED and edition is Edition.FULL:
        with pytest.raises(DataMissing):
            require_reader(task, edition, tmp_path)
    else:
        require_reader(task, edition, tmp_path)


def test_the_list_is_read_as_it_was_written_and_a_broken_one_lets_nobody_read(tmp_path: Path) -> None:
    person = list_reader(tmp_path, "secret")
    assert read_readers(tmp_path) == (person,)
    assert (tmp_path / FILE).read_bytes() == filed_bytes([person])
    (tmp_path / FILE).write_text('[{"name": "Eve"}]')
    with pytest.raises(OperatorFault, match="cannot be read as a list"):
        require_reader(SECRET, Edition.FULL, tmp_path)
