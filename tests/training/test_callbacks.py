"""Hooks, their order, what logs cost, and callbacks at work in real trainings."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from engine import metrics
from engine.errors import SpecError, TrainingError
from engine.training import callbacks
from engine.training.callbacks import Callback, EarlyStopping, LambdaCallback, ModelCheckpoint
from engine.training.callbacks.base import HOOKS
from tests.training.pictures import cnn, features, linear, pictures


def test_hooks_come_in_keras_order():
    events = []
    x, y = features(20)
    note = {hook: (lambda *_, hook=hook: events.append(hook)) for hook in HOOKS if "predict" not in hook}
    del note["on_batch_begin"], note["on_batch_end"]
    linear().fit(
        x, y, batch_size=10, validation_data=(x, y), validation_steps=1, verbose=0, callbacks=[LambdaCallback(**note)]
    )
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    assert events == [
        "on_train_begin", "on_epoch_begin", *batch, *batch, *test, "on_epoch_end", "on_train_end"
    ]  # fmt: skip


def test_older_names_of_the_batch_hooks_are_called_too():
    class Old(Callback):
        seen = 0

        def on_batch_end(self, batch, logs=None):
            self.seen += logs["loss"] > 0

    old = Old()
    linear().fit(*features(20), batch_size=10, verbose=0, callbacks=[old])
    assert old.seen == 2


def test_the_newer_name_of_a_batch_hook_calls_the_older_one_unless_overridden():
    class Both(Callback):
        def __init__(self):
            self.events = []

        def on_train_batch_begin(self, batch, logs=None):
            self.events.append("new begin")
            super().on_train_batch_begin(batch, logs)

        def on_batch_begin(self, batch, logs=None):
            self.events.append("old begin")

        def on_train_batch_end(self, batch, logs=None):
            self.events.append("new end")

        def on_batch_end(self, batch, logs=None):
            self.events.append("old end")

    both = Both()
    linear().fit(*features(20), verbose=0, callbacks=[both])
    assert both.events == ["new begin", "old begin", "new end"]


def test_callbacks_written_for_keras_run():
    class Base:
        """As in Keras: the newer names call the older ones."""

        def on_train_batch_end(self, batch, logs=None):
            self.on_batch_end(batch, logs=logs)

        def on_batch_end(self, batch, logs=None):
            pass

    class Snapshot(Base):
        def __init__(self):
            self.batches, self.kept, self.rates = 0, [], []

        def set_model(self, model):
            self.model = model

        def set_params(self, params):
            self.params = params

        def on_batch_end(self, batch, logs=None):
            self.batches += (logs or {}).get("loss", 0) > 0

        def on_epoch_end(self, epoch, logs=None):
            self.rates.append(self.model.learning_rate)
            self.model.learning_rate *= 0.5
            self.kept.append(self.model.get_weights())
            logs["mine"] = epoch
            if epoch == 1:
                self.model.set_weights(self.kept[0])
                self.model.stop_training = True

    class OnlyOne:
        def on_epoch_end(self, epoch, logs):
            logs["seen"] = logs["mine"] + 1

    model, mine = linear(), Snapshot()
    history = model.fit(*features(20), batch_size=10, epochs=5, verbose=0, callbacks=[mine, OnlyOne()])
    assert mine.params["epochs"] == 5
    assert mine.batches == 4
    assert mine.rates == pytest.approx([0.001, 0.0005])
    assert history.history["seen"] == [1, 2]
    for values, wanted in zip(model.get_weights(), mine.kept[0], strict=True):
        np.testing.assert_array_equal(values, wanted)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
def test_the_optimizers_rate_has_keras_names(optimizer):
    class Halve:
        def set_model(self, model):
            self.model = model

        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = self.model.optimizer.lr / 2

    model, other = linear(optimizer=optimizer), linear(optimizer=optimizer)
    first = model.learning_rate
    model.fit(*features(), epochs=2, verbose=0, callbacks=[Halve()])
    halve = callbacks.LearningRateScheduler(lambda epoch: first / 2**epoch)
    other.fit(*features(), epochs=2, verbose=0, callbacks=[halve])
    assert model.learning_rate == model.optimizer.learning_rate == first / 4
    for values, wanted in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(values, wanted)


def test_a_callback_may_evaluate_and_predict_in_the_middle_of_an_epoch():
    def look(batch, logs):
        model.evaluate(images, labels, verbose=0)
        model.predict(images, verbose=0)

    images, labels = pictures()
    model, other = cnn(), cnn()
    model.fit(images, labels, batch_size=16, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=look)])
    other.fit(images, labels, batch_size=16, verbose=0)
    for values, wanted in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(values, wanted)


def test_what_is_given_once_is_not_added_again(capsys):
    history, bar = callbacks.History(), callbacks.ProgbarLogger()
    assert linear().fit(*features(), verbose=2, callbacks=[history, bar]) is history
    assert capsys.readouterr().out.count("2/2") == 1
    assert history.epoch == [0]


def test_batch_logs_are_averages_so_far():
    x, y = features(20)
    model, twin = linear(), linear()
    seen = []
    model.learning_rate = 0.0
    model.fit(
        x, y, batch_size=8, shuffle=False, verbose=0,
        callbacks=[LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))],
    )  # fmt: skip
    for logs, n in zip(seen, (8, 16, 20), strict=True):
        assert logs == pytest.approx(twin.evaluate(x[:n], y[:n], verbose=0, return_dict=True))


def test_logs_that_nobody_reads_are_not_copied_from_the_device(monkeypatch):
    copies = []
    cpu = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: copies.append(1) or cpu(tensor))
    x, y = features(64)

    def read_once(batch, logs):
        if batch == 3:
            assert logs["loss"] == logs["loss"]

    linear().fit(x, y, batch_size=4, epochs=3, verbose=0)
    assert len(copies) == 3  # at each epoch's end
    copies.clear()
    linear().fit(x, y, batch_size=4, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=read_once)])
    assert len(copies) == 2


def test_early_stopping_sets_the_best_weights_back():
    images, labels = pictures()
    model = cnn()
    kept = {}

    def keep(epoch, logs):
        logs["val_loss"] = [3.0, 1.0, 2.0, 2.0][epoch]
        kept[epoch] = model.get_weights()

    stop = EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(images, labels, epochs=9, verbose=0, callbacks=[LambdaCallback(on_epoch_end=keep), stop])
    assert history.epoch == [0, 1, 2, 3]
    for values, wanted in zip(model.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(values, wanted)


def test_checkpoints_can_be_loaded(tmp_path):
    images, labels = pictures()
    model, other = cnn(), cnn(seed=9)
    name = str(tmp_path / "{epoch:02d}-{loss:.3f}.safetensors")
    history = model.fit(images, labels, epochs=2, verbose=0, callbacks=[ModelCheckpoint(name)])
    wanted = [f"{epoch + 1:02d}-{loss:.3f}.safetensors" for epoch, loss in enumerate(history.history["loss"])]
    assert sorted(path.name for path in tmp_path.iterdir()) == wanted
    other.load(tmp_path / wanted[-1])
    np.testing.assert_array_equal(other.predict(images, verbose=0), model.predict(images, verbose=0))


def test_a_file_name_may_only_use_what_the_logs_have(tmp_path):
    with pytest.raises(SpecError, match=r"val_acc.*Available are loss, accuracy, epoch"):
        linear().fit(*features(), verbose=0, callbacks=[ModelCheckpoint(tmp_path / "{val_acc}")])


def test_a_metric_that_is_not_there_is_named():
    with pytest.warns(UserWarning, match="EarlyStopping watches 'val_loss'.*there are loss, accuracy"):
        linear().fit(*features(), verbose=0, callbacks=[EarlyStopping()])


def best_only(**arguments):
    return ModelCheckpoint(tempfile.mkdtemp() + "/best", save_best_only=True, **arguments)


@pytest.mark.parametrize("kind", [EarlyStopping, callbacks.ReduceLROnPlateau, best_only])
def test_the_direction_of_an_unknown_metric_must_be_given(kind):
    def margin(outputs, targets):
        return outputs.max(dim=-1).values

    x, y = features()
    model = linear(metrics=[margin, metrics.Precision(name="hits"), metrics.MeanAbsoluteError(name="off"), "acc"])
    targets = {"x": x, "y": y, "validation_data": (x, y), "verbose": 0}
    for unknown in ("val_f1", "val_margin"):
        with pytest.raises(SpecError, match=f"mode min or max, to know whether '{unknown}'"):
            model.fit(**targets, callbacks=[kind(monitor=unknown)])
        assert model.n_batches == 0
    with pytest.raises(SpecError, match="mode min or max"):
        kind(monitor="val_loss", mode="up")
    model = linear(metrics=[margin, metrics.Precision(name="hits")])
    by_name, told = kind(monitor="val_hits"), kind(monitor="val_margin", mode="min")
    model.fit(**targets, callbacks=[by_name, told])
    assert (by_name.monitor.mode, told.monitor.mode) == ("max", "min")


def test_a_metric_of_several_values_cannot_be_watched_but_written(tmp_path):
    pytest.importorskip("tensorboard")
    x, y = features()
    model = linear(metrics=[metrics.F1Score()])
    with pytest.raises(SpecError, match=r"single number for 'f1_score'.*received 3 values"):
        model.fit(x, y, verbose=0, callbacks=[EarlyStopping(monitor="f1_score")])
    written = [
        callbacks.CSVLogger(tmp_path / "log.csv"), callbacks.TensorBoard(tmp_path / "board"),
        callbacks.BackupAndRestore(tmp_path / "backup"),
    ]  # fmt: skip
    history = model.fit(x, y, epochs=2, verbose=0, callbacks=written, view_metrics=True)
    assert [len(values) for values in history.history["f1_score"]] == [3, 3]


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [
        ("loss", "min"), ("val_mae", "min"), ("mean_squared_error", "min"), ("val_root_mean_squared_error", "min"),
        ("binary_crossentropy", "min"), ("val_weighted_acc", "max"), ("val_auc", "max"), ("val_precision_1", "max"),
        ("recall", "max"), ("f1_score", "max"), ("sparse_top_k_categorical_accuracy", "max"),
    ],
)  # fmt: skip
def test_the_direction_of_a_known_metric_follows_from_its_name(monitor, mode):
    assert EarlyStopping(monitor=monitor).monitor.mode == mode


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("EarlyStopping", {"patience": -1}, "at least 0 for patience, but received -1"),
        ("EarlyStopping", {"patience": 1.5}, "at least 0 for patience, but received 1.5"),
        ("EarlyStopping", {"min_delta": "a"}, "a number for min_delta, but received 'a'"),
        ("EarlyStopping", {"baseline": float("nan")}, "a number for baseline"),
        ("EarlyStopping", {"start_from_epoch": None}, "at least 0 for start_from_epoch"),
        ("EarlyStopping", {"restore_best_weights": "yes"}, "restore_best_weights"),
        ("EarlyStopping", {"mode": "up"}, "mode min or max"),
        ("ReduceLROnPlateau", {"factor": 1.0}, "factor between 0 and 1"),
        ("ReduceLROnPlateau", {"factor": "a"}, "a number for factor"),
        ("ReduceLROnPlateau", {"patience": -1}, "at least 0 for patience"),
        ("ReduceLROnPlateau", {"cooldown": 0.5}, "at least 0 for cooldown"),
        ("ReduceLROnPlateau", {"min_lr": -0.1}, "at least 0, for min_lr|at least 0 for min_lr"),
        ("ModelCheckpoint", {"filepath": "a", "save_freq": 0}, "at least 1 for save_freq, but received 0"),
        ("ModelCheckpoint", {"filepath": "a", "save_freq": "batch"}, "for save_freq, but received 'batch'"),
        ("ModelCheckpoint", {"filepath": "a", "save_best_only": 1}, "save_best_only"),
        ("ModelCheckpoint", {"filepath": "a", "save_weights_only": None}, "save_weights_only"),
        ("ModelCheckpoint", {"filepath": "a", "initial_value_threshold": "a"}, "a number for initial_value_threshold"),
        ("LearningRateScheduler", {"schedule": 0.1}, "a function of the epoch as schedule, but received float"),
        ("CSVLogger", {"filename": "a", "separator": ";;"}, "a single character as separator, but received ';;'"),
        ("CSVLogger", {"filename": "a", "append": 1}, "append"),
        ("TerminateOnNaN", {"raise_error": "a"}, "raise_error"),
        ("BackupAndRestore", {"backup_dir": "a", "save_freq": -1}, "at least 1 for save_freq"),
        ("BackupAndRestore", {"backup_dir": "a", "double_checkpoint": 2}, "double_checkpoint"),
    ],
)
def test_arguments_out_of_range_are_refused_in_words(kind, arguments, message):
    with pytest.raises(SpecError, match=message):
        getattr(callbacks, kind)(**arguments)


def rates(schedule, **fit):
    seen = []
    model = linear()
    model.fit(
        *features(40), batch_size=10, verbose=0, **fit,
        callbacks=[schedule, LambdaCallback(on_train_batch_end=lambda *_: seen.append(model.learning_rate))],
    )  # fmt: skip
    return seen


def test_one_cycle_climbs_and_falls():
    seen = rates(callbacks.OneCycle(0.5, climb=0.25), epochs=5)
    assert seen[0] == pytest.approx(0.05)
    assert seen[5] == max(seen) == 0.5
    assert all(np.diff(seen[:6]) > 0)
    assert all(np.diff(seen[5:]) < 0)
    assert seen[-1] < 0.01


def test_rates_of_schedules_are_checked():
    for arguments in ((0,), (-0.1,), ("1",)):
        with pytest.raises(SpecError, match="above 0 for learning_rate"):
            callbacks.Cosine(*arguments)
    with pytest.raises(SpecError, match="from 0 to 1 for climb"):
        callbacks.OneCycle(0.1, climb=1.5)


def test_cosine_falls():
    seen = rates(callbacks.Cosine(0.5), epochs=5)
    assert seen[0] == 0.5
    assert seen[10] == pytest.approx(0.25)
    assert all(np.diff(seen) < 0)


def test_a_schedule_goes_on_where_it_was():
    assert rates(callbacks.OneCycle(0.5), initial_epoch=2, epochs=5) == rates(callbacks.OneCycle(0.5), epochs=5)[8:]


def test_a_scheduler_may_take_the_epoch_alone():
    model = linear()
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    history = model.fit(*features(), epochs=2, verbose=0, callbacks=[scheduler])
    assert history.history["learning_rate"] == [0.1, 0.05]
    with pytest.raises(SpecError, match="schedule that returns a number"):
        model.fit(*features(), verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: None)])


@pytest.mark.parametrize("rate", [-1, float("nan"), float("inf"), "fast", None])
def test_a_rate_that_is_no_number_of_at_least_0_is_refused(rate):
    with pytest.raises(SpecError, match="a number of at least 0"):
        linear().fit(*features(), verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch, old: rate)])


@pytest.mark.parametrize("name", ["{val_acc}", "{0}", "{loss:d}", "{"])
def test_a_file_name_that_cannot_be_filled_in_is_refused(tmp_path, name):
    with pytest.raises(SpecError, match="only names from the logs in the file name"):
        linear().fit(*features(), verbose=0, callbacks=[ModelCheckpoint(tmp_path / name)])


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("e{epoch}.keras", "e1.safetensors"),
        ("{loss:.2f}.h5", None),
        ("a.weights.h5", "a.safetensors"),
        ("a.pt", "a.pt"),
    ],
)
def test_keras_file_names_are_stored_as_safetensors(tmp_path, monkeypatch, given, stored):
    monkeypatch.setattr("engine.training.notes._said", set())
    model, other = linear(), linear(seed=2)
    note = pytest.warns(UserWarning, match="stored as safetensors") if given != "a.pt" else nullcontext()
    with note as caught:
        for _ in range(2):
            history = model.fit(*features(), verbose=0, callbacks=[ModelCheckpoint(tmp_path / given)])
            name = given.format(epoch=1, loss=history.history["loss"][0])
            other.load(tmp_path / name)
            model.save_weights(tmp_path / name)
            other.load_weights(tmp_path / name)
    assert caught is None or len(caught) == 1
    if stored is None:
        assert all(path.suffix == ".safetensors" and path.stem.count(".") == 1 for path in tmp_path.iterdir())
    else:
        assert [path.name for path in tmp_path.iterdir()] == [stored]
    np.testing.assert_array_equal(other.predict(features()[0], verbose=0), model.predict(features()[0], verbose=0))


def test_a_taken_name_is_kept_where_that_is_asked_for(tmp_path):
    model = linear()
    for save in (model.save, model.save_weights):
        save(tmp_path / "a.safetensors", overwrite=True)
        with pytest.raises(TrainingError, match=r"a\.safetensors, which exists"):
            save(tmp_path / "a.safetensors", overwrite=False)
        save(tmp_path / f"{save.__name__}", overwrite=False)
    assert model.metrics_names == ["loss", "accuracy"]


def test_load_weights_leaves_the_rest(tmp_path):
    model, other = linear(), linear(seed=2, optimizer="sgd")
    model.fit(*features(), verbose=0)
    model.save(tmp_path / "a")
    other.load_weights(tmp_path / "a")
    assert (other.n_batches, other.seed) == (0, 2)
    with pytest.raises(TrainingError, match="weights of the same network"):
        linear(5).load_weights(tmp_path / "a")


def test_lambda_callback_knows_the_hooks():
    with pytest.raises(SpecError, match="on_epoch_end"):
        LambdaCallback(on_epoch_stop=print)


def test_history_keeps_the_epoch_with_each_value():
    x, y = features()
    model = linear()
    history = model.fit(x, y, epochs=3, validation_data=(x, y), validation_freq=2, verbose=0)
    assert [sorted(row) for row in history.rows][1] == ["accuracy", "epoch", "loss", "val_accuracy", "val_loss"]
    assert len(history.history["val_loss"]) == 1
    assert history.params == {"epochs": 3, "steps": 2, "verbose": 0}
    assert model.history is history
    assert history.model is model


def test_progress_on_one_line_per_epoch(capsys):
    x, y = features()
    linear().fit(x, y, epochs=2, validation_data=(x, y), verbose=2, view_metrics=False)
    note, first, line, second, _ = capsys.readouterr().out.splitlines()
    assert "logits" in note
    assert (first, second) == ("Epoch 1/2", "Epoch 2/2")
    assert line.startswith("2/2 - 0s - ")
    assert "ms/step - accuracy: 0." in line
    assert "val_loss: " in line


def test_progress_as_a_bar(capsys):
    model = linear()
    model.fit(*features(), verbose=1)
    assert capsys.readouterr().out.splitlines()[-1].startswith("2/2 ━━━━━━━━━━━━━━━━━━━━ - 0s")
    model.evaluate(*features())
    model.predict(features()[0])
    assert len(capsys.readouterr().out.splitlines()) >= 2
    model.fit(*features(), verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verbose", [1, 2])
def test_progress_of_an_epoch_that_was_cut_short_says_so(capsys, verbose):
    model = linear()
    stop = LambdaCallback(on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", batch == 1))
    model.fit(*features(), batch_size=10, verbose=verbose, callbacks=[stop])
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("2/5")
    assert "ended early - 0s" in line


def test_progress_of_unknown_length_learns_it_from_the_first_epoch(capsys):
    from engine.training.callbacks import ProgbarLogger

    bar = ProgbarLogger()
    bar.set_params({"epochs": 2, "steps": None, "verbose": 1})
    for epoch in range(2):
        bar.on_epoch_begin(epoch)
        for batch in range(3):
            bar.on_train_batch_end(batch, {"loss": 1.0})
        bar.on_epoch_end(epoch, {"loss": 1.0})
    first, second = capsys.readouterr().out.replace("\r", "\n").split("Epoch 2/2\n")
    assert first.splitlines()[1].startswith("1 - 0s")
    assert second.splitlines()[0].startswith("1/3 ━")
    assert second.splitlines()[-1].startswith("3/3 ━━━━━━━━━━━━━━━━━━━━ - 0s")
