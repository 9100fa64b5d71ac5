"""`view_metrics`: a script's training is a run like any other, and the script stays its master."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from engine import script_run
from engine.errors import RunError, SpecError
from engine.paths import PROJECT
from engine.runs import app, status
from engine.runs.store import RunStore
from engine.training.callbacks import EarlyStopping, LambdaCallback
from engine.training.model import Model

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


def _model(metrics=("accuracy",)):
    torch.manual_seed(0)
    model = Model(nn.Sequential(nn.Linear(6, 2)), seed=1)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics)
    return model


def _fit(model=None, **changes):
    settings = {"batch_size": 10, "epochs": 3, "verbose": 0, "view_metrics": True, "validation_split": 0.25}
    model = model or _model()
    return model.fit(X, Y, **{**settings, **changes})


def _only_run():
    (run,) = RunStore().list()
    return run


def test_a_script_is_a_run_with_curves_progress_and_weights(runs_dir, capsys):
    model = _model()
    history = _fit(model)
    run = _only_run()
    found, script = run.status(), run.spec.script
    assert (found.phase, found.epoch, found.epochs, found.step, found.steps) == ("finished", 3, 3, 9, 9)
    assert found.is_script and found.lane == "" and found.device is not None
    assert (script.network, script.method, script.optimizer, script.epochs) == ("Sequential", "fit", "KerasSGD", 3)
    rows = {(row.name, row.split, row.epoch): row.value for row in run.metrics() if row.split != "batch"}
    for epoch in range(3):
        for name in ("loss", "accuracy"):
            assert rows[name, "train", epoch + 1] == history.history[name][epoch]
            assert rows[name, "validation", epoch + 1] == history.history[f"val_{name}"][epoch]
    assert found.best_epoch == 1 + int(np.argmin(history.history["val_loss"]))
    again = _model()
    again.load(run.last_checkpoint)
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert run.best_checkpoint.exists()
    assert "Epoch 3/3" in run.log.read_text()
    assert run.run_id in capsys.readouterr().out


def test_watching_changes_no_number(runs_dir):
    plain, watched = _model(), _model()
    _fit(plain, view_metrics=False)
    _fit(watched, view_metrics=True)
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_fit_generator_is_a_run_too(runs_dir):
    def batches():
        while True:
            yield X, Y

    _model().fit_generator(batches(), steps_per_epoch=2, epochs=2, verbose=0, view_metrics=True)
    found = _only_run().status()
    assert (found.phase, found.step, found.best_epoch) == ("finished", 4, None)
    assert _only_run().spec.script.method == "fit_generator"


def test_a_source_that_does_not_say_how_long_it_is(runs_dir):
    _model().fit(iter([(X, Y)] * 3), epochs=1, verbose=0, view_metrics=True)
    found = _only_run().status()
    assert (found.phase, found.step, found.steps, found.eta_s) == ("finished", 3, 3, None)


@pytest.mark.parametrize(
    ("changes", "n_runs"),
    [
        ({"view_metrics": "auto", "verbose": 2}, 1),
        ({"view_metrics": "auto", "verbose": "auto"}, 1),
        ({"view_metrics": "auto", "verbose": 0}, 0),
        ({"view_metrics": "auto", "verbose": 2, "epochs": 1}, 0),
        ({"view_metrics": "auto", "verbose": 2, "epochs": 3, "initial_epoch": 2}, 0),
        ({"view_metrics": True, "epochs": 1}, 1),
        ({"view_metrics": False, "verbose": 2}, 0),
        ({"view_metrics": True, "epochs": 0}, 0),
    ],
)
def test_which_trainings_are_shown(runs_dir, changes, n_runs):
    _fit(**changes)
    assert len(RunStore().list()) == n_runs


def test_auto_keeps_no_weights(runs_dir):
    _fit(view_metrics="auto", verbose=2)
    assert not _only_run().last_checkpoint.exists()


def test_another_value_is_refused_before_anything_is_made(runs_dir):
    with pytest.raises(SpecError, match="view_metrics"):
        _fit(view_metrics="yes")
    assert RunStore().list() == []


def test_bad_data_makes_no_run(runs_dir):
    with pytest.raises(ValueError):
        _model().fit(X, Y[:5], view_metrics=True)
    assert RunStore().list() == []


def test_stop_on_the_page_ends_the_training_as_a_callback_would(runs_dir):
    seen = []

    def stop(epoch, logs):
        seen.append(epoch)
        _only_run().request_stop()
        time.sleep(0.4)  # the sink looks several times a second

    history = _fit(epochs=50, callbacks=[LambdaCallback(on_epoch_end=stop)])
    assert seen == [0, 1] and history.epoch == [0, 1]
    assert _only_run().status().phase == "stopped"


def test_a_stop_that_takes_long_kills_no_script(runs_dir, monkeypatch):
    monkeypatch.setattr(status, "STOP_PATIENCE_S", 0.0)

    def ask(epoch, logs):
        _only_run().request_stop()
        assert _only_run().status().phase == "stopping"  # and this process is alive

    _fit(callbacks=[LambdaCallback(on_epoch_end=ask)])


def test_early_stopping_is_a_proper_end(runs_dir):
    _fit(epochs=50, callbacks=[EarlyStopping("loss", min_delta=10, patience=1)])
    found = _only_run().status()
    assert found.phase == "finished" and found.epoch < found.epochs == 50


@pytest.mark.parametrize(("problem", "phase"), [(KeyError("oh"), "failed"), (KeyboardInterrupt(), "stopped")])
def test_what_a_callback_raises_arrives_and_ends_the_run(runs_dir, problem, phase):
    def fail(batch, logs):
        raise problem

    with pytest.raises(type(problem)) as caught:
        _fit(callbacks=[LambdaCallback(on_train_batch_end=fail)])
    assert caught.value is problem
    found = _only_run().status()
    assert found.phase == phase
    assert (found.error is None) == (phase == "stopped")


def test_a_deleted_run_folder_ends_no_training(runs_dir):
    def delete(epoch, logs):
        shutil.rmtree(_only_run().folder) if RunStore().list() else None
        time.sleep(1.3)  # until the sink has noticed

    with pytest.warns(UserWarning, match="cannot be watched"):
        history = _fit(callbacks=[LambdaCallback(on_epoch_end=delete)])
    assert history.epoch == [0, 1, 2]
    assert RunStore().list() == []


@pytest.mark.parametrize("view_metrics", [True, "auto"])
def test_no_place_for_runs(runs_dir, monkeypatch, view_metrics):
    (runs_dir.parent / "file").write_text("")
    monkeypatch.setenv("FITLAB_RUNS", str(runs_dir.parent / "file" / "runs"))
    if view_metrics is True:
        with pytest.raises(RunError, match="file"):
            _fit()
    else:
        with pytest.warns(UserWarning, match="cannot be watched"):
            assert _fit(view_metrics="auto", verbose=2).epoch == [0, 1, 2]


def test_a_killed_script_is_lost_and_its_weights_are_kept(runs_dir):
    program = (
        "import numpy as np, time; from torch import nn; from engine import Model, callbacks\n"
        "m = Model(nn.Sequential(nn.Linear(6, 2))); m.compile('sgd')\n"
        "m.fit(np.ones((8, 6), 'f'), np.ones(8, 'i'), epochs=9999, verbose=0, view_metrics=True,"
        " callbacks=[callbacks.LambdaCallback(on_epoch_end=lambda *_: time.sleep(0.05))])"
    )
    script = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, env={**os.environ})
    try:
        deadline = time.monotonic() + 60
        while not (runs := RunStore().list()) or not runs[0].last_checkpoint.exists():
            assert script.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        script.send_signal(signal.SIGKILL)
        script.wait()
    assert runs[0].status().phase == "lost"
    _model().load(runs[0].last_checkpoint)


def test_the_address_of_a_running_app_is_told(runs_dir, capsys):
    app.announce("http://localhost:1234/base")
    _fit()
    assert f"http://localhost:1234/base/watch?run={_only_run().run_id}" in capsys.readouterr().out


def test_an_app_that_is_gone_has_no_address(runs_dir, monkeypatch):
    assert app.address() is None
    with monkeypatch.context() as patch:
        patch.setattr("engine.runs.process.Identity.mine", lambda: (2**22 + 1, 0.0))
        app.announce("http://localhost:1234")
    assert app.address() is None
    app._file().write_text("{")
    assert app.address() is None


def test_a_warning_is_given_once(runs_dir, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Model, "save", full)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert _fit().epoch == [0, 1, 2]
    assert len([each for each in caught if "No space left" in str(each.message)]) == 1


def test_not_in_a_notebook_here():
    assert not script_run.notebook.is_notebook()
