"""What a run's settings mean: every network, optimizer and schedule trains, and what is published is what happened."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine import catalog, training_run
from engine.augment.flow import order
from engine.augment.generator import ImageDataGenerator
from engine.data import load_data
from engine.errors import RunError, TrainingError
from engine.runs import RunStore
from engine.runs.database import RunWriter
from engine.spec import AugmentSpec, DataSpec, RunSpec, TrainSpec

TRUE_CHOOSE_THREADS = training_run.choose_threads
DATA = DataSpec(n_pictures=120, image_size=32)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Runs that nobody but the test starts, over one prepared data set."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("runs")
        patch.setenv("FITLAB_RUNS", str(folder))
        patch.setattr("engine.runs.store.ensure", lambda device, runs: None)
        yield RunStore(folder)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """One thread, so that tests stay fast on a busy machine. Trying thread counts is tested by itself, below."""
    n = torch.get_num_threads()
    torch.set_num_threads(1)
    with monkeypatch.context() as patch:
        patch.setattr(training_run, "choose_threads", lambda *_: 1)
        yield
    torch.set_num_threads(n)


def _spec(augment=None, **training):
    training = {"network": "mlp", "epochs": 2, "batch_size": 16, "device": "cpu", **training}
    return RunSpec(data=DATA, augment=augment or AugmentSpec(), training=TrainSpec(**training))


def _train(store, spec, prepare=lambda run, writer: None):
    run = store.create(spec)
    run.claim()
    writer = RunWriter(run.database)
    prepare(run, writer)
    try:
        phase = training_run.train(run, writer)
    finally:
        writer.close()
    run.end(phase)
    return run


@pytest.mark.parametrize("augment", [AugmentSpec(), AugmentSpec.preset("light")], ids=["fit", "fit_generator"])
def test_a_run_publishes_its_curves_progress_and_checkpoints(store, augment):
    run = _train(store, _spec(augment))
    status, spec = run.status(), run.spec
    n_train = sum(spec.manifest["counts"]["train"])
    steps = math.ceil(n_train / 16)
    rows = Counter((row.name, row.split) for row in run.metrics())
    assert (status.phase, status.epoch, status.step, status.steps) == ("finished", 2, 2 * steps, 2 * steps)
    for name in ("loss", "accuracy"):
        assert rows[name, "train"] == rows[name, "validation"] == 2
        assert rows[name, "test"] == 1
        assert rows[name, "batch"] >= 1
    first = run.metrics()[0]
    assert (first.step, first.epoch, first.split) == (1, 1, "batch")
    assert status.best_value == min(r.value for r in run.metrics() if (r.name, r.split) == ("loss", "validation"))
    assert status.best_accuracy == next(
        r.value for r in run.metrics() if (r.name, r.split, r.epoch) == ("accuracy", "validation", status.best_epoch)
    )
    assert spec.torch_threads == 1
    assert [event.kind for event in run.events()][:2] == ["data", "network"]


def test_checkpoints_hold_the_last_and_the_best_weights(store):
    run = _train(store, _spec(epochs=3))
    status, spec = run.status(), run.spec
    data = load_data(spec.data)
    model = training_run.build_model(spec, data.part("train"), len(data.class_names))
    model.load(run.last_checkpoint)
    assert model.evaluate(*data.part("validation"), verbose=0)[0] == pytest.approx(status.val_loss, rel=1e-5)
    assert model.n_batches == status.step
    model.load(run.best_checkpoint)
    assert model.evaluate(*data.part("validation"), verbose=0)[0] == pytest.approx(status.best_value, rel=1e-5)


def test_the_test_part_judges_the_best_weights_not_the_last(store):
    run = _train(store, _spec(epochs=6, learning_rate=0.3, schedule="constant"))
    status, data = run.status(), load_data(DATA)
    model = training_run.build_model(run.spec, data.part("train"), len(data.class_names))
    model.load(run.last_checkpoint)
    last, _ = model.evaluate(*data.part("test"), verbose=0)
    model.load(run.best_checkpoint)
    best, _ = model.evaluate(*data.part("test"), verbose=0)
    assert status.best_epoch < status.epochs
    assert status.test_loss == pytest.approx(best, rel=1e-5)
    assert status.test_loss != pytest.approx(last, rel=1e-3)


def test_a_stop_while_the_test_part_is_judged_keeps_the_last_weights(store, monkeypatch):
    def stop_then_judge(model, run, *others):
        run.request_stop()
        others[1].writer.stop_requested.wait(10)
        return judge(model, run, *others)

    judge = training_run.judge
    monkeypatch.setattr(training_run, "judge", stop_then_judge)
    run = _train(store, _spec(epochs=6, learning_rate=0.3, schedule="constant"))
    status, data = run.status(), load_data(DATA)
    model = training_run.build_model(run.spec, data.part("train"), len(data.class_names))
    model.load(run.last_checkpoint)
    assert (status.phase, status.epoch, model.n_batches) == ("stopped", 6, status.step)
    assert model.evaluate(*data.part("validation"), verbose=0)[0] == pytest.approx(status.val_loss, rel=1e-5)
    assert status.test_loss is None


@pytest.mark.parametrize("augment", [AugmentSpec(), AugmentSpec.preset("strong")], ids=["fit", "fit_generator"])
def test_the_first_batch_is_what_the_preview_promises(store, augment):
    run = _train(store, _spec(augment, epochs=1))
    images, labels = load_data(DATA).part("train")
    seed = run.spec.training.seed
    indices = order(len(labels), seed, 0)[:16]
    with np.load(run.first_batch, allow_pickle=False) as seen:
        np.testing.assert_array_equal(seen["indices"], indices)
        np.testing.assert_array_equal(seen["labels"], labels[indices])
        promised = ImageDataGenerator.from_spec(augment).augment(images, indices, seed, 0)
        np.testing.assert_array_equal(seen["inputs"], promised)


@pytest.mark.parametrize("network", catalog.NETWORKS)
def test_every_network_trains(store, network):
    assert _train(store, _spec(network=network, epochs=1)).status().phase == "finished"


@pytest.mark.parametrize("optimizer", catalog.OPTIMIZERS)
def test_every_optimizer_trains(store, optimizer):
    assert _train(store, _spec(optimizer=optimizer, epochs=1)).status().phase == "finished"


@pytest.mark.parametrize("schedule", catalog.SCHEDULES)
def test_every_schedule_ends_with_its_rate(store, schedule):
    run = _train(store, _spec(schedule=schedule, learning_rate=0.01))
    rates = [row.value for row in run.metrics() if (row.name, row.split) == ("learning_rate", "train")]
    if schedule == "constant":
        assert rates == [0.01, 0.01]
    else:
        assert rates[1] < rates[0] <= 0.01


def test_equal_settings_give_equal_runs(store):
    losses = [
        [row.value for row in _train(store, _spec(AugmentSpec.preset("light"))).metrics() if row.split == "validation"]
        for _ in range(2)
    ]
    assert losses[0] == losses[1]


def test_steps_per_epoch_are_kept(store):
    run = _train(store, _spec(AugmentSpec.preset("light"), steps_per_epoch=2, epochs=3))
    assert (run.status().step, run.status().steps) == (6, 6)


def test_a_request_to_stop_ends_the_run_with_its_weights_saved(store):
    def stop_soon(run, writer):
        def stop():
            while not run.metrics():
                pass
            run.request_stop()

        threading.Thread(target=stop, daemon=True).start()

    run = _train(store, _spec(epochs=1000), stop_soon)
    status = run.status()
    assert (status.phase, status.error) == ("stopped", None)
    assert status.step < status.steps
    assert run.last_checkpoint.exists()
    assert not any(row.split == "test" for row in run.metrics())


def test_a_database_that_cannot_be_written_ends_the_training(store, monkeypatch):
    def fail(self):
        raise RunError("runs.cannot_write", folder="runs", problem="no space")

    with pytest.raises(RunError, match="no space"):
        _train(store, _spec(), lambda run, writer: monkeypatch.setattr(writer, "check", fail.__get__(writer)))


def test_a_loss_that_is_no_number_ends_the_training(store):
    with pytest.raises(TrainingError, match="learning rate of 100"):
        _train(store, _spec(optimizer="sgd", learning_rate=100.0, schedule="constant", epochs=20))


def test_a_loss_that_is_no_number_does_not_wait_for_the_end_of_a_long_epoch(store):
    ruinous = {"optimizer": "sgd", "learning_rate": 100.0, "schedule": "constant", "epochs": 1}
    with pytest.raises(TrainingError):
        _train(store, _spec(AugmentSpec.preset("light"), steps_per_epoch=100_000, **ruinous))


def test_a_run_that_is_deleted_ends_and_stays_away(store, tmp_path):
    doomed = []

    def delete_soon(run, writer):
        doomed.append(run.folder)
        threading.Timer(1.0, run.folder.rename, [tmp_path / "trash"]).start()

    with pytest.raises((OSError, sqlite3.Error)):  # there is nowhere left to write the end
        _train(store, _spec(epochs=1000), delete_soon)
    assert not doomed[0].exists()


def test_early_stopping_is_one_of_the_callbacks_when_asked_for():
    _, stopping = training_run.recipe(TrainSpec(early_stopping=True, patience=3))
    assert stopping.patience == 3
    assert stopping.restore_best_weights
    assert len(training_run.recipe(TrainSpec())) == 1
    assert training_run.recipe(TrainSpec(schedule="constant")) == []


def test_balanced_weights_give_every_class_the_same_total():
    labels = np.array([0] * 6 + [1] * 3 + [3] * 1)
    weights = training_run.balanced(labels)
    totals = [weights[k] * n for k, n in ((0, 6), (1, 3), (3, 1))]
    assert totals == pytest.approx([10 / 3] * 3)
    assert set(weights) == {0, 1, 3}


def test_class_weights_reach_the_training(store, monkeypatch):
    monkeypatch.setattr(training_run, "balanced", lambda labels: dict.fromkeys(range(8), 3.0))
    plain, weighted = (_train(store, _spec(class_weight=choice)).status().loss for choice in ("none", "balanced"))
    assert weighted > 2 * plain


def test_trying_thread_counts_leaves_the_network_alone(store):
    pictures = load_data(DATA).part("train")
    model = training_run.build_model(_spec(network="small_cnn"), pictures, 8)
    before = model.get_weights()
    torch.set_num_threads(2)
    chosen = TRUE_CHOOSE_THREADS(model, pictures[0], 32)
    assert chosen in (1, 2)
    assert torch.get_num_threads() == chosen
    for weights, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, same)


@pytest.mark.parametrize(
    ("alone_s", "together_s", "chosen"),
    [(0.01, 0.007, 1), (0.01, 0.2, 1), (0.01, 0.002, 4), (0.15, 0.14, 1), (0.15, 0.09, 4), (0.3, 9.9, 4)],
)
def test_all_cores_are_for_long_steps(store, monkeypatch, alone_s, together_s, chosen):
    model = training_run.build_model(_spec(), load_data(DATA).part("train"), 8)
    torch.set_num_threads(4)
    taken = {1: alone_s / 4, 4: together_s / 4}  # for 8 pictures of a batch of 32
    monkeypatch.setattr(training_run, "_step_s", lambda network, inputs: taken[torch.get_num_threads()])
    assert TRUE_CHOOSE_THREADS(model, load_data(DATA).part("train")[0], 32) == chosen


def test_warming_up_leaves_no_trace_in_a_run(store):
    first = _train(store, _spec(network="small_cnn", epochs=1)).status().val_loss
    training_run.warm_up()
    assert _train(store, _spec(network="small_cnn", epochs=1)).status().val_loss == first


@pytest.mark.parametrize("optimizer", list(catalog.OPTIMIZERS))
def test_no_training_loads_the_compiler(tmp_path, optimizer):
    """PyTorch loads it, which takes 2 to 4 s, for some methods of optimizers and of what looks at operations."""
    program = f"""
import sys
import numpy as np
from engine import Model, training_run
training_run.warm_up()
model = Model(training_run.catalog.NETWORKS["mlp"].load()((8, 8, 3), 2), seed=1)
model.compile({optimizer!r})
model.fit(np.zeros((96, 8, 8, 3), np.uint8), np.arange(96) % 2, batch_size=8, epochs=2, verbose=0)
assert model.device.type != "cpu" or model.captured.n_replayed == 13
model.save({str(tmp_path / "m")!r})
model.load({str(tmp_path / "m")!r})
print([name for name in ("torch._dynamo", "torch._inductor", "sympy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_mode_can_be_asked_for(store):
    spec = _spec()
    as_stream = replace(spec, training=replace(spec.training, mode="fit_generator"))
    ends = [_train(store, s).status() for s in (spec, as_stream)]
    assert ends[0].val_loss == ends[1].val_loss
