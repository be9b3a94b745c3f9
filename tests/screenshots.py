"""Pictures of a running page to look at: python -m tests.screenshots http://127.0.0.1:7860 FOLDER"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser import QUIET, chromium

PAGES = {
    "board": "/",
    "rehearsal": "/?view=rehearsal",
    "delta": "/delta",
    "compare": "/compare",
    "plot": "/plot",
    "submit": "/submit",
    "queue": "/queue",
    "about": "/about",
    "interface": "/v1/",
}
WIDTHS = (390, 768, 1440)
HEIGHT = 900
SETTLE_MS = 1500


def photograph(browser: Browser, address: str, folder: Path) -> None:
    """Every page at every width in light and dark, as FOLDER/page-width-theme.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": HEIGHT}, color_scheme="dark" if theme == "dark" else "light"
            )
            page = context.new_page()
            for name, path in PAGES.items():
                page.goto(address + path)
                page.wait_for_timeout(SETTLE_MS)
                page.screenshot(path=folder / f"{name}-{width}-{theme}.png")
            context.close()


if __name__ == "__main__":
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        photograph(started, sys.argv[1].rstrip("/"), Path(sys.argv[2]))
        started.close()
