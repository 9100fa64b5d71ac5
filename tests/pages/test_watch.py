"""The Watch page in every phase of a run, in both languages, and when the address is wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from engine.runs.database import RunWriter
from engine.runs.status import AT_WORK, ENDED
from engine.runs.store import RunStore
from engine.spec import RunSpec, ScriptCall
from engine.texts import ERRORS
from pages._ui import numbers, pictures, run_charts, run_report, runs
from pages._ui.texts import TEXTS
from tests.pages.conftest import texts
from tests.pages.made_runs import CLASSES, make_run, publish, set_state

pytestmark = pytest.mark.usefixtures("runs_dir", "open_app")


@pytest.fixture
def watch(open_app):
    """Opens the Watch page of a run."""

    def open_(run_id, language="en"):
        app = open_app()
        if language == "zh":
            app.button(key="switch_language").click().run()
        app.switch_page("pages/watch.py")
        app.query_params["run"] = run_id
        return app.run()

    return open_


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("phase", ["queued", *AT_WORK, *ENDED])
def test_every_phase_is_shown_without_an_error(watch, phase, language):
    run = make_run(phase)
    app = watch(run.run_id, language)
    assert not app.exception
    assert runs.follow(run).read()[0].phase == phase
    assert TEXTS[f"watch.phase.{phase}"](language) in strip_of(app)
    assert len(app.get("bidi_component")) >= 2


def strip_of(app):
    return "".join(element.proto.body for element in app.get("html"))


def test_a_waiting_run_says_its_place(watch):
    make_run("queued")
    second = make_run("queued")
    assert "as number 2 in the queue" in texts(watch(second.run_id))


@pytest.mark.parametrize("stage", ["data", "network"])
def test_a_starting_run_says_what_it_does(watch, stage):
    app = watch(make_run("starting", done=0, stage=stage).run_id)
    assert TEXTS[f"watch.says.{stage}"].en in texts(app)


@pytest.mark.parametrize("phase", ["failed", "lost"])
def test_a_broken_run_says_why_shows_its_log_and_what_is_kept(watch, phase):
    run = make_run(phase)
    app = watch(run.run_id)
    assert len(app.error) == 1
    assert TEXTS["watch.kept_no_weights"].en.partition(",")[0] in texts(app)  # such a made run has no checkpoint
    assert any("the last line of the log" in code.value for code in app.code)
    assert app.expander[0].proto.expanded
    assert str(run.folder) in texts(app).replace("\\", "")


def test_the_log_is_sent_to_who_opens_it(watch):
    """Showing code makes the browser load what takes longer than the first curve."""
    run = make_run("running")
    app = watch(run.run_id)
    assert not app.code
    app.session_state[f"log_{run.run_id}_False"] = True  # as the browser says that it was opened
    assert any("the last line of the log" in code.value for code in app.run().code)


def test_a_finished_run_says_how_good_it_is(watch):
    app = watch(make_run("finished", done=4, test_accuracy=0.912).run_id)
    assert "the network of epoch 2 names **90.0 %** right" in texts(app)
    assert "**91.2 %**" in texts(app)
    assert "Early stopping" not in texts(app)


def test_a_run_that_ended_early_says_so(watch):
    assert "Early stopping ended it after epoch 3 of 4" in texts(watch(make_run("finished", done=3).run_id))


def test_a_run_stopped_in_its_first_epoch_claims_no_best_weights(watch):
    app = watch(make_run("stopped", done=0, step=3, epoch=1).run_id)
    assert TEXTS["watch.says.stopped_in_first"].en.format(epoch=1, epochs=4) in texts(app)
    assert "the best and the last weights" in texts(watch(make_run("stopped", done=2).run_id))


def test_a_run_that_ended_promises_no_first_batch(watch):
    app = watch(make_run("failed", done=0).run_id)
    assert TEXTS["watch.first_batch.never"].en in texts(app)
    assert TEXTS["watch.first_batch.none"].en not in texts(app)


def test_an_unknown_run_is_a_sentence_and_the_way_to_others(watch):
    known = make_run("finished")
    app = watch("20200101-000000-000")
    assert not app.exception
    assert "20200101" in app.error[0].value
    assert any(f"run={known.run_id}" in link.proto.query_string for link in app.get("page_link"))


@pytest.mark.parametrize("hostile", ["../../etc", "..", ".fitlab", "a/b", "%00", "a" * 3000, "猫" * 200])
def test_a_hostile_run_id_is_a_sentence_too(watch, hostile):
    app = watch(hostile)
    assert not app.exception
    assert len(app.error) == 1


def test_without_a_run_in_the_address_all_runs_are_listed(open_app):
    run = make_run("finished")
    app = open_app("watch")
    assert not app.exception
    assert any(f"run={run.run_id}" in link.proto.query_string for link in app.get("page_link"))
    assert "Validation accuracy 90.0 %" in texts(app), "that of the best epoch, as everywhere else"


def test_a_damaged_run_is_a_sentence(watch):
    run = make_run("finished")
    run.database.write_bytes(b"no database")
    (run.folder / "spec.json").write_text("{")
    app = watch(run.run_id)
    assert not app.exception
    assert len(app.error) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_run_without_its_database_says_what_is_missing_and_what_to_do(watch, language):
    run = make_run("finished", done=4)
    for file in run.folder.glob("run.db*"):
        file.unlink()
    app = watch(run.run_id, language)
    assert not app.exception
    sentence = ERRORS["runs.database_gone"](language, path=str(run.database))
    assert [error.value.replace("\\", "") for error in app.error] == [sentence]
    assert "0 / 0" not in strip_of(app)
    assert TEXTS["watch.kept_no_weights"](language, folder=run.folder) not in texts(app).replace("\\", "")


def test_stop_is_asked_for_at_once_and_asks_nothing(watch):
    run = make_run("running")
    app = watch(run.run_id)
    app.button(key="strip_stop").click().run()
    assert run.status().phase == "stopping"
    assert app.button(key="strip_stop").disabled


def test_a_run_that_the_strip_does_not_show_has_its_own_line_and_stop(watch):
    make_run("running")
    waiting = make_run("queued")
    app = watch(waiting.run_id)
    app.button(key="watched_stop").click().run()
    assert waiting.status().phase == "stopped"


def test_the_page_follows_a_run_to_its_end(watch, monkeypatch):
    monkeypatch.setattr(runs, "FRESH_S", 0)
    run = make_run("running", done=1)
    app = watch(run.run_id)
    assert app.get("download_button")
    assert not [button for button in app.button if button.label == TEXTS["watch.again"].en]
    publish(run, 2)
    set_state(run, phase="finished")
    app.run()
    assert TEXTS["watch.phase.finished"].en in strip_of(app)
    assert [button for button in app.button if button.label == TEXTS["watch.again"].en]


def test_a_run_that_learnt_nothing_is_no_success(watch):
    run = make_run("finished", done=4)
    assert not watch(run.run_id).warning
    run.write_spec(replace(run.spec, manifest={"class_names": ["one"]}))  # whose guesses are always right
    assert "no better than guessing among 1 classes" in watch(run.run_id).warning[0].value


def test_train_again_takes_the_settings_along(watch):
    run = make_run("finished", done=4)
    run.write_spec(replace(run.spec, training=replace(run.spec.training, optimizer="sgd", learning_rate=0.003)))
    app = watch(run.run_id)
    next(button for button in app.button if button.label == TEXTS["watch.again"].en).click().run()
    assert app.title[0].value == TEXTS["train.title"].en
    assert app.session_state["draft"].training == run.spec.training
    assert app.session_state["draft"].manifest is None


def test_the_first_batch_is_shown_as_stored(watch, monkeypatch):
    shown = {}
    monkeypatch.setattr(pictures, "gallery", lambda key, tiles, **_: shown.update({key: tiles}))
    watch(make_run("running").run_id)
    assert [tile.name for tile in shown["first_batch"]] == [CLASSES[k % 2] for k in range(6)]


def test_the_row_marked_best_is_the_starred_epoch():
    run = make_run("finished", done=4)
    rows = list(csv.DictReader(io.StringIO(run_report.csv(run))))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    (best,) = (row for row in rows if row["best"] == "1")
    status, curves = runs.follow(run).read()
    assert best["epoch"] == str(status.best_epoch) == "2"
    assert float(best["val_loss"]) == status.best_value == curves.at_epoch("loss", "validation", status.best_epoch)
    assert float(best["val_loss"]) == min(float(row["val_loss"]) for row in rows)
    assert numbers.percent(float(best["val_accuracy"])) == "90.0 %"


def _script_run(epochs=4, done=2, phase="finished"):
    """The run of a script that has neither validation nor accuracy."""
    call = ScriptCall("mine.py", "Encoder", "fit_generator", "AdamW", 0.0005, epochs)
    run = RunStore().begin(RunSpec(script=call))
    writer = RunWriter(run.database)
    writer.set_state(epochs=epochs, steps=epochs * 5, epoch=done, step=done * 5)
    for epoch in range(1, done + 1):
        writer.add_step(epoch * 5, epoch, {"loss": 1.0, "mae": 2.0, "r2": 0.5, "learning_rate": 0.0005})
        writer.add_epoch(epoch * 5, epoch, "train", {"loss": 1.0, "mae": 2.0, "r2": 0.5})
        writer.add_epoch(epoch * 5, epoch, "validation", {"mae": 2.5})
    writer.close()
    if phase in ENDED:
        run.end(phase)
    else:
        set_state(run, phase=phase)
    return run


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("phase", ["running", "stopping", "finished", "stopped"])
def test_the_run_of_a_script_says_whose_it_is(watch, phase, language):
    app = watch(_script_run(phase=phase).run_id, language)
    assert not app.exception
    assert app.title[0].value.replace("\\", "") == "mine.py · Encoder"
    for text in ("mine.py", "AdamW", "0.0005", "fit_generator"):
        assert text in texts(app).replace("\\", "")
    assert TEXTS["watch.first_batch"](language) not in texts(app)
    # It cannot be repeated from here.
    assert TEXTS["watch.again"](language) not in [button.label for button in app.button]


def test_every_metric_of_a_script_has_its_chart_and_its_column(watch):
    run = _script_run()
    status, curves = runs.follow(run).read()
    assert run_charts._names(status, curves) == ["loss", "mae", "r2"]
    assert len(watch(run.run_id).get("bidi_component")) >= 3
    rows = list(csv.DictReader(io.StringIO(run_report.csv(run))))
    assert [(row["mae"], row["r2"], row["val_mae"]) for row in rows] == [("2.0", "0.5", "2.5")] * 2


def test_what_a_stopped_script_leaves_is_not_promised(watch):
    said = texts(watch(_script_run(phase="stopped").run_id))
    assert "The program has the weights" in said
    assert "is kept" not in said
