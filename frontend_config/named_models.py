"""The model that somebody names on the command line: a folder, a model of the Hub, or one of an engine's own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from backend import hub
from backend.domain import Engine, Model, ModelSource
from backend.progress import ByteProgress

LookUp = Callable[[str, str | None, str], Model]
Download = Callable[[Model, Event, ByteProgress], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedModels:
    """Finds models with `look_up` and fetches their files with `download`; an endpoint is at `url` if none is given.

    What their processes say goes into a file of the day in the folder `logs`, which the archive removes in time.
    """

    look_up: LookUp
    download: Download
    url: str | None
    logs: Path

    def find(
        self, name: str, engine: Engine, url: str | None, revision: str | None = None
    ) -> tuple[Model, ModelSource]:
        """The model and where it is to be had; its files are here if the engine needs them.

        UsageError, ModelFault or PassingFault when there is none, or it may not be opened.
        """
        folder: Path | None = None
        if engine.takes_folder and Path(name).is_dir():
            folder = Path(name)
            if engine.needs_files:
                hub.check_folder(folder)
            found = Model(hub_id=folder.resolve().name, revision=hub.folder_revision(folder))
        elif engine.needs_files:
            found = self.look_up(hub.check_id(name), revision, engine.name)
            folder = self.download(found, Event(), lambda done, total: None)
        else:
            engine.accept(name)
            found = Model(hub_id=name, revision=engine.name)
        log = self.logs / f"model-{datetime.now(UTC):%Y-%m-%d}.log"
        source = ModelSource(hub_id=found.hub_id, revision=found.revision, folder=folder, url=url or self.url, log=log)
        return found, source
