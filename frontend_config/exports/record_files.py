"""Where the datastore of Every Eval Ever keeps a record, and all records of the board laid out that way."""

import io
import json
from collections.abc import Iterable, Sequence
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from backend.domain import Task
from frontend_config.columns import HUB_ID
from frontend_config.exports.every_eval_ever import every_eval_ever
from storage.score_rows import Publication

COLLECTION = "clue"
# The datastore takes only names that every file system does, and none that is its own folder's.
RESERVED = {"data", "con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(10))}


def record_name(publication: Publication) -> str:
    """The record's file name: a UUID of version 4 and .json, always the same for the same line of the ledger."""
    return f"{UUID(hex=publication.hash[-32:], version=4)}.json"


def record_path(publication: Publication) -> str | None:
    """data/clue/<developer>/<model>/<uuid>.json; None for a model that has no such name."""
    hub_id = publication.result.model.hub_id
    if not HUB_ID.fullmatch(hub_id) or any(map(_unfit, hub_id.split("/"))):
        return None
    return f"data/{COLLECTION}/{hub_id}/{record_name(publication)}"


def records_zip(publications: Iterable[Publication], tasks: Sequence[Task], site: str | None) -> bytes:
    """The records of these lines as one archive, the same bytes for the same lines; none for a nameless model."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for publication in publications:
            path = record_path(publication)
            if path is not None:
                entry = ZipInfo(path, publication.at.timetuple()[:6])
                entry.compress_type = ZIP_DEFLATED
                record = every_eval_ever(publication, tasks, site)
                archive.writestr(entry, json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1))
    return out.getvalue()


def _unfit(part: str) -> bool:
    return part.endswith(".") or part.partition(".")[0].lower() in RESERVED
