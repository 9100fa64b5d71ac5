"""The live chart in a real browser: one node for the whole run, so that zoom and picture survive every update."""

from __future__ import annotations

import pytest

from tests.browser import app
from tests.pages.made_runs import make_run, publish, set_state

pytestmark = pytest.mark.browser

CHART = "document.querySelector('.live-chart')"
# Counts frames in which the chart is another node than at first, or shows no line.
COUNT_FRAMES = f"""() => {{
    const first = {CHART};
    window.frames_ = {{all: 0, bad: 0}};
    const look = () => {{
        const line = first.querySelector('.main-svg .trace path');
        window.frames_.all += 1;
        window.frames_.bad += {CHART} !== first || !line;
        requestAnimationFrame(look);
    }};
    look();
}}"""


@pytest.fixture
def running(server, monkeypatch):
    """A run with two epochs behind it, which this process works on."""
    monkeypatch.setattr("engine.runs.store.ensure", lambda *_: None)
    return make_run("running", done=2)


def ranges(page):
    return page.evaluate(f"[...{CHART}.layout.xaxis.range, ...{CHART}.layout.yaxis.range]")


def zoom(page):
    """Drag over the middle of the first chart."""
    box = page.locator(".live-chart .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    page.mouse.up()


def n_epochs(page):
    return page.evaluate(f"{CHART}.data[2].x.length")


def test_zoom_survives_updates_and_the_end_of_the_run(running, server, page):
    page.goto(f"{server.url}/watch?run={running.run_id}")
    app.wait_until(lambda: app.n_points(page) > 0, "the curve is there", page)
    before = ranges(page)
    zoom(page)
    app.wait_until(lambda: ranges(page) != before, "the zoom takes effect", page)
    zoomed = ranges(page)
    page.evaluate(COUNT_FRAMES)
    for epoch in (3, 4):
        publish(running, epoch)
        app.wait_until(lambda epoch=epoch: n_epochs(page) == epoch, "the epoch is drawn", page)
        assert ranges(page) == zoomed
    set_state(running, phase="finished")
    app.wait_until(lambda: app.phase(page) == "finished", "the page sees the end", page)
    page.wait_for_timeout(1_000)
    assert ranges(page) == zoomed
    frames = page.evaluate("window.frames_")
    assert frames["all"] > 10
    assert frames["bad"] == 0
    page.locator(".live-chart .nsewdrag").first.dblclick()
    app.wait_until(lambda: ranges(page)[0] == 0, "a double click shows all again", page)
    app.no_traceback(page)


def test_a_chart_follows_the_theme_and_says_in_words_what_it_shows(running, server, page):
    page.emulate_media(color_scheme="light")
    page.goto(f"{server.url}/watch?run={running.run_id}")
    app.wait_until(lambda: app.n_points(page) > 0, "the curve is there", page)
    light = page.evaluate(f"{CHART}.data[1].line.color")
    assert "validation 0.400" in page.locator(".live-chart").first.get_attribute("aria-label")
    page.emulate_media(color_scheme="dark")
    app.wait_until(lambda: page.evaluate(f"{CHART}.data[1].line.color") != light, "the colours change", page)
    assert page.evaluate(f"{CHART}.data[0].line.color") == page.evaluate(f"{CHART}.data[1].line.color")
