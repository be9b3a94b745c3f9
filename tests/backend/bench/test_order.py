"""On LongHealth's prompts the order by text shares as much as any."""

import numpy as np
import pytest

from backend.bench.order import PAGE, is_best, measure_order, paged_share
from backend.datasets.rehearsal import Scale
from backend.tasks import all_tasks


def test_the_order_by_text_is_the_best_and_pieces_lose_little_of_it() -> None:
    told: list[str] = []
    found = measure_order(all_tasks()["longhealth"], Scale.SMALL, lambda what, part: told.append(what))
    shares = found["shared_with_predecessor"]
    assert found["clean"] and found["prompts"] == 360 and told
    assert max(shares, key=shares.get) in ("by_text", "by_token_ids")
    assert shares["by_text"] > 3 * max(shares["file"], shares["by_length"], shares["random"])
    (in_pieces,) = found["shared_in_pieces"].values()
    assert 0.95 * shares["by_text"] < in_pieces <= shares["by_text"]
    assert all(value > 0 for value in found["less_prefill_than_file_order"].values())


@pytest.mark.parametrize(
    ("ours", "by_ids", "file", "best"), [(0.5, 0.5005, 0.4, True), (0.5, 0.52, 0.4, False), (0.5, 0.5, 0.51, False)]
)
def test_an_order_is_best_when_none_shares_more(ours: float, by_ids: float, file: float, best: bool) -> None:
    assert is_best({"by_text": ours, "by_token_ids": by_ids, "file": file}) is best


def test_a_paged_cache_finds_whole_pages_until_it_forgets_them() -> None:
    one = np.arange(2 * PAGE, dtype=np.uint16)
    same_first_page = np.concatenate([one[:PAGE], one[:PAGE]])
    other = one + 1_000
    assert paged_share([one, same_first_page], 100 * PAGE) == pytest.approx(1 / 4)
    assert paged_share([one, other, one], 100 * PAGE) == pytest.approx(2 / 6)
    assert paged_share([one, other, one], 2 * PAGE) == 0, "two pages hold the last prompt alone"
    # Half a page in common is nothing in common.
    assert paged_share([one, np.concatenate([one[: PAGE // 2], other])], 100 * PAGE) == 0
