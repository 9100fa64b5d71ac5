"""What the callback writes, read by TensorBoard's own reader."""

from __future__ import annotations

import sys

import pytest

from engine.errors import SpecError, TrainingError
from engine.training.callbacks import LearningRateScheduler, TensorBoard
from tests.training.pictures import features, linear


def read(folder):
    """{name: [(step, value), ...]} of a folder of event files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0}).Reload()
    return {name: [(e.step, e.value) for e in events.Scalars(name)] for name in events.Tags()["scalars"]}, events


def test_epochs_stand_in_keras_folders_by_keras_names(tmp_path):
    x, y = features()
    watch = [LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)), TensorBoard(tmp_path)]
    history = linear().fit(x, y, epochs=3, validation_data=(x, y), validation_freq=2, verbose=0, callbacks=watch)
    train, _ = read(tmp_path / "train")
    validation, _ = read(tmp_path / "validation")
    assert sorted(train) == ["epoch_accuracy", "epoch_learning_rate", "epoch_loss"]
    assert sorted(validation) == ["epoch_accuracy", "epoch_loss"]
    assert train["epoch_loss"] == [(k, pytest.approx(v)) for k, v in enumerate(history.history["loss"])]
    assert train["epoch_learning_rate"] == [(k, pytest.approx(0.1 / (k + 1))) for k in range(3)]
    assert validation["epoch_loss"] == [(1, pytest.approx(history.history["val_loss"][0]))]


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", list(range(1, 11))), (3, [3, 6, 9])])
def test_batches_are_written_where_that_is_asked_for(tmp_path, update_freq, steps):
    model = linear()
    history = model.fit(
        *features(), batch_size=10, epochs=2, verbose=0, callbacks=[TensorBoard(tmp_path, update_freq=update_freq)]
    )
    train, _ = read(tmp_path / "train")
    assert [step for step, _ in train["batch_loss"]] == [step for step, _ in train["batch_accuracy"]] == steps
    if update_freq == "batch":
        assert train["batch_loss"][-1][1] == pytest.approx(history.history["loss"][-1])
    assert not (tmp_path / "validation").exists()


def test_histograms_and_steps_per_second(tmp_path):
    board = TensorBoard(tmp_path, histogram_freq=2, write_steps_per_second=True)
    linear().fit(*features(), epochs=4, verbose=0, callbacks=[board])
    train, events = read(tmp_path / "train")
    assert sorted(events.Tags()["histograms"]) == ["bias", "weight"]
    assert [entry.step for entry in events.Histograms("weight")] == [1, 3]
    assert all(value > 0 for _, value in train["epoch_steps_per_second"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"update_freq": 0}, "at least 1 for update_freq, but received 0"),
        ({"update_freq": "step"}, "for update_freq, but received 'step'"),
        ({"histogram_freq": -1}, "at least 0 for histogram_freq"),
        ({"write_images": True}, "write_images=False, because nothing else is offered, but received True"),
        ({"profile_batch": 5}, "profile_batch=0"),
        ({"embeddings_freq": 1}, "embeddings_freq=0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(tmp_path, arguments, message):
    with pytest.raises(SpecError, match=message):
        TensorBoard(tmp_path, **arguments)


def test_a_missing_tensorboard_is_said_before_training(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TrainingError, match="pip install tensorboard"):
        TensorBoard()
