"""Takes the pictures that README.md shows: ``python -m docs.take_screenshots``, from the project's folder.

Each picture is made of the running app in a fresh runs folder. `--dark`, `--phone` and `--chinese` take the same pages
in another look into another folder (``--to``), to look at.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from engine import paths
from tests.browser import app
from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.browser.server import AppServer


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m docs.take_screenshots")
    parser.add_argument("--to", type=Path, default=paths.PROJECT / "docs", help="folder for the pictures")
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    parser.add_argument("--phone", action="store_true", help="390 pixels wide")
    parser.add_argument("--chinese", action="store_true", help="in Chinese")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    width, height = (390, 844) if arguments.phone else (1280, 860)
    with (
        tempfile.TemporaryDirectory(prefix="fitlab-pictures-") as folder,
        AppServer(_empty(Path(folder))) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if arguments.dark else "light",
            locale="zh-CN" if arguments.chinese else "en-US",
        )
        take(page, server.url, arguments.to)


def take(page: Page, url: str, folder: Path) -> None:
    """Train once, photograph the run half way, then every page with the finished run in its strip."""
    app.open_page(page, url)
    page.locator(".st-key-live_strip .fl-tile img").nth(7).wait_for()
    app.press(page, "train_now")
    app.wait_until(lambda: app.n_points(page) and len(app.chart(page)[2]["x"]) >= 5, "five epochs are drawn", page)
    page.screenshot(path=folder / "watch.png")
    app.wait_until(lambda: app.phase(page) in app.ENDED, "the run has ended", page)
    waits_for = {
        "start": ".st-key-live_strip .fl-tile img",
        "data": ".st-key-samples img",
        "augment": ".st-key-sheet img",
        "train": ".st-key-start button",
    }
    for name, selector in waits_for.items():
        app.open_page(page, url, "" if name == "start" else name)
        page.locator(selector).first.wait_for()
        page.wait_for_timeout(1_500)  # the last pictures and fonts
        page.screenshot(path=folder / f"{name}.png")


def _empty(folder: Path) -> Path:
    (folder / "runs").mkdir()
    return folder / "runs"


if __name__ == "__main__":
    main()
