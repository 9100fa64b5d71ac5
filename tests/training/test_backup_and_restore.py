"""A training that is interrupted, by whatever, ends as if it had not been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

from engine.augment.generator import ImageDataGenerator
from engine.errors import TrainingError
from engine.paths import PROJECT
from engine.training.callbacks import BackupAndRestore, LambdaCallback, LearningRateScheduler, ReduceLROnPlateau
from engine.training.model import Model
from tests.training.pictures import assert_same_weights, cnn, features, linear, pictures


class Interrupted(Exception):
    pass


def with_dropout(seed=1, optimizer="adam"):
    torch.manual_seed(0)
    layers = nn.Flatten(), nn.Linear(192, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3)
    model = Model(nn.Sequential(*layers), seed=seed, device="cpu")
    model.compile(optimizer, metrics=["accuracy", "auc"], weighted_metrics=["accuracy"])
    return model


def flow(images, labels):
    generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True)
    return generator.flow(images, labels, batch_size=8, seed=3)


def interrupt(at_epoch, at_batch=None):
    """Raises at the end of a batch, or of an epoch."""

    def raise_(index, logs):
        if index == (at_epoch if at_batch is None else at_batch) and (at_batch is None or now[0] == at_epoch):
            raise Interrupted

    now = [0]

    def begin(epoch, logs):
        now[0] = epoch

    if at_batch is None:
        return LambdaCallback(on_epoch_end=raise_)
    return LambdaCallback(on_epoch_begin=begin, on_train_batch_end=raise_)


def train(model, source, folder, stop=None, epochs=5, others=(), **backup):
    callbacks = [BackupAndRestore(folder, **backup), *others, *([stop] if stop else [])]
    return model.fit_generator(source, epochs=epochs, steps_per_epoch=5, workers=2, verbose=0, callbacks=callbacks)


@pytest.mark.parametrize("save_freq", ["epoch", 1, 3])
@pytest.mark.parametrize("stop", [interrupt(2, 1), interrupt(2, 4), interrupt(2), interrupt(0, 2)])
def test_interrupted_and_resumed_equals_never_interrupted(tmp_path, stop, save_freq):
    images, labels = pictures(52)  # 7 batches a pass, so that epochs of 5 do not end with one
    whole, first = with_dropout(), with_dropout()
    wanted = train(whole, flow(images, labels), tmp_path / "a")
    with pytest.raises(Interrupted):
        train(first, flow(images, labels), tmp_path / "b", stop, save_freq=save_freq)
    # Another seed shows that the backup brings its own; without one training begins with the model's.
    second = with_dropout(seed=99 if (tmp_path / "b").exists() else 1)
    history = train(second, flow(images, labels), tmp_path / "b", save_freq=save_freq)
    assert_same_weights(whole, second)
    assert history.epoch == wanted.epoch == [0, 1, 2, 3, 4]
    assert second.n_batches == 25
    assert history.history == wanted.history
    assert not (tmp_path / "b").exists()


def test_arrays_resume_with_the_seed_of_the_interrupted_model(tmp_path):
    x, y = features(52)
    models = [linear(seed=1), linear(seed=1), linear(seed=2)]
    models[2].set_weights(models[0].get_weights())
    for model, stop in zip(models, ([], [interrupt(1)], []), strict=True):
        folder = tmp_path / ("b" if model is not models[0] else "a")
        try:
            model.fit(x, y, epochs=4, batch_size=8, verbose=0, callbacks=[BackupAndRestore(folder), *stop])
        except Interrupted:
            assert stop
    assert_same_weights(models[0], models[2])


def test_what_later_callbacks_change_is_kept(tmp_path):
    images, labels = pictures(40)

    def others():
        return [ReduceLROnPlateau("loss", patience=1, min_delta=1e9), LearningRateLogger()]

    class LearningRateLogger:
        def on_epoch_end(self, epoch, logs):
            logs["rate_after"] = self.model.learning_rate

        def set_model(self, model):
            self.model = model

    whole, first, second = (with_dropout() for _ in range(3))
    wanted = train(whole, flow(images, labels), tmp_path / "a", others=others(), epochs=3)
    with pytest.raises(Interrupted):
        train(first, flow(images, labels), tmp_path / "b", interrupt(2, 1), others=others(), epochs=3)
    history = train(second, flow(images, labels), tmp_path / "b", others=[LearningRateLogger()], epochs=3)
    assert history.history["rate_after"][:2] == wanted.history["rate_after"][:2]
    assert history.history["rate_after"][1] < history.history["rate_after"][0]


def test_a_finished_training_is_not_trained_further(tmp_path):
    model, other = linear(), linear(seed=2)
    for each in (model, other):
        history = each.fit(
            *features(), epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)]
        )
    assert_same_weights(model, other)
    assert history.epoch == [0, 1, 2]
    longer = other.fit(*features(), epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert longer.epoch == [0, 1, 2, 3]


def test_the_rate_of_a_schedule_follows_the_resumed_epoch(tmp_path):
    seen = []
    schedule = LearningRateScheduler(lambda epoch: seen.append(epoch) or 0.1 / (epoch + 1))
    with pytest.raises(Interrupted):
        linear().fit(*features(), epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path), schedule, interrupt(1)])
    history = linear().fit(*features(), epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path), schedule])
    assert seen == [0, 1, 2, 3]
    assert history.history["loss"][:2] == pytest.approx(history.history["loss"][:2])
    assert len(history.history["loss"]) == 4


def test_only_the_backup_is_deleted(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    linear().fit(*features(), verbose=0, callbacks=[BackupAndRestore(tmp_path, double_checkpoint=True)])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    linear().fit(*features(), verbose=0, callbacks=[BackupAndRestore(tmp_path / "own")])
    assert not (tmp_path / "own").exists()


def tear(path):
    path.write_bytes(path.read_bytes()[:-40])


def test_a_torn_backup_is_refused_or_the_one_before_it_used(tmp_path):
    whole, second = cnn(), cnn()
    images, labels = pictures()
    whole.fit(images, labels, epochs=3, verbose=0)
    for double in (False, True):
        folder = tmp_path / str(double)
        keep = partial(BackupAndRestore, folder, double_checkpoint=double)
        with pytest.raises(Interrupted):
            cnn().fit(images, labels, epochs=3, verbose=0, callbacks=[keep(), interrupt(1)])
        tear(folder / "latest.safetensors")
        if not double:
            with pytest.raises(TrainingError, match=r"latest\.safetensors"):
                cnn().fit(images, labels, epochs=3, verbose=0, callbacks=[keep()])
            continue
        with pytest.warns(UserWarning, match=r"latest\.safetensors cannot be read; the one before it is used"):
            history = second.fit(images, labels, epochs=3, verbose=0, callbacks=[keep()])
    assert_same_weights(whole, second)
    assert history.epoch == [0, 1, 2]


KILLED = """
import sys, time
from engine.training.callbacks import BackupAndRestore, LambdaCallback
from tests.training.test_backup_and_restore import flow, train, with_dropout
from tests.training.pictures import pictures

def slow(batch, logs):
    print("batch", flush=True)
    time.sleep(float(sys.argv[2]))

model = with_dropout()
history = train(model, flow(*pictures(52)), sys.argv[1], LambdaCallback(on_train_batch_end=slow))
model.save(sys.argv[3])
print("epochs", history.epoch, flush=True)
"""


def test_a_killed_training_resumes(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}

    def start(pause_s):
        arguments = [sys.executable, "-c", KILLED, str(tmp_path / "backup"), str(pause_s), str(tmp_path / "end")]
        return subprocess.Popen(arguments, cwd=PROJECT, stdout=subprocess.PIPE, text=True, env=environment)

    whole = with_dropout()
    wanted = train(whole, flow(*pictures(52)), tmp_path / "whole")
    with start(0.05) as process:
        for _ in range(13):  # in the middle of the third epoch
            assert process.stdout.readline() == "batch\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "end").exists()
    with start(0.0) as process:
        lines = process.stdout.read().splitlines()
    assert lines.count("batch") == 15
    assert lines[-1] == f"epochs {wanted.epoch}"
    resumed = with_dropout()
    resumed.load(tmp_path / "end")
    assert_same_weights(whole, resumed)
