"""A real server and a real Chromium for the browser tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.browser.server import AppServer


@pytest.fixture(scope="session")
def chromium() -> str:
    path = find_chromium()
    if path is None:
        message = "no Chromium: set FITLAB_CHROMIUM to one, or install the package chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=60_000)  # other tests use the processor, too
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens windows that share nothing with each other, 1280x800."""
    contexts: list[BrowserContext] = []

    def open_window(**options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options})
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_window: Callable[..., Page]) -> Page:
    return new_window()


@pytest.fixture
def server(runs_dir: Path) -> Iterator[AppServer]:
    """A fresh server over an empty runs folder; afterwards neither it nor a lane nor a run is left."""
    with AppServer(runs_dir) as app:
        yield app


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """A server for all tests that start no run and so find it as new."""
    runs_dir = tmp_path_factory.mktemp("shared") / "runs"
    runs_dir.mkdir()
    with AppServer(runs_dir) as app:
        yield app
        assert not list(runs_dir.glob("*/spec.json"))
