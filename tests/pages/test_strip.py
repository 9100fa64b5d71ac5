"""The run strip: which run it shows, what it says of it, and its Stop button."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.runs.store import Run
from pages._ui import runs
from pages._ui.runs import Board, Follower
from pages._ui.texts import TEXTS
from tests.pages.conftest import go
from tests.pages.made_runs import DEVICE, make_run, publish, set_state

pytestmark = pytest.mark.usefixtures("runs_dir", "open_app")


def facts(app):
    """Name and value of each number in the strip."""
    body = "".join(element.proto.body for element in app.get("html"))
    return dict(re.findall(r'fl-fact fl-(\w+)"><small>[^<]*</small><b>([^<]*)</b>', body))


def test_before_the_first_run_there_is_no_strip(open_app):
    app = open_app()
    assert not facts(app)
    assert not [button for button in app.button if button.key == "strip_stop"]


@pytest.mark.parametrize("page", ["start", "data", "augment", "train", "watch"])
def test_the_strip_stands_on_every_page(open_app, page):
    run = make_run("running")
    app = open_app(page)
    assert not app.exception
    shown = facts(app)
    assert shown["epoch"] == "3 / 4"
    assert shown["speed"] == "812"
    assert shown["eta"] == "1 min 12 s"
    assert shown["loss"] == "0.333"
    assert shown["accuracy"] == "85.0 %"
    assert shown["device"] == DEVICE[0]
    assert any(f"run={run.run_id}" in link.proto.query_string for link in app.get("page_link"))


def test_the_run_at_work_comes_before_newer_ones_that_wait_or_have_ended(runs_dir):
    make_run("finished")
    at_work = make_run("running")
    waiting = make_run("queued")
    make_run("stopped")
    board = Board(runs.RunStore())
    assert board.current().run_id == at_work.run_id
    at_work.end("finished")
    board.look_again()
    assert board.current().run_id == waiting.run_id


def test_a_foreign_folder_is_not_the_newest_run(runs_dir):
    run = make_run("finished")
    (runs_dir / "99991231-235959-000").mkdir()
    assert Board(runs.RunStore()).current().run_id == run.run_id


def test_of_ended_runs_the_newest_is_shown_with_its_result(open_app):
    make_run("finished", done=1)
    make_run("finished", done=4, test_accuracy=0.912)
    app = open_app()
    shown = facts(app)
    assert shown["phase"] == TEXTS["watch.phase.finished"].en
    assert shown["best"] == "2"
    assert shown["accuracy"] == "90.0 %", "that of the best epoch, not of the last"
    assert shown["test"] == "91.2 %"
    assert not [button for button in app.button if button.key == "strip_stop"]


def test_stop_works_from_any_page(open_app):
    run = make_run("running")
    app = open_app("data")
    app.button(key="strip_stop").click().run()
    assert run.status().phase == "stopping"


def test_a_run_that_somebody_else_starts_appears(open_app):
    app = open_app()
    make_run("running")
    runs.board().look_again()
    go(app, "data")
    assert facts(app)["phase"] == TEXTS["watch.phase.running"].en


def test_a_title_is_shown_as_text(open_app):
    run = make_run("running")
    run.write_spec(replace(run.spec, title="<b>*my* [run](x)</b>"))
    app = open_app()
    (label,) = {link.proto.label for link in app.get("page_link") if f"run={run.run_id}" in link.proto.query_string}
    assert label.replace("\\", "") == "<b>*my* [run](x)</b>"
    assert r"\*my\*" in label


def test_ten_readers_cost_one(monkeypatch):
    run = make_run("running", done=1)
    follower = Follower(run)
    first = follower.read()
    monkeypatch.setattr(Run, "status", lambda self: pytest.fail("read again within FRESH_S"))
    for _ in range(10):
        status, curves = follower.read()
        assert status is first[0]
        assert curves is first[1]


def test_only_new_rows_are_read_and_without_news_the_curves_are_the_same(monkeypatch):
    monkeypatch.setattr(runs, "FRESH_S", 0)
    run = make_run("running", done=1)
    follower = Follower(run)
    _, one = follower.read()
    assert follower.read()[1] is one
    asked = []
    read = Run.metrics
    monkeypatch.setattr(Run, "metrics", lambda self, after_id=0: asked.append(after_id) or read(self, after_id))
    publish(run, 2)
    _, two = follower.read()
    assert min(asked) > 0
    assert len(one.get("loss", "batch").value) == 10, "what was handed out does not change"
    assert len(two.get("loss", "batch").value) == 20
    set_state(run, phase="finished")
    assert follower.read()[0].phase == "finished"
