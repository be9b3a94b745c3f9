"""The coded diagnoses of every admission, packed: some six million rows take some fifty megabytes."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from backend.builders.coding import Coded, Fate, coded
from backend.datasets.mimic import CsvTable, read_diagnoses

# A row is one number: admission, place in the admission, and which of the different outcomes it has.
STAY_BITS, PLACE_BITS, OUTCOME_BITS = 32, 12, 20


class Stays:
    """Diagnoses by admission, in order of seq_num; `counts` says what became of all rows of the file."""

    def __init__(self, rows: npt.NDArray[np.uint64], outcomes: Sequence[Coded], counts: Mapping[str, int]) -> None:
        self.counts = counts
        self._rows = rows
        self._outcomes = outcomes

    def diagnoses(self, hadm_id: str) -> list[Coded]:
        """Every diagnosis of the admission, kept or not; none for an admission without any."""
        stay = _stay(hadm_id)
        if stay is None:
            return []
        ends = np.array([stay, stay + 1], dtype=np.uint64) << np.uint64(PLACE_BITS + OUTCOME_BITS)
        start, stop = np.searchsorted(self._rows, ends)
        numbers = self._rows[start:stop] & np.uint64((1 << OUTCOME_BITS) - 1)
        return [self._outcomes[number] for number in numbers.tolist()]


def read_stays(table: CsvTable) -> Stays:
    """All diagnoses of the table; DataMissing names a row that cannot be one of MIMIC's."""
    packed = array("Q")
    numbers: dict[tuple[str, str], int] = {}
    outcomes: list[Coded] = []
    times: list[int] = []
    for hadm_id, place, code, classification in read_diagnoses(table):
        number = numbers.setdefault((code, classification), len(numbers))
        if number == len(outcomes):
            outcomes.append(coded(code, classification))
            times.append(0)
        times[number] += 1
        stay = _stay(hadm_id)
        if stay is None or not 0 <= place < 1 << PLACE_BITS or number >= 1 << OUTCOME_BITS:
            raise table.unusable(f"{table.path}, row {table.rows + 1:,}: its hadm_id or seq_num is none of MIMIC's.")
        packed.append(stay << (PLACE_BITS + OUTCOME_BITS) | place << OUTCOME_BITS | number)
    rows = np.frombuffer(packed, dtype=np.uint64) if packed else np.empty(0, dtype=np.uint64)
    rows.sort()
    return Stays(rows, outcomes, count_fates(zip(outcomes, times, strict=True)))


def count_fates(outcomes: Iterable[tuple[Coded, int]]) -> dict[str, int]:
    """How many diagnoses there are, how many had each fate, and how many were mapped from ICD-9-CM, and how."""
    found: Counter[str] = Counter({"rows": 0, **{fate.value: 0 for fate in Fate}})
    for outcome, count in outcomes:
        found["rows"] += count
        found[outcome.fate] += count
        found["mapped_from_icd9"] += count * (outcome.targets > 0)
        found["mapped_to_one_of_several"] += count * (outcome.targets > 1)
        found["mapped_to_one_of_several_categories"] += count * (outcome.categories > 1)
    return dict(found)


def _stay(hadm_id: str) -> int | None:
    number = int(hadm_id) if hadm_id.isdecimal() and len(hadm_id) <= 10 else -1
    # The last number is left free, so that the one after every stay fits as well.
    return number if 0 <= number < (1 << STAY_BITS) - 1 else None
