"""What an installation still wants for a whole evaluation, and where each thing belongs."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from backend.crates.manifest import SPECS
from backend.datasets.catalog import locate
from backend.domain import Task
from backend.errors import DataMissing
from backend.metrics.bertscore import brought_folder
from backend.settings import Settings

PAGE = "docs/air-gapped.md"


def still_wanting(settings: Settings, tasks: Iterable[Task]) -> Iterator[str]:
    """A sentence for each thing that is not here: the switch, encoders, data, and what UMLS F1 needs."""
    if not settings.offline:
        yield "HF_HUB_OFFLINE is not set: put HF_HUB_OFFLINE=1 into the environment of page and worker."
    for setting, spec in SPECS.items():
        named = Path(getattr(settings, setting))
        if not named.is_dir() and not brought_folder(spec, settings).is_dir():
            yield f"BERTScore's encoder {spec.hub_id}: carry it, or name its folder in {spec.variable}."
    for task in tasks:
        if task.file is None:
            continue
        try:
            locate(task.file, settings.data_dir)
        except DataMissing:
            place = settings.data_dir / task.file.places[0] / task.file.name
            yield f"{task.name}: its file belongs at {place}. {task.file.obtain}"
    if settings.umls is None or settings.umls_python is None:
        yield f"UMLS F1: en_core_sci_sm, scispaCy's linker and its environment are brought by hand; see {PAGE}."
