"""The acceptance scenarios, in a real browser against a fresh server over an empty runs folder."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from engine.runs.store import Run
from tests.browser import app

pytestmark = pytest.mark.browser


def start_long_run(page, url, epochs=200):
    """From the Train page, start a run that outlasts the test; returns when its curve moves."""
    app.open_page(page, url, "train")
    app.enter(page, "training.epochs", epochs)
    app.press(page, "start")
    app.wait_until(lambda: app.n_points(page) > 3, "the curve has points", page)


def test_1_train_now(server, page):
    app.open_page(page, server.url)
    app.press(page, "train_now")
    app.wait_until(lambda: app.n_points(page) > 1, "the curve has points", page)
    before = app.n_points(page)
    app.wait_until(lambda: app.n_points(page) > before, "the curve moves", page)
    app.wait_until(lambda: app.phase(page) in app.ENDED, "the run has ended", page)
    assert app.phase(page) == "finished"
    assert app.share(app.fact(page, "accuracy")) > 0.8
    app.no_traceback(page)


def test_2_grid_follows_the_slider(shared_server, page):
    app.open_page(page, shared_server.url, "augment")
    app.switch(page, "augment.on.rotation_range", True)
    app.slide(page, "augment.rotation_range", 40)
    page.wait_for_timeout(1_000)
    original, grid = (app.image_bytes(page, f".st-key-{key}") for key in ("original", "sheet"))
    app.drag(page, "augment.rotation_range", 0.5)
    expect(app.field(page, "augment.rotation_range").get_by_role("slider")).to_have_value("90")
    app.wait_until(lambda: app.image_bytes(page, ".st-key-sheet") != grid, "the grid follows", page)
    assert app.image_bytes(page, ".st-key-original") == original
    app.no_traceback(page)


def test_3_locked_seed_repeats_the_grid(shared_server, page):
    app.open_page(page, shared_server.url, "augment")
    app.switch(page, "lock_seed", True)
    app.switch(page, "augment.on.zoom_range", True)
    grids = []
    for zoom in (0.1, 0.2, 0.1):
        app.slide(page, "augment.zoom_range", zoom)
        if grids:
            app.wait_until(lambda: app.image_bytes(page, ".st-key-sheet") != grids[-1], "the grid follows", page)
        page.wait_for_timeout(1_000)
        grids.append(app.image_bytes(page, ".st-key-sheet"))
    assert grids[0] == grids[2] != grids[1]
    expect(page.locator(".st-key-new_draw button").first).to_be_disabled()
    app.switch(page, "lock_seed", False)
    app.press(page, "new_draw")
    app.wait_until(lambda: app.image_bytes(page, ".st-key-sheet") != grids[2], "a new draw differs", page)


def test_4_training_sees_what_was_promised(server, page, runs_dir):
    app.open_page(page, server.url, "augment")
    app.switch(page, "lock_seed", True)
    app.switch(page, "augment.on.rotation_range", True)
    app.switch(page, "augment.on.shear_range", True)
    page.wait_for_timeout(5_000)  # the pictures follow once the settings rest
    promised = app.gallery(page, "first_batch")
    app.go_to(page, "Train")
    app.enter(page, "training.epochs", 1)
    app.press(page, "start")
    expect(page).to_have_url(re.compile("/watch"))
    app.wait_until(lambda: page.locator(".st-key-first_batch img").count() > 0, "the first batch is there", page)
    seen = app.gallery(page, "first_batch")
    assert len(promised) == 32
    assert seen == promised
    with np.load(app.run_folder(page, runs_dir) / "first_batch.npz") as stored:
        assert len(np.unique(stored["inputs"])) > 2


def test_8_reload_in_the_middle_of_a_run(server, page):
    start_long_run(page, server.url, epochs=30)
    app.wait_until(lambda: len(app.chart(page)[1]["x"]) >= 2, "two epochs are drawn", page)
    address, before = page.url, app.chart(page)
    page.reload()
    app.wait_until(lambda: app.n_points(page) > 0, "the curve is back", page)
    assert page.url == address
    after = app.chart(page)
    assert after[1]["x"] == list(range(1, len(after[1]["x"]) + 1)), "an epoch is missing"
    assert len(after[1]["x"]) >= len(before[1]["x"])
    assert after[1]["y"][: len(before[1]["y"])] == before[1]["y"]
    batches = np.diff(after[0]["x"])
    assert batches.min() > 0
    assert batches.max() < 1, "the curve of batches has a hole"
    app.go_to(page, "Train")
    expect(app.field(page, "training.epochs").locator("input")).to_have_value("30")
    page.reload()
    expect(app.field(page, "training.epochs").locator("input")).to_have_value("30")
    app.press(page, "strip_stop")
    app.wait_until(lambda: app.phase(page) == "stopped", "Stop works", page)


def test_9_training_goes_on_without_the_tab(server, new_window):
    first = new_window()
    start_long_run(first, server.url)
    address, epoch = first.url, int(app.fact(first, "epoch").split("/")[0])
    first.context.close()
    second = new_window()
    second.wait_for_timeout(30_000)
    second.goto(address)
    app.wait_until(lambda: app.n_points(second) > 3, "the curve is there", second)
    assert app.phase(second) == "running"
    assert int(app.fact(second, "epoch").split("/")[0]) > epoch
    before = app.n_points(second)
    app.wait_until(lambda: app.n_points(second) != before, "the curve moves", second)


def test_10_training_goes_on_without_the_server(server, page, runs_dir):
    start_long_run(page, server.url)
    run = Run(app.run_folder(page, runs_dir))
    address, step = page.url, run.status().step
    server.kill()
    app.wait_until(lambda: run.status().step > step, "the run goes on alone", page)
    server.start()
    page.goto(address)
    app.wait_until(lambda: app.n_points(page) > 3, "the curve is there", page)
    assert app.phase(page) == "running"
    app.press(page, "strip_stop")
    app.wait_until(lambda: app.phase(page) == "stopped", "Stop works", page)
    assert {"best.safetensors", "last.safetensors"} <= {path.name for path in (run.folder / "checkpoints").iterdir()}
    app.no_traceback(page)
