"""A training step never waits for the device: PyTorch's own check on a GPU, and elsewhere a look at the operations.

What would make the host wait on CUDA is seen on any machine: reading a value, and making a shape out of values.
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from engine import losses, metrics, optimizers
from engine.augment.generator import ImageDataGenerator
from engine.networks import zoo
from engine.training import captured, feeds, stream
from engine.training.callbacks import Callback, base
from engine.training.look import waits
from engine.training.metrics import N_LATEST
from engine.training.model import Model
from tests.training.pictures import N_CLASSES, pictures

pytestmark = pytest.mark.filterwarnings("ignore:class_weight says nothing")


class NoWaiting(TorchDispatchMode):
    """Fails at every operation that would wait for a GPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if waits(func, args):
            raise AssertionError(f"{func} waits for the device")
        return func(*args, **(kwargs or {}))


class NoNumbers(TorchFunctionMode):
    """Fails where a tensor on the device is made out of numbers of the host: the copy would wait."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.tensor, torch.as_tensor) and (kwargs or {}).get("device") is not None:
            raise AssertionError(f"{func} waits for the device")
        return func(*args, **(kwargs or {}))


@contextmanager
def no_waiting():
    """Fail at all of it."""
    with NoWaiting(), NoNumbers():
        yield


class Watch(Callback):
    """Looks at all batches after the first ones, in which optimizers make their state, and the step is recorded."""

    def __init__(self, mode, n_first):
        super().__init__()
        self.mode = mode
        self.n_first = n_first
        self.n = 0

    def on_train_batch_end(self, batch, logs=None):
        self.n += 1
        if self.n == self.n_first:
            self.mode.__enter__()
        if self.n == self.params["steps"]:  # what follows are the averages of the epoch, which are read
            self.close()

    def close(self):
        if self.n >= self.n_first:
            self.mode.__exit__(None, None, None)
        self.n = 0


def _train(device, mode, source, network=None, n_first=1, **compiled):
    network = network or zoo.small_cnn((8, 8, 3), N_CLASSES, width=4)
    model = Model(network, seed=0, device=device)
    model.compile(**compiled)
    watch = Watch(mode, n_first)
    arguments = {"epochs": 1, "verbose": 0, "callbacks": [watch], "class_weight": {0: 2.0, 1: 1.0}}
    try:
        if isinstance(source, tuple):
            model.fit(*source, batch_size=4, **arguments)
        else:
            model.fit_generator(source, **arguments)
    finally:
        watch.close()
    return model


def _data(n=36):
    return pictures(n)


def _flow(n=36):
    generator = ImageDataGenerator(rotation_range=30, fill_mode="constant", horizontal_flip=True, rescale=1 / 255)
    return generator.flow(*_data(n), batch_size=4, seed=0)


EVERY_METRIC = [
    *("accuracy", "sparse_top_k_categorical_accuracy", "precision", "recall", "f1_score", "auc"),
    metrics.Precision(top_k=2, name="best_two"),
    metrics.F1Score(threshold=0.3, name="of_threshold"),
]
CASES = {
    "adam": {},
    "adamw with clipped norms": {"optimizer": optimizers.AdamW(clipnorm=1.0)},
    "sgd with momentum": {"optimizer": optimizers.SGD(momentum=0.9, nesterov=True, clipvalue=0.1)},
    "rmsprop": {"optimizer": optimizers.RMSprop(momentum=0.9, centered=True, global_clipnorm=1.0)},
    "average and accumulation": {
        "optimizer": optimizers.SGD(use_ema=True, ema_overwrite_frequency=2, gradient_accumulation_steps=2)
    },
    "schedule": {"optimizer": optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 2, 0.5))},
    "metrics": {"metrics": EVERY_METRIC, "weighted_metrics": EVERY_METRIC},
    "label smoothing": {"loss": losses.SparseCategoricalCrossentropy(from_logits=True, label_smoothing=0.1)},
}


@pytest.mark.parametrize("case", CASES)
def test_no_operation_of_a_step_waits(case):
    _train("cpu", no_waiting(), _data(), **CASES[case])


@pytest.mark.parametrize(
    "loss", ["mse", "mae", "mape", "msle", "huber", "log_cosh", "poisson", "hinge", "squared_hinge"]
)
def test_no_loss_for_numbers_waits(loss):
    images, _ = _data()
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 1), nn.Sigmoid())
    _train("cpu", no_waiting(), (images / 255, np.arange(36) / 36), network, loss=loss, metrics=["mae"])


@pytest.mark.parametrize(
    "loss", ["categorical_crossentropy", "binary_crossentropy", "kl_divergence", "cosine_similarity"]
)
def test_no_loss_for_rows_waits(loss):
    images, labels = _data()
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 3), nn.Softmax(-1))
    _train("cpu", no_waiting(), (images / 255, np.eye(3)[labels]), network, loss=loss, metrics=["accuracy", "auc"])


def test_losses_that_are_summed_in_between_do_not_wait():
    images, labels = _data()
    many = np.resize(labels, 4 * (N_LATEST + 2))
    _train(
        "cpu",
        NoWaiting(),
        (np.resize(images, (len(many), 8, 8, 3)), many),
        nn.Sequential(nn.Flatten(), nn.Linear(192, 3)),
    )


def test_batches_of_data_on_the_device_are_made_without_waiting():
    reading = feeds.Reading(torch.device("cpu"), batch_size=4)
    intake = stream.Intake(torch.device("cpu"), "channels_last", torch.int64)
    flow = feeds.DeviceFlowFeed(_flow(), reading)
    next(flow.calls(range(1), 0))()
    with no_waiting():
        given = list(stream.stream(flow, intake, lambda item: None, range(12), stream.Queue(0)))
    assert len(given) == 12
    assert all(batch.targets.dtype == torch.int64 for batch in given)


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        lambda x: bool((x > 0).any()),
        lambda x: torch.tensor([1, 2], device=x.device),
    ],
)
def test_the_check_finds_what_waits(step):
    with no_waiting(), pytest.raises(AssertionError, match="waits for the device"):
        step(torch.ones(3))


class CudaErrors:
    """PyTorch's own check, on a real GPU."""

    def __enter__(self):
        torch.cuda.set_sync_debug_mode("error")

    def __exit__(self, *error):
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("source", [_data, _flow], ids=["fit", "fit_generator"])
def test_a_step_on_the_gpu_does_not_wait(source, case):
    model = _train("cuda", CudaErrors(), source(), **CASES[case])
    assert model.captured is None, "a callback that sees batches sees steps that are done"


@pytest.mark.gpu
@pytest.mark.parametrize("case", ["adam", "sgd with momentum", "rmsprop", "metrics"])
@pytest.mark.parametrize("source", [_data, _flow], ids=["fit", "fit_generator"])
def test_a_replayed_step_does_not_wait(source, case, monkeypatch):
    monkeypatch.setattr(base, "_is_ours", lambda method: True)
    model = _train("cuda", CudaErrors(), source(), n_first=captured.CudaGraphs.n_alike + 1, **CASES[case])
    assert model.captured.n_replayed == 9 - captured.CudaGraphs.n_alike - 1


@pytest.mark.gpu
def test_data_that_do_not_fit_are_uploaded_without_waiting(monkeypatch):
    monkeypatch.setattr(feeds, "_has_room", lambda device, n_bytes: False)
    for source in (_data(), _flow()):
        _train("cuda", CudaErrors(), source)
