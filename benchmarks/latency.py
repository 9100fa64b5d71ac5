"""How long a person waits, from the address to a trained model: the first time, and again.

Each round starts its own server over an empty runs folder and its own Chromium, and does what a newcomer does, twice:
the first time the button is pressed as soon as it is there; the second time server and browser are warm, a worker
stands ready, and plotly.js is loaded. Needs the packages of `requirements-dev.txt`.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Page, sync_playwright

from engine.runs.store import Run
from tests.browser import app
from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.browser.server import AppServer

# What is measured, and the most seconds it may take on two CPU cores: with fresh server and browser, and again.
TRAIN_NOW_S = {
    "address - page usable": (6.0, 2.0),
    "click Train now - first point drawn": (8.0, 2.0),
    "click Train now - trained model": (60.0, 40.0),
    "step - eye, median": (1.0, 0.7),
    "step - eye, 95th percentile": (1.0, 0.7),
}
BUDGETS_S = {
    **{name: fresh for name, (fresh, _) in TRAIN_NOW_S.items()},
    **{f"{name}, again": again for name, (_, again) in TRAIN_NOW_S.items()},
    "slider - new grid, 16 pictures of 224x224, first": 2.0,
    "slider - new grid, 16 pictures of 224x224, later": 0.3,
    "page change": 1.0,
}

READY_MS = 10_000
"""For so long a person looks at the trained network, while the next worker gets ready."""

# Notes, whenever a chart has changed, the time and the position of the newest batch that is drawn.
_WATCH_DRAWING = """
window.drawn = [];
(function look() {
  const chart = document.querySelector(".live-chart");
  const line = chart && chart.data && chart.data[0];
  const newest = line && line.x.length ? line.x[line.x.length - 1] : null;
  const last = window.drawn.at(-1);
  if (newest !== null && (!last || last[1] !== newest)) {
    window.drawn.push([(performance.timeOrigin + performance.now()) / 1000, newest]);
  }
  requestAnimationFrame(look);
})();
"""


def measure(rounds: int) -> dict[str, list[float]]:
    """Measure so many rounds; returns the seconds of every round, by name."""
    found: dict[str, list[float]] = {name: [] for name in BUDGETS_S}
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="fitlab-latency-") as folder:
            one = _round(Path(folder))
        print(f"round {number + 1}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in one.items()))
        for name, seconds in one.items():
            found[name].append(seconds)
    return found


def markdown(figures: dict[str, list[float]]) -> str:
    """Medians beside their budgets, as a table; figures of older files without a budget are named below it."""
    unknown = [name for name in figures if name not in BUDGETS_S]
    lines = ["| from - to | median | worst | budget |", "|---|---:|---:|---:|"]
    for name, seconds in figures.items():
        if name in unknown:
            continue
        met = median(seconds) <= BUDGETS_S[name]
        middle = f"{median(seconds):.2f} s" if met else f"**{median(seconds):.2f} s, missed**"
        lines.append(f"| {name} | {middle} | {max(seconds):.2f} s | {BUDGETS_S[name]:g} s |")
    if unknown:
        lines += ["", f"Left out, because there is no budget for it: {'; '.join(unknown)}."]
    return "\n".join(lines)


def _round(folder: Path) -> dict[str, float]:
    runs_dir = folder / "runs"
    runs_dir.mkdir()
    chromium = find_chromium()
    if chromium is None:
        raise FileNotFoundError("No Chromium found: set FITLAB_CHROMIUM to one.")
    with AppServer(runs_dir) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.add_init_script(_WATCH_DRAWING)
        first = _train_now(page, server.url, runs_dir, "true")
        page.wait_for_timeout(READY_MS)
        again = _train_now(page, server.url, runs_dir, "window.Plotly !== undefined")
        again = {f"{name}, again": seconds for name, seconds in again.items()}
        return {**first, **again, **_change_pages(page), **_preview(page, folder)}


def _train_now(page: Page, url: str, runs_dir: Path, ready: str) -> dict[str, float]:
    """Open the first page and train, as soon as it can be used and an expression in the browser holds."""
    opened = time.perf_counter()
    page.goto(url, wait_until="commit")
    button = page.locator(".st-key-train_now button")
    button.wait_for()
    _until(page, "document.querySelectorAll('.st-key-live_strip .fl-tile img').length === 8")
    usable = time.perf_counter()
    _until(page, ready)
    clicked = time.perf_counter()
    button.click()
    _until(page, "window.drawn.length > 0")
    first_point = time.perf_counter()
    app.wait_until(lambda: app.phase(page) in app.ENDED, "the run has ended", page)
    finished = time.perf_counter()
    ages = _ages(page, Run(app.run_folder(page, runs_dir)))
    return {
        "address - page usable": usable - opened,
        "click Train now - first point drawn": first_point - clicked,
        "click Train now - trained model": finished - clicked,
        "step - eye, median": float(np.median(ages)),
        "step - eye, 95th percentile": float(np.percentile(ages, 95)),
    }


def _ages(page: Page, run: Run) -> np.ndarray:
    """Seconds from each published step to the moment when it was drawn, (n,)."""
    status = run.status()
    drawn = np.array(page.evaluate("window.drawn"))  # (n, 2): time, position in epochs
    steps = np.round(drawn[:, 1] * (status.steps // status.epochs))
    published = [(row.step, row.t) for row in run.metrics() if row.split == "batch" and row.name == "loss"]
    # A step is seen with the first drawing that reaches it. Those before the first drawing waited for the page itself.
    seen = np.searchsorted(steps, [step for step, _ in published])
    pairs = [(drawn[at, 0] - t) for at, (_, t) in zip(seen, published, strict=True) if 0 < at < len(drawn)]
    return np.array(pairs)


def _change_pages(page: Page) -> dict[str, float]:
    seconds = []
    for name in ("Data", "Train", "Data", "Train"):
        began = time.perf_counter()
        page.get_by_role("link", name=name, exact=True).first.click()
        page.get_by_role("heading", name=name, exact=True).wait_for()
        seconds.append(time.perf_counter() - began)
    return {"page change": median(seconds[2:])}  # each page's first visit loads its own scripts


def _preview(page: Page, folder: Path) -> dict[str, float]:
    rng = np.random.default_rng(0)
    x_train = rng.integers(0, 256, (64, 224, 224, 3), np.uint8)
    np.savez(folder / "large.npz", x_train=x_train, y_train=np.arange(64) % 4)
    page.get_by_role("link", name="Data", exact=True).first.click()
    page.get_by_role("radio", name="NumPy file (npz)").click()
    app.enter(page, "data.path", folder / "large.npz")
    page.get_by_text("Size and colour").click()
    app.enter(page, "data.image_size", 224)
    page.get_by_text("224 × 224").first.wait_for()
    page.get_by_role("link", name="Augment", exact=True).first.click()
    page.locator(".st-key-sheet img").wait_for()
    page.wait_for_timeout(2_000)
    app.switch(page, "augment.on.rotation_range", True)
    return {
        "slider - new grid, 16 pictures of 224x224, first": _slide(page),
        "slider - new grid, 16 pictures of 224x224, later": median(_slide(page) for _ in range(5)),
    }


def _slide(page: Page) -> float:
    """Move a slider by one step; seconds until the browser has the new grid."""
    thumb = app.field(page, "augment.rotation_range").get_by_role("slider")
    before = page.locator(".st-key-sheet img").get_attribute("src")
    began = time.perf_counter()
    thumb.press("ArrowRight")
    _until(
        page,
        "() => { const image = document.querySelector('.st-key-sheet img');"
        f" return image && image.getAttribute('src') !== {before!r} && image.complete; }}",
    )
    return time.perf_counter() - began


def _until(page: Page, condition: str) -> None:
    page.wait_for_function(condition, polling="raf")
