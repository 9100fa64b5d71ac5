"""Callbacks driven by made-up values, compared with what Keras' did; the "weights" are the epoch's number."""

from __future__ import annotations

import json

import pytest

from engine.training import callbacks
from tests.oracle.load import recorded


class FakeModel:
    """Stands in for a model, and notes what callbacks do to it."""

    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate
        self.stop_training = False
        self.now = -1
        self.saved = []
        self.restored = None

    def get_weights(self):
        return self.now

    def set_weights(self, weights):
        self.restored = weights

    def save(self, path, include_optimizer=True):
        self.saved.append(path.name)


def cases(part):
    return recorded("callbacks", part)[1]


def ids(case):
    return json.dumps(case["params"])


def drive(callback, model, values, monitor, start_epoch=0, batches_per_epoch=0):
    """One value per epoch, until the callback stops; returns (epochs, logs after the callback) of each."""
    callback.set_model(model)
    callback.on_train_begin()
    seen = []
    for epoch, value in enumerate(values, start_epoch):
        callback.on_epoch_begin(epoch)
        model.now = epoch
        logs = {} if value is None else {monitor: value}
        for batch in range(batches_per_epoch):
            callback.on_train_batch_end(batch, logs)
        callback.on_epoch_end(epoch, logs)
        seen.append((epoch, logs, model.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return seen


@pytest.mark.filterwarnings("ignore:EarlyStopping watches")
@pytest.mark.parametrize("case", cases("early_stopping"), ids=ids)
def test_early_stopping(case):
    callback = callbacks.EarlyStopping(monitor=case["monitor"], **case["params"])
    for wanted in case["runs"]:
        model = FakeModel()
        seen = drive(callback, model, case["values"], case["monitor"], case["start_epoch"])
        assert [epoch for epoch, *_ in seen] == wanted["epochs_run"]
        assert model.stop_training == wanted["stopped"]
        assert callback.stopped_epoch == wanted["stopped_epoch"]
        assert callback.best_epoch == wanted["best_epoch"]
        assert callback.best == wanted["best"]
        assert model.restored == wanted["restored_epoch"]


@pytest.mark.parametrize("case", cases("reduce_lr"), ids=ids)
def test_reduce_lr_on_plateau(case):
    callback = callbacks.ReduceLROnPlateau(monitor=case["monitor"], **case["params"])
    seen = drive(callback, FakeModel(case["initial_lr"]), case["values"], case["monitor"])
    assert [logs["learning_rate"] for _, logs, _ in seen] == pytest.approx(case["logged_lr"], rel=1e-6)
    assert [rate for *_, rate in seen] == pytest.approx(case["lr_after_epoch"], rel=1e-6)


@pytest.mark.parametrize("case", cases("checkpoint"), ids=ids)
def test_model_checkpoint(case):
    callback = callbacks.ModelCheckpoint(monitor=case["monitor"], save_weights_only=True, **case["params"])
    for wanted in case["saved"]:
        model = FakeModel()
        drive(callback, model, case["values"], case["monitor"], batches_per_epoch=case["batches_per_epoch"])
        assert model.saved == wanted


@pytest.mark.parametrize("case", cases("csv"), ids=ids)
def test_csv_logger(case, tmp_path):
    path = tmp_path / "log.csv"
    for _ in range(case["runs"]):
        callback = callbacks.CSVLogger(path, **case["params"])
        callback.on_train_begin()
        for epoch, logs in enumerate(case["rows"]):
            callback.on_epoch_end(epoch, dict(logs))
        callback.on_train_end()
    assert path.read_bytes().decode() == case["content"]
