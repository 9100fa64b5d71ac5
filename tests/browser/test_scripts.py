"""A program of one's own, watched live in the app and stopped there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import pytest
from playwright.sync_api import expect

from engine.paths import PROJECT
from engine.runs.store import RunStore
from tests.browser.app import no_traceback, open_page, press

pytestmark = pytest.mark.browser

PROGRAM = """
import time
import numpy as np
from torch import nn
from engine import Model, callbacks

rng = np.random.default_rng(0)
x = rng.normal(size=(200, 8)).astype("float32")
y = x[:, :1] * 2
model = Model(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1)))
model.compile("adam", "mse", ["mae"])
slow = callbacks.LambdaCallback(on_train_batch_end=lambda *_: time.sleep(0.02))
history = model.fit(x, y, epochs=500, validation_split=0.2, verbose=2, callbacks=[slow])
print("The program goes on after", len(history.epoch), "epochs.")
"""


def test_a_script_is_watched_live_and_stopped_from_the_page(server, page, tmp_path, runs_dir):
    open_page(page, server.url)  # the app is open, and so knows its own address
    (tmp_path / "mine.py").write_text(PROGRAM)
    script = subprocess.Popen(
        [sys.executable, "-u", str(tmp_path / "mine.py")],
        env={**os.environ, "FITLAB_RUNS": str(runs_dir), "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = re.search(r"http://\S+", script.stdout.readline()).group()
        assert address.startswith(f"{server.url}/watch?run=")
        page.goto(address)
        expect(page.get_by_role("heading", name="mine.py · Sequential")).to_be_visible()
        expect(page.locator(".js-plotly-plot")).to_have_count(2)
        expect(page.get_by_text("mae", exact=True).first).to_be_visible()
        (run,) = RunStore(runs_dir).list()
        deadline = time.monotonic() + 60
        while run.status().epoch < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        press(page, "strip_stop")
        output, _ = script.communicate(timeout=60)
        assert "The program goes on after" in output
        assert script.returncode == 0
        expect(page.get_by_text("The program has the weights, and goes on.")).to_be_visible(timeout=30_000)
        no_traceback(page)
    finally:
        script.kill()
        script.wait()
