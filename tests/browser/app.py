"""What a user sees and does, in the words of the scenarios: thin helpers over one browser page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page, expect

ENDED = "finished", "stopped", "failed", "lost"
PATIENCE_S = 120.0
"""How long a test waits for what must come: speed is measured by `python -m benchmarks latency`, not here."""


def open_page(page: Page, url: str, name: str = "") -> None:
    """Go to a page by its address and wait until it stands."""
    page.goto(f"{url}/{name}")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def go_to(page: Page, name: str) -> None:
    """Click a page's name in the navigation."""
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page).to_have_url(re.compile(f"/{name.lower()}\\b"))


def no_traceback(page: Page) -> None:
    """No error of Python's reached the page."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert "Traceback" not in page.inner_text("body")


def field(page: Page, setting: str) -> Locator:
    """The widget of a setting, such as "training.epochs"."""
    return page.locator(f".st-key-{setting.replace('.', '-')}")


def press(page: Page, key: str) -> None:
    """Click a button. (Streamlit draws one with a help text twice, the second out of sight.)"""
    field(page, key).locator("button").first.click()


def enter(page: Page, setting: str, value: Any) -> None:
    """Type a value into a setting's field, as one does: replace the text, press Enter."""
    box = field(page, setting).locator("input")
    box.fill(str(value))
    box.press("Enter")


def switch(page: Page, key: str, on: bool) -> None:
    """Set a toggle."""
    toggle = field(page, key).get_by_role("switch")
    if toggle.is_checked() != on:
        field(page, key).locator("label").first.click(position={"x": 12, "y": 8})
    expect(toggle).to_be_checked(checked=on)


def slide(page: Page, setting: str, value: float) -> None:
    """Move a slider to a value with the arrow keys."""
    thumb = field(page, setting).get_by_role("slider")
    steps = round((value - float(thumb.input_value())) / float(thumb.get_attribute("step") or 1))
    thumb.focus()
    for _ in range(abs(steps)):
        thumb.press("ArrowRight" if steps > 0 else "ArrowLeft")
    assert abs(float(thumb.input_value()) - value) < 1e-9


def drag(page: Page, setting: str, share: float) -> None:
    """Drag a slider's thumb with the mouse to a share of its length."""
    thumb = field(page, setting).get_by_test_id("stSliderThumbValue").locator("..").bounding_box()
    track = field(page, setting).get_by_role("group").bounding_box()
    assert thumb and track
    y = thumb["y"] + thumb["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * share, y, steps=12)
    page.mouse.up()


def image_bytes(page: Page, selector: str) -> bytes:
    """The file behind the first picture that the selector finds."""
    source = page.locator(f"{selector} img").first.get_attribute("src")
    assert source
    if source.startswith("data:"):
        return source.encode()
    return page.request.get(urljoin(page.url, source)).body()


def gallery(page: Page, key: str) -> list[str]:
    """The pictures of a gallery, as data addresses: equal pixels give equal text."""
    expect(page.locator(f".st-key-{key} .fl-tile img").first).to_be_visible()
    expect(page.locator(f".st-key-{key} .fl-gallery")).to_have_attribute("aria-busy", "false")
    return page.locator(f".st-key-{key} .fl-tile img").evaluate_all("images => images.map(image => image.src)")


def chart(page: Page, number: int = 0) -> list[dict[str, list[float]]]:
    """The lines a live chart has drawn: x and y of each, as Plotly holds them."""
    return (
        page.locator(".live-chart")
        .nth(number)
        .evaluate("chart => (chart.data || []).map(line => ({x: Array.from(line.x), y: Array.from(line.y)}))")
    )


def n_points(page: Page) -> int:
    """Points drawn in the first live chart; 0 while there is none."""
    return page.evaluate(
        "() => { const chart = document.querySelector('.live-chart');"
        " return chart && chart.data ? chart.data.reduce((sum, line) => sum + line.x.length, 0) : 0; }"
    )


def phase(page: Page) -> str:
    """Phase of the run in the strip or, where that shows another one, in the Watch page's own line."""
    line = page.locator(".st-key-watched .fl-line, .st-key-strip .fl-line").last
    classes = (line.get_attribute("class") or "").split()
    return next(name.removeprefix("fl-phase-") for name in classes if name.startswith("fl-phase-"))


def fact(page: Page, name: str) -> str:
    """One number of the run's line: epoch, eta, speed, loss, accuracy, duration, best, test, device."""
    return page.locator(f".st-key-watched .fl-{name} b, .st-key-strip .fl-{name} b").last.inner_text()


def share(text: str) -> float:
    """``"98.7 %"`` as 0.987."""
    return float(text.removesuffix("%").strip()) / 100


def wait_until(true: Callable[[], Any], what: str, page: Page, patience_s: float = PATIENCE_S) -> None:
    """Wait for something to become true; the page goes on meanwhile."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, f"waited {patience_s:.0f} s in vain until {what}"
        page.wait_for_timeout(50)


def run_folder(page: Page, runs_dir: Path) -> Path:
    """Folder of the run that the Watch page shows."""
    expect(page).to_have_url(re.compile(r"[?&]run="))
    return runs_dir / page.evaluate("new URL(location).searchParams.get('run')")
