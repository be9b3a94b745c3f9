"""The Hub: what it says about a model, and the model's allowed files at one commit."""

from backend.hub.admission import look_up
from backend.hub.courtesy import Courtesy
from backend.hub.fetching import fetch
from backend.hub.files import download
from backend.hub.gate import check_folder
from backend.hub.metadata import check_id, folder_revision
from backend.hub.sources import source_under

__all__ = ["Courtesy", "check_folder", "check_id", "download", "fetch", "folder_revision", "look_up", "source_under"]
