"""A long watch: after minutes of a run the memory of server and page, and the page's nodes, are as they were."""

from __future__ import annotations

import os

import pytest

from tests.browser import app

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(4_000)]

MINUTES = float(os.environ.get("FITLAB_SOAK_MINUTES", 5))
SERVER_GROWTH_BYTES = 60 * 2**20
"""For a whole watch: the shared curves of a run grow with its rows, a leak grows with every tick of every tab."""


def test_watching_for_minutes_leaves_memory_flat(server, new_window):
    windows = [new_window(), new_window()]
    app.open_page(windows[0], server.url, "train")
    app.enter(windows[0], "training.epochs", 1_000)
    app.press(windows[0], "start")
    app.wait_until(lambda: app.n_points(windows[0]) > 3, "the curve has points", windows[0])
    windows[1].goto(windows[0].url)
    windows[1].wait_for_timeout(30_000)

    process = next(each for each in server.processes() if "streamlit" in each.cmdline())
    began, cpu = _measure(process, windows), process.cpu_times()
    for _ in range(round(MINUTES * 6)):
        windows[0].wait_for_timeout(10_000)
    ended, cpu_after = _measure(process, windows), process.cpu_times()

    busy_s = cpu_after.user + cpu_after.system - cpu.user - cpu.system
    print(f"{MINUTES:g} minutes, {len(windows)} tabs: {began} -> {ended}; server {busy_s / MINUTES / 60:.1%} of a core")
    assert all(app.phase(window) == "running" for window in windows)
    assert ended["server"] - began["server"] < SERVER_GROWTH_BYTES
    assert ended["files"] <= began["files"] + 5
    assert ended["nodes"] <= began["nodes"] * 1.2
    assert ended["heap"] <= began["heap"] * 1.5


def _measure(process, windows):
    """Bytes of the server, its open files, and nodes and heap bytes of the tabs after a collection."""
    found = {"server": process.memory_info().rss, "files": process.num_fds(), "nodes": 0, "heap": 0}
    for window in windows:
        session = window.context.new_cdp_session(window)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        # Each finished epoch is drawn as a point of its own, up to the thousand that a chart shows: news, no leak.
        found["nodes"] += metrics["Nodes"] - window.evaluate("document.querySelectorAll('.live-chart .point').length")
        found["heap"] += metrics["JSHeapUsedSize"]
        session.detach()
    return found
