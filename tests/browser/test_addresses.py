"""The address of a run: whatever leads to the run, a reload, Back and the buttons on it find the same run again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from engine.runs.store import RunStore
from engine.spec import RunSpec, TrainSpec
from tests.browser import app

pytestmark = pytest.mark.browser


def ended_run(title, epochs):
    run = RunStore().begin(RunSpec(title=title, training=TrainSpec(epochs=epochs)))
    run.end("finished")
    return run.run_id


def test_a_run_opened_on_watch_itself_has_its_address(server, page):
    first, second = ended_run("The first", 17), ended_run("The second", 23)
    heading = page.get_by_role("heading", level=1)
    app.open_page(page, server.url, "watch")
    page.get_by_role("link", name="The first").click()
    expect(heading).to_have_text("The first")
    expect(page).to_have_url(re.compile(f"/watch.*run={first}"))
    page.reload()
    expect(heading).to_have_text("The first")
    page.go_back()
    expect(page.get_by_role("link", name="The first")).to_be_visible()
    page.go_forward()
    expect(heading).to_have_text("The first")
    page.locator(".st-key-strip").get_by_role("link", name="The second").click()
    expect(heading).to_have_text("The second")
    expect(page).to_have_url(re.compile(f"/watch.*run={second}"))
    page.get_by_role("button", name="Train again").click()
    expect(page).to_have_url(re.compile("/train"))
    expect(app.field(page, "training.epochs").locator("input")).to_have_value("23")
