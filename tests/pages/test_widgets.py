"""Widgets from the catalog: wrong entries get a sentence beside them, and the draft keeps its last good value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import catalog
from engine.spec import TrainSpec
from pages._ui import widgets
from tests.pages.conftest import go


@pytest.mark.parametrize("entry", ["many", "", "12.5", "-3", "999999999", "nan", "1e99", "𝟙0 pictures"])
def test_wrong_number_is_answered_and_not_taken(open_app, entry):
    app = open_app("data")
    app.text_input(key="data.n_pictures").set_value("240").run()
    app.text_input(key="data.n_pictures").set_value(entry).run()
    assert not app.exception
    assert len(app.error) == 1
    assert "Number of pictures" in app.error[0].value
    assert app.text_input(key="data.n_pictures").value == entry, "the entry must stay, to be corrected"
    assert app.session_state["draft"].data.n_pictures == 240
    app.text_input(key="data.n_pictures").set_value("300").run()
    assert not app.error
    assert app.session_state["draft"].data.n_pictures == 300


def test_error_speaks_the_visitors_language(open_app):
    app = open_app("data")
    app.text_input(key="data.seed").set_value("x").run()
    app.button(key="switch_language").click().run()
    assert "需要随机种子" in app.error[0].value


def test_error_between_two_settings_goes_when_the_other_gives_way(open_app):
    app = open_app("data")
    app.slider(key="data.test_fraction").set_value(0.5).run()
    app.slider(key="data.validation_fraction").set_value(0.45).run()
    assert "90" in app.error[0].value
    assert app.session_state["draft"].data.validation_fraction == 0.15
    app.slider(key="data.test_fraction").set_value(0.2).run()
    assert not app.error
    assert app.session_state["draft"].data.validation_fraction == 0.45


@pytest.mark.parametrize("entry", ["9" * 4000, "x" * 4000])
def test_a_very_long_entry_is_not_repeated_in_full(open_app, entry):
    app = open_app("data")
    app.text_input(key="data.seed").set_value(entry).run()
    assert not app.exception
    assert len(app.error[0].value) < 400


def test_typed_text_never_becomes_markup(open_app):
    app = open_app("data")
    app.text_input(key="data.seed").set_value("**7** [x](http://y)").run()
    assert r"\*\*7\*\*" in app.error[0].value


@pytest.mark.parametrize(
    ("param", "entry", "value"),
    [
        (catalog.DATA["seed"], " 12 ", 12),
        (catalog.DATA["seed"], "1e3", 1000.0),
        (catalog.AUGMENT["zoom_range"], 0.15000000000000002, 0.15),
        (catalog.DATA["path"], " /home/me ", "/home/me"),
        (catalog.DATA["path"], '"C:\\my pictures"', "C:\\my pictures"),
        (catalog.DATA["path"], "'/home/me/it's'", "/home/me/it's"),
        (catalog.DATA["path"], '"', '"'),
        (catalog.DATA["seed"], "seven", "seven"),
    ],
)
def test_parse(param, entry, value):
    assert widgets.parse(param, entry) == value


def test_slider_shows_as_many_decimals_as_it_has_steps():
    formats = {name: widgets.number_format(param) for name, param in catalog.TRANSFORMS.items()}
    assert formats["rotation_range"] == "%.0f"
    assert formats["shear_range"] == "%.1f"
    assert formats["zoom_range"] == "%.2f"


@pytest.mark.parametrize("page", ["start", "data", "augment", "train"])
def test_a_browser_that_draws_only_the_last_of_two_runs_shows_all_values(open_app, page):
    app = open_app(page)
    app.session_state["draft"] = replace(app.session_state["draft"], training=TrainSpec(epochs=3, optimizer="sgd"))
    go(app, page)  # a new page, so that each widget is new to the browser
    app.run()
    shown = [(w, w.proto.set_value, w.proto.default) for kind in VALUED for w in app.get(kind)]
    assert shown
    for widget, is_set, default in shown:
        if not is_set:
            assert _value(widget, default) == widget.value, widget.key


def test_choices_are_sent_again_in_another_language(open_app):
    app = open_app("train")
    app.button(key="switch_language").click().run()
    for widget in (*app.radio, *app.selectbox):
        assert widget.proto.set_value, f"the browser knows {widget.key} by a label of the other language"
    app.run()
    assert not any(widget.proto.set_value for widget in (*app.radio, *app.selectbox))


VALUED = "text_input", "slider", "toggle", "selectbox", "radio", "button_group"


def _value(widget, default):
    """What the browser shows, from what it was sent."""
    if isinstance(default, bool | str):
        return default
    if isinstance(default, int):
        return _named(widget)[default]
    values = list(default)
    return values[0] if widget.type == "slider" else _named(widget)[values[0]]


def _named(widget):
    """The choices by the names the program has for them."""
    part, name = widget.key.split(".")
    return list(getattr(catalog, part.upper())[name].choices)
