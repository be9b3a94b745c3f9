"""Reads MeDiSumCode: JSON records, one discharge letter with the ICD-10-CM codes of its stay each."""

from pathlib import Path

from backend.datasets.catalog import unusable
from backend.datasets.records import Record, is_text, json_records, texts
from backend.domain import DataFile
from backend.icd import codes

MEDISUMCODE = DataFile(
    name="medisumcode.jsonl",
    also=("medisumcode.json", "MeDiSumCode.jsonl", "MeDiSumCode.json"),
    places=("medisumcode", "MeDiSumCode", "."),
    obtain="It has no release. Complete PhysioNet's training and data use agreement, download MIMIC-IV-Note 2.2 "
    "(https://physionet.org/content/mimic-iv-note/2.2/, doi 10.13026/1n74-ne17) and the hosp module of MIMIC-IV 2.2 "
    "(https://physionet.org/content/mimiciv/2.2/), and build it with `python app.py data build-medisumcode`.",
)
BUILT = 500


def read_medisumcode(path: Path) -> list[dict[str, str]]:
    """Rows with id, hadm_id, text and icd_codes, from JSON lines or one array.

    The id is the note_id, or the hadm_id where there is none. The codes are written as in "I10, E11.9": dotted, in
    capitals, each once, in the record's order; a letter may have none. DataMissing names the record that is not one of
    MeDiSumCode's, without its text.
    """
    rows = []
    seen: set[str] = set()
    for place, record in json_records(MEDISUMCODE, path):
        row = _row(path, place, record)
        if row["id"] in seen:
            raise unusable(MEDISUMCODE, f"{path.name}, {place}: its note_id, or hadm_id, has come before.")
        seen.add(row["id"])
        rows.append(row)
    return rows


def _row(path: Path, place: str, record: Record) -> dict[str, str]:
    row = texts(MEDISUMCODE, path, place, record, ("text",))
    note, stay, listed = record.get("note_id"), record.get("hadm_id"), record.get("icd_codes")
    stay = str(stay) if isinstance(stay, int) else stay
    if not is_text(stay):
        raise unusable(MEDISUMCODE, f"{path.name}, {place} has no hadm_id.")
    found = [_dotted(each) for each in listed] if isinstance(listed, list) else [None]
    if None in found:
        raise unusable(MEDISUMCODE, f"{path.name}, {place}: its icd_codes are not a list of ICD-10-CM codes.")
    return {
        "id": note if is_text(note) else stay,
        "hadm_id": stay,
        "text": row["text"],
        "icd_codes": ", ".join(dict.fromkeys(code for code in found if code)),
    }


def _dotted(entry: object) -> str | None:
    """The entry's code as K35.80; None when it has none, or one of another classification."""
    written = entry.get("code") if isinstance(entry, dict) else None
    plain = written.strip().upper().replace(".", "") if isinstance(written, str) else ""
    if codes(plain) != {plain}:
        return None
    return f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain
