"""Reads the MeQSum workbook: one row per patient's inquiry and its one-sentence summary."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from backend.datasets.catalog import content, unusable
from backend.domain import DataFile

MEQSUM = DataFile(
    name="MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
    places=("MeQSum", "meqsum", "."),
    obtain="Run `python app.py data fetch`, or download the raw file (not the page) from github.com/abachaa/MeQSum.",
    rows=1000,
    url="https://raw.githubusercontent.com/abachaa/MeQSum/51e36cf65c12602333b6fdc3ae8ecf10430529f7/"
    "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
    sha256="abedd939d5014306ca576522416bf69103e85dc8fcf1668a4099e8b84a39eeea",
)
COLUMNS = ("File", "CHQ", "Summary")


def read_meqsum(path: Path) -> list[dict[str, str]]:
    """Rows with the keys File, CHQ and Summary, as they stand; DataMissing when the workbook is not MeQSum's."""
    import pandas as pd  # half of what a command takes to start, and few commands read workbooks

    try:
        table = pd.read_excel(BytesIO(content(path)), dtype=str, engine="openpyxl", keep_default_na=False)
    except Exception as error:  # the libraries let errors of every kind out of a broken workbook
        raise unusable(MEQSUM, f"{path} cannot be read as an Excel workbook ({type(error).__name__}).") from error
    absent = [column for column in COLUMNS if column not in table.columns]
    if absent:
        raise unusable(MEQSUM, f"{path} lacks the columns {', '.join(absent)}.")
    if table.empty:
        raise unusable(MEQSUM, f"{path} has no rows.")
    repeated = table["File"].duplicated()
    if repeated.any():
        raise unusable(MEQSUM, f"{MEQSUM.name}, row {int(repeated.argmax()) + 2}: its File has come before.")
    rows = table.loc[:, list(COLUMNS)].to_dict("records")
    return [
        check_row({str(key): str(value) for key, value in row.items()}, number) for number, row in enumerate(rows, 2)
    ]


def check_row(row: Mapping[str, str], number: int) -> dict[str, str]:
    """The row, when none of its cells is blank; DataMissing names the sheet's row otherwise."""
    blank = [column for column in COLUMNS if not row[column].strip()]
    if blank:
        raise unusable(MEQSUM, f"{MEQSUM.name}, row {number}: {', '.join(blank)} is empty.")
    return dict(row)
