"""Where models come from under these settings: the Hub, or, where there is no network, what was brought here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from backend.domain import Model
from backend.hub.admission import admit
from backend.hub.brought import list_brought, search_brought
from backend.hub.metadata import Repository, describe, inspect
from backend.hub.search import Suggestion, search
from backend.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`inspect(model_id, revision)` describes a repository and `search(words)` finds some.

    Both raise ModelFault for what is not there, PassingFault when nobody answers.
    """

    inspect: Callable[[str, str | None], Repository] = inspect
    search: Callable[[str], list[Suggestion]] = search

    def look_up(self, model_id: str, revision: str | None = None, **rules: Any) -> Model:
        """The model pinned to a commit, when it may enter under these rules of `admit`."""
        return admit(self.inspect(model_id, revision), **rules)


def source_under(settings: Settings) -> Source:
    """The source of these settings; without a network nothing else than this machine is asked."""
    if not settings.offline:
        return Source()
    cache = settings.home / "models"
    return Source(
        inspect=lambda model_id, revision: describe(list_brought(cache, model_id, revision)),
        search=partial(search_brought, cache),
    )
