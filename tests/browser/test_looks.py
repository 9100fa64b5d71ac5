"""Every page in every look: light, dark, on a phone, in Chinese; nothing scrolls sideways, nothing fails unseen."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from engine.runs.store import RunStore
from engine.spec import RunSpec, TrainSpec
from tests.browser import app

pytestmark = pytest.mark.browser

PAGES = ("", "data", "augment", "train", "watch")
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "chinese": {"locale": "zh-CN"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_page(shared_server, new_window, look):
    page = new_window(**LOOKS[look])
    failures = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    # Streamlit's client looks for its server beneath a page's address first, finds nothing there, and looks above.
    page.on(
        "response",
        lambda answer: failures.append(answer.url) if answer.status >= 400 and "/_stcore/" not in answer.url else None,
    )
    for name in PAGES:
        app.open_page(page, shared_server.url, name)
        page.wait_for_timeout(1_000)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        app.no_traceback(page)
        width, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= inner, f"{name or 'start'} scrolls sideways"
    assert not failures


def test_the_ends_of_a_slider_in_use_cover_no_caption(shared_server, new_window):
    for look in ("light", "phone"):
        page = new_window(**LOOKS[look])
        app.open_page(page, shared_server.url, "augment")
        slider = app.field(page, "augment.rotation_range")
        slider.get_by_role("slider").focus()
        ends = slider.get_by_test_id("stSliderTickBar").bounding_box()
        caption = page.locator(".st-key-transforms").get_by_test_id("stCaptionContainer").first.bounding_box()
        assert ends["y"] + ends["height"] <= caption["y"] + 0.5, look


def test_on_a_phone_no_label_of_the_strip_is_cut_and_a_run_stands_together(server, new_window):
    for epochs in (17, 23):
        RunStore().begin(RunSpec(title=f"{epochs} epochs", training=TrainSpec(epochs=epochs)))
    page = new_window(**LOOKS["phone"])
    app.open_page(page, server.url, "watch")
    expect(app.field(page, "strip").locator(".fl-speed")).to_be_visible()
    cut = page.locator(".fl-fact small").evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth)")
    assert not cut
    rows = app.field(page, "runs").get_by_test_id("stHorizontalBlock")
    names, facts = rows.locator("a"), rows.get_by_test_id("stCaptionContainer")
    above, said, below = names.nth(0).bounding_box(), facts.nth(0).bounding_box(), names.nth(1).bounding_box()
    assert said["y"] - above["y"] < below["y"] - said["y"], "what is said of a run stands closer to the next one"


def test_links_show_the_keyboards_place(shared_server, page):
    app.open_page(page, shared_server.url, "train")
    for name in ("Data", "Change the data"):
        link = page.get_by_role("link", name=name, exact=True).first
        link.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        expect(link).to_be_focused()
        expect(link).to_have_css("outline-style", "solid")


def test_language_switch_is_kept(shared_server, page):
    app.open_page(page, shared_server.url)
    english = page.get_by_role("heading", level=1).inner_text()
    app.press(page, "switch_language")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(english)
    chinese = page.get_by_role("heading", level=1).inner_text()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(chinese)


def test_choices_stay_chosen_in_another_language(server, page):
    app.open_page(page, server.url, "train")
    app.field(page, "training.network").locator("label", has_text="MLP").first.click()
    chosen = app.field(page, "training.network").locator("input:checked")
    for other, name in (("English", "多层感知机"), ("中文", "MLP")):
        app.press(page, "switch_language")
        expect(app.field(page, "switch_language")).to_contain_text(other)
        expect(chosen.locator("xpath=ancestor::label")).to_contain_text(name)
    app.press(page, "start")
    app.wait_until(lambda: "/watch" in page.url, "the run starts", page)
    assert json.loads((app.run_folder(page, server.runs_dir) / "spec.json").read_text())["training"]["network"] == "mlp"


def test_two_browsers_share_the_device_but_no_form(server, new_window):
    first, second = new_window(), new_window()
    for window, epochs in ((first, 100), (second, 2)):
        app.open_page(window, server.url, "train")
        app.enter(window, "training.epochs", epochs)
    expect(app.field(first, "training.epochs").locator("input")).to_have_value("100")
    app.press(first, "start")
    app.wait_until(lambda: app.n_points(first) > 1, "the first run trains", first)
    app.press(second, "start")
    app.wait_until(lambda: second.locator(".st-key-watched .fl-phase-queued").count(), "the second waits", second)
    assert second.locator(".st-key-watched .fl-place b").inner_text() == "1"
    app.press(first, "strip_stop")
    app.wait_until(lambda: app.n_points(second) > 1, "the second starts by itself", second)
    app.no_traceback(second)


def test_what_was_opened_stays_open_when_something_appears_above(shared_server, page):
    def wait_for(key):
        app.wait_until(app.field(page, key).is_visible, f"{key} is there", page)

    app.open_page(page, shared_server.url, "data")
    page.get_by_role("radio", name="NumPy file (npz)").click()
    wait_for("data.path")
    page.get_by_text("Size and colour").click()
    wait_for("data.image_size")
    app.enter(page, "data.path", "/nowhere.npz")
    wait_for("read_again")
    page.wait_for_timeout(1_000)
    expect(app.field(page, "data.image_size")).to_be_visible()
