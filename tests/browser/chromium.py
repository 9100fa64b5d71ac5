"""Finds a Chromium for the browser tests, installing one where that is possible.

Order: ``$FITLAB_CHROMIUM``, Playwright's own, an installed chromium or chrome, ``playwright install``, and as root on
Debian ``apt-get``. `python -m tests.browser.chromium` prints what it found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Tests open several windows; a covered one must not be slowed down.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


def find_chromium() -> str | None:
    """Path of a Chromium that can be started, or None if there is none to be had."""
    ways: tuple[Callable[[], str | None], ...] = (
        _from_environment,
        _from_playwright,
        _from_path,
        _install_with_playwright,
        _install_with_apt,
    )
    for way in ways:
        if path := way():
            return path
    return None


def _from_environment() -> str | None:
    path = os.environ.get("FITLAB_CHROMIUM")
    if path and not os.access(path, os.X_OK):
        raise FileNotFoundError(
            f"FITLAB_CHROMIUM is {path!r}, which cannot be executed. Point it at a browser or unset it."
        )
    return path or None


def _from_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.access(path, os.X_OK) else None


def _from_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _install_with_playwright() -> str | None:
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    return _from_playwright()


def _install_with_apt() -> str | None:
    if not (Path("/etc/debian_version").exists() and os.geteuid() == 0 and shutil.which("apt-get")):
        return None
    _run(["apt-get", "update"])
    # The fonts are for the Chinese pages: without them the tests would measure boxes.
    _run(["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"])
    return _from_path()


def _run(command: list[str]) -> bool:
    print("browser tests:", " ".join(command), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, env=environment, capture_output=True, timeout=900).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    print(find_chromium() or "no Chromium found")
