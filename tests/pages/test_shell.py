"""What stands around every page: each page in each language, the language switch, drafts that outlive a session."""

from __future__ import annotations

import pytest

from engine.texts import LANGUAGES
from pages._ui import shell, state, warm_up
from pages._ui.texts import TEXTS
from tests.pages.conftest import go, texts


def test_every_page_in_every_language(open_app):
    app = open_app()
    for language in LANGUAGES:
        if state_language(app) != language:
            app.button(key="switch_language").click().run()
        for page in shell.PAGES:
            go(app, page)
            assert not app.exception, (page, language)
            assert len(app.title) == 1, page


def state_language(app):
    return app.session_state["choices"].get("language", "en")


def test_language_switch_keeps_page_and_is_kept(open_app):
    app = open_app("data")
    app.button(key="switch_language").click().run()
    assert app.title[0].value == TEXTS["data.title"].zh
    again = open_app("data", draft=app.query_params["draft"])
    assert again.title[0].value == TEXTS["data.title"].zh


def test_browser_language_is_the_first_choice(open_app, monkeypatch):
    monkeypatch.setattr(type(state.st.context), "locale", property(lambda _: "zh-TW"))
    assert open_app().title[0].value == TEXTS["start.title"].zh


def test_draft_outlives_reload(open_app):
    app = open_app("data")
    app.text_input(key="data.n_pictures").set_value("240").run()
    draft = app.query_params["draft"]
    assert open_app("data", draft=draft).text_input(key="data.n_pictures").value == "240"


def test_two_visitors_share_nothing(open_app):
    first, second = open_app("data"), open_app("data")
    first.text_input(key="data.n_pictures").set_value("320").run()
    assert second.run().text_input(key="data.n_pictures").value == "4000"
    assert first.query_params["draft"] != second.query_params["draft"]


def test_two_tabs_with_one_draft_do_not_undo_each_other(open_app):
    first = open_app("data")
    first.text_input(key="data.n_pictures").set_value("240").run()
    second = open_app("data", draft=first.query_params["draft"])
    first.text_input(key="data.n_pictures").set_value("320").run()
    second.text_input(key="data.seed").set_value("5").run()
    assert second.text_input(key="data.n_pictures").value == "320"
    assert first.run().text_input(key="data.seed").value == "5"
    assert first.text_input(key="data.n_pictures").value == "320"


@pytest.mark.parametrize("place", ["file/runs", "closed"])
def test_a_runs_folder_that_cannot_be_used_is_a_sentence(open_app, tmp_path, monkeypatch, place):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "closed").mkdir()
    monkeypatch.setenv("FITLAB_RUNS", str(tmp_path / place))
    if place == "closed":
        monkeypatch.setattr(shell.os, "access", lambda *_: False)  # the tests may run as root, who may write anywhere
    app = open_app()
    assert not app.exception
    assert "FITLAB_RUNS" in app.error[0].value.replace("\\", "")


def test_a_full_disk_does_not_take_the_page_away(open_app, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    app = open_app("data")
    app.text_input(key="data.n_pictures").set_value("240").run()
    monkeypatch.setattr(state.os, "replace", refuse)
    app.text_input(key="data.seed").set_value("5").run()
    assert not app.exception
    assert app.text_input(key="data.seed").value == "5"
    assert app.text_input(key="data.n_pictures").value == "240"


def test_draft_stays_in_the_address_over_page_switches(open_app):
    app = open_app()
    draft = app.query_params["draft"]
    assert go(app, "data").query_params["draft"] == draft


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x" * 500, "0123456789ag"])
def test_strange_draft_name_gives_a_new_draft(open_app, name):
    app = open_app(draft=name)
    assert not app.exception
    assert app.query_params["draft"] != name


@pytest.mark.parametrize("stored", ["", "{", "[]", '{"spec": {"data": {"epochs": 3}}, "choices": {}}', '{"spec": 5}'])
def test_damaged_draft_gives_the_defaults(open_app, stored):
    app = open_app("data")
    app.text_input(key="data.n_pictures").set_value("240").run()
    draft = app.query_params["draft"]
    with open(state._file(draft), "w") as file:
        file.write(stored)
    again = open_app("data", draft=draft)
    assert not again.exception
    assert again.text_input(key="data.n_pictures").value == "4000"


def test_no_page_shows_a_key_instead_of_a_text(open_app):
    app = open_app()
    for page in shell.PAGES:
        go(app, page)
        assert not [key for key in TEXTS if key in texts(app)], page


def test_page_asked_for_first_is_not_left_alone(open_app, monkeypatch):
    app = open_app("data")
    monkeypatch.undo()  # a new server, to which AppTest's forgetfulness amounts, knows no navigation yet
    monkeypatch.setattr(warm_up, "start", lambda: None)
    app.run()
    assert not app.exception
    assert app.button(key="switch_language")
    assert len(app.title) == 1
