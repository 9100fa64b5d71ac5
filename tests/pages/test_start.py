"""Start: the button starts exactly what the strip shows."""

from __future__ import annotations

from dataclasses import replace

from engine.runs.store import RunStore
from engine.spec import RunSpec
from pages._ui import quick_start
from tests.pages.conftest import texts


def test_train_now_starts_a_run_and_watches_it(open_app, runs_dir):
    app = open_app()
    app.button(key="train_now").click().run()
    assert not app.exception
    (run,) = RunStore().list()
    assert app.query_params["run"] == run.run_id
    spec = run.spec
    assert (spec.data.source, spec.training.network) == ("shapes", "small_cnn")
    assert (spec.augment.rotation_range, spec.augment.zoom_range, spec.augment.width_shift_range) == (10.0, 0.1, 0.1)
    assert spec.mode == "fit_generator"


def test_sliders_are_trained_with_and_kept(open_app, runs_dir):
    app = open_app()
    app.slider(key="start.shift").set_value(0.3).run()
    draft = app.query_params["draft"]
    again = open_app(draft=draft)
    assert again.slider(key="start.shift").value == 0.3
    again.button(key="train_now").click().run()
    spec = RunStore().list()[0].spec
    assert (spec.augment.width_shift_range, spec.augment.height_shift_range) == (0.3, 0.3)


def test_two_tabs_with_one_draft_show_the_same_sliders(open_app):
    first = open_app()
    second = open_app(draft=first.query_params["draft"])
    first.slider(key="start.shift").set_value(0.3).run()
    second.slider(key="start.rotation").set_value(90.0).run()
    assert second.slider(key="start.shift").value == 0.3
    assert first.run().slider(key="start.rotation").value == 90
    assert not first.exception
    assert not first.warning


def test_settings_prepared_elsewhere_stay_untouched(open_app, runs_dir):
    draft = open_app("data").query_params["draft"]
    data = open_app("data", draft=draft)
    data.text_input(key="data.n_pictures").set_value("240").run()
    app = open_app(draft=draft)
    app.slider(key="start.rotation").set_value(90.0).run()
    app.button(key="train_now").click().run()
    spec = RunStore().list()[0].spec
    assert spec.data == RunSpec().data
    assert spec.training == replace(RunSpec().training, epochs=quick_start.EPOCHS)
    assert app.session_state["draft"].data.n_pictures == 240
    assert app.session_state["draft"].augment.rotation_range == 10


def test_past_runs_stand_on_the_page(open_app, runs_dir):
    assert "Nothing trained yet" in texts(open_app())
    RunStore().create(RunSpec(title="My *own* run"))
    app = open_app()
    assert "Nothing trained yet" not in texts(app)
    assert "Waiting" in texts(app)


def test_damaged_run_does_not_break_the_page(open_app, runs_dir):
    run = RunStore().create(RunSpec())
    (run.folder / "spec.json").write_text("{")
    (run.folder / "run.db").write_bytes(b"not a database")
    app = open_app()
    assert not app.exception
    assert "Failed" in texts(app)


def test_a_full_disk_is_a_sentence(open_app, runs_dir, monkeypatch):
    app = open_app()
    monkeypatch.setattr(RunStore, "_make", lambda *_: (_ for _ in ()).throw(OSError("No space left on device")))
    app.button(key="train_now").click().run()
    assert not app.exception
    assert "No space left on device" in app.error[0].value


def test_strip_shows_every_class_once():
    images, names = quick_start._pictures()
    assert images.shape == (8, 32, 32, 3)
    assert len(set(names)) == 8
