"""The board as a folder of files that any file server shows: the same pages over the same answers, at one moment."""

from pathlib import Path

from frontend_config.desk import Desk
from frontend_config.judged_board import JudgedBoard


def make_site(desk: Desk, folder: Path, address: str | None = None) -> Path:
    """As `write_site`, with the ranges of ranks that the page works out in the background; returns the folder."""
    from frontend_config.static_site.folder import write_site  # with it comes Gradio, which no other command needs

    board = JudgedBoard(desk)
    board.keep_up()
    write_site(board.desk, folder, address)
    return folder
