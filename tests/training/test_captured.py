"""Steps that are recorded and replayed train like steps that are done.

Bit for bit with a recorder on the CPU, which shows that nothing of a step is hidden in Python; nearly so on a GPU.
"""

from __future__ import annotations

import copy
import pickle
import random
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from engine import optimizers
from engine.augment.generator import ImageDataGenerator
from engine.networks import zoo
from engine.optimizers import schedules
from engine.training import captured, feeds
from engine.training.callbacks import Callback, LambdaCallback, OneCycle
from engine.training.look import Look
from engine.training.model import Model
from tests.training.pictures import N_CLASSES, assert_same_weights, pictures
from tests.training.recorder import Replayed

RATE = 2.0**-9  # the same as float32, which a recording reads
ON_GPU = pytest.param("cuda", marks=pytest.mark.gpu)
DEVICES = pytest.mark.parametrize("device", ["cpu", ON_GPU])


@pytest.fixture(autouse=True)
def recorder(monkeypatch):
    monkeypatch.setitem(captured.RECORDERS, "cpu", Replayed)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)


@pytest.fixture
def eager(monkeypatch):
    """Trains without recording."""

    def fit(model, *args, **kwargs):
        with monkeypatch.context() as patch:
            patch.setattr(captured, "RECORDERS", {})
            return fit_(model, *args, **kwargs)

    return fit


def make(device="cpu", network=None, precision="float32", **compiled):
    torch.manual_seed(1)
    model = Model((network or small_cnn)(), seed=1, device=device, precision=precision)
    model.compile(**{"optimizer": optimizers.Adam(RATE), **compiled})
    return model


def fit_(model, epochs=3, callbacks=(), n=50, size=8, **kwargs):
    """Six full batches and a short one per epoch."""
    images, labels = pictures(n)
    settings = {"batch_size": size, "epochs": epochs, "callbacks": list(callbacks), "verbose": 0, **kwargs}
    return model.fit(images, labels, **settings).history


def assert_same_training(one, other, histories, device):
    if device == "cpu":
        assert_same_weights(one, other)
        assert histories[0] == histories[1]
        return
    # Kernels of a GPU may add in another order each time, which Adam makes visible where a gradient is nearly 0.
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=5e-3)
    assert histories[0]["loss"] == pytest.approx(histories[1]["loss"], rel=1e-2)


def small_cnn():
    return zoo.small_cnn((8, 8, 3), N_CLASSES, width=4)


def convolution(model):
    return next(module for module in model.network if isinstance(module, nn.Conv2d))


def dropout():
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, N_CLASSES))


CASES = {
    "adam": {},
    "adamw": {"optimizer": optimizers.AdamW(RATE)},
    "amsgrad": {"optimizer": optimizers.Adam(RATE, amsgrad=True)},
    "schedule": {"optimizer": optimizers.Adam(schedules.ExponentialDecay(RATE, 2, 0.5, staircase=True))},
    "clipped norms": {"optimizer": optimizers.Adam(RATE, clipnorm=0.1)},
    "clipped norm of all": {"optimizer": optimizers.SGD(0.05, global_clipnorm=0.1)},
    "momentum": {"optimizer": optimizers.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01)},
    "rmsprop": {"optimizer": optimizers.RMSprop(0.01, momentum=0.9, centered=True)},
    "metrics": {"metrics": ["accuracy", "auc"], "weighted_metrics": ["accuracy"]},
    "bfloat16": {"precision": "mixed_bfloat16"},
    "dropout": {"network": dropout},
}


@DEVICES
@pytest.mark.parametrize("case", CASES)
def test_replayed_steps_train_alike(eager, device, case):
    ours, theirs = (make(device, **CASES[case]) for _ in range(2))
    histories = fit_(ours), eager(theirs)
    # The first epoch does three full batches as usual, and replays the fourth while it records it.
    assert ours.captured.n_replayed == 2 + 6 + 6
    assert theirs.captured is None
    assert_same_training(ours, theirs, histories, device)
    assert ours.update.n == theirs.update.n == 21
    assert ours.learning_rate == theirs.learning_rate


@DEVICES
def test_weights_of_pictures_and_classes(eager, device):
    ours, theirs = make(device), make(device)
    settings = {"sample_weight": np.linspace(0, 2, 50), "class_weight": {0: 2.0, 1: 1.0, 2: 0.5}}
    histories = fit_(ours, **settings), eager(theirs, **settings)
    assert ours.captured.n_replayed == 14
    assert_same_training(ours, theirs, histories, device)


@DEVICES
def test_a_training_continued_from_a_file_equals_one_that_never_stopped(tmp_path, device):
    through, begun, continued = (make(device, network=dropout) for _ in range(3))
    fit_(through, 4)
    fit_(begun, 2)
    begun.save(tmp_path / "m")
    continued.load(tmp_path / "m")
    fit_(continued, 2)
    assert continued.captured.n_replayed == 8
    assert_same_training(through, continued, [{"loss": []}] * 2, device)


@DEVICES
@pytest.mark.parametrize("optimizer", [optimizers.Adam(RATE), optimizers.SGD(0.05, momentum=0.9)], ids=["adam", "sgd"])
def test_a_rate_that_changes_between_epochs(eager, device, optimizer):
    def halve(model):
        return Halve(model)

    class Halve(Callback):
        def __init__(self, model):
            super().__init__()
            self.mine = model

        def on_epoch_begin(self, epoch, logs=None):
            self.mine.learning_rate *= 0.5

    ours, theirs = make(device, optimizer=optimizer), make(device, optimizer=optimizer)
    histories = fit_(ours, callbacks=[halve(ours)]), eager(theirs, callbacks=[halve(theirs)])
    # Adam reads the rate anew; into the other rule's recording it is baked, so that each epoch begins afresh.
    assert ours.captured.n_replayed == (14 if isinstance(optimizer, optimizers.Adam) else 6)
    assert_same_training(ours, theirs, histories, device)


def test_a_rate_that_changes_at_each_step_is_read_or_never_recorded(eager):
    cycle = [OneCycle(0.01)]
    for optimizer, n_replayed in ((optimizers.Adam(), 14), (optimizers.SGD(), 0)):
        ours, theirs = make(optimizer=optimizer), make(optimizer=optimizer)
        fit_(ours, callbacks=cycle), eager(theirs, callbacks=cycle)
        assert ours.captured.n_replayed == n_replayed
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)  # the rate as float32, of up to 0.01


@DEVICES
@pytest.mark.parametrize("change", ["freeze", "load", "replace", "add"])
def test_what_a_callback_changes_between_epochs_counts(eager, device, change, tmp_path):
    donor = make(device)
    eager(donor, 1)
    donor.save(tmp_path / "donor")

    class Change(Callback):
        def __init__(self, model):
            super().__init__()
            self.mine = model

        def on_epoch_begin(self, epoch, logs=None):
            if epoch != 1:
                return
            if change == "freeze":
                convolution(self.mine).requires_grad_(False)
            elif change == "load":
                self.mine.load(tmp_path / "donor")
            elif change == "add":
                self.mine.network[-1].requires_grad_(True)
                parameters = [*self.mine.network[-1].parameters()]
                self.mine.optimizer.add_param_group({"params": parameters, "lr": 2 * RATE})
            else:
                self.mine.network[-1].weight.data = torch.zeros_like(self.mine.network[-1].weight)

    ours, theirs = make(device), make(device)
    if change == "add":
        for model in (ours, theirs):
            model.network[-1].requires_grad_(False)
            model.compile(optimizers.Adam(RATE))
    histories = fit_(ours, callbacks=[Change(ours)]), eager(theirs, callbacks=[Change(theirs)])
    assert ours.captured.n_replayed == 2 + 2 + 6
    assert_same_training(ours, theirs, histories, device)


class Annealed:
    """A loss of one's own with a setting."""

    def __init__(self):
        self.beta = 1.0

    def __call__(self, outputs, targets):
        return self.beta * nn.functional.cross_entropy(outputs, targets.long(), reduction="none")


@pytest.mark.parametrize("of", ["module", "loss"])
def test_settings_that_a_callback_changes_between_epochs_count(eager, of):
    histories, models = [], []
    for fit in (fit_, eager):
        loss = Annealed()
        model = make(network=dropout, loss=loss)

        def change(epoch, logs, model=model, loss=loss):
            if of == "loss":
                loss.beta = 1.0 + epoch
            else:
                model.network[3].p = 0.5 - 0.2 * epoch

        histories.append(fit(model, callbacks=[LambdaCallback(on_epoch_begin=change)]))
        models.append(model)
    assert models[0].captured.n_replayed > 0
    assert_same_training(*models, histories, "cpu")


def test_an_optimizer_that_is_no_longer_fused_is_asked_anew(eager):
    ours, theirs = make(), make()
    for model, fit in ((ours, fit_), (theirs, eager)):
        fit(model, 1)
        for group in model.optimizer.param_groups:
            group.update(fused=None, foreach=True)
        fit(model, 1)
    assert_same_weights(ours, theirs)


def test_a_model_with_a_recording_can_be_copied(eager):
    model = make()
    fit_(model, 1)
    assert model.captured.n_replayed > 0
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.captured is None
        fit_(twin, 1)
    other = make()
    eager(other, 1), eager(other, 1)
    assert_same_weights(twin, other)


def test_short_batches_of_many_epochs_are_not_taken_for_the_rule():
    model = make()
    fit_(model, 6)
    assert model.captured.n_replayed == 2 + 5 * 6
    assert model.captured._recorder.n_recorded == 1


def test_batches_of_another_size_are_recorded_in_their_turn(eager):
    ours, theirs = make(), make()
    for model, fit in ((ours, fit_), (theirs, eager)):
        for size in (8, 5):
            fit(model, 1, n=40, size=size)
    assert ours.captured.n_replayed == 1 + 4
    assert_same_weights(ours, theirs)


def test_trainings_one_after_the_other_share_a_recording(eager):
    ours, theirs = make(), make()
    for model, fit in ((ours, fit_), (theirs, eager)):
        for _ in range(3):
            fit(model, 1)
        fit(model, 1, n=24)  # batches of the same size
    assert ours.captured.n_replayed == 2 + 6 + 6 + 3
    assert_same_weights(ours, theirs)
    ours.compile()
    assert ours.captured is None


def test_a_flow_on_the_device_trains_alike(monkeypatch):
    monkeypatch.setattr(feeds.DeviceFlowFeed, "accepts", lambda source, reading: True)
    images, labels = pictures(50)
    generator = ImageDataGenerator(rotation_range=30, horizontal_flip=True, rescale=1 / 255)
    flow = generator.flow(images, labels, batch_size=8, seed=0)
    ours, theirs = make(), make()
    ours.fit_generator(flow, epochs=2, verbose=0)
    with monkeypatch.context() as patch:
        patch.setattr(captured, "RECORDERS", {})
        theirs.fit_generator(flow, epochs=2, verbose=0)
    assert ours.captured.n_replayed == 8
    assert_same_weights(ours, theirs)


# --- what is not recorded -------------------------------------------------------------------------------------------


class Cooling(nn.Module):
    """Keeps a number in Python."""

    def __init__(self):
        super().__init__()
        self.layer, self.scale = nn.Linear(192, N_CLASSES), 1.0

    def forward(self, x):
        self.scale *= 0.9
        return self.scale * self.layer(x.flatten(1))


class Reading(Cooling):
    def forward(self, x):
        return self.layer(x.flatten(1) * (2.0 if x.mean() > 0 else 1.0))


class Rolling(Cooling):
    def forward(self, x):
        return self.layer(x.flatten(1)) * (1.0 if random.random() < 2 else 2.0)


class Drawing(Cooling):
    def forward(self, x):
        return self.layer(x.flatten(1)) * (1.0 if np.random.rand() < 2 else 2.0)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Cooling, "does not do the same"),
        (Reading, "waits for"),
        (Rolling, "random numbers.* by another thread"),
        (Drawing, "random numbers.* by another thread"),
    ],
)
def test_a_network_that_does_more_than_computing_is_called(eager, network, reason):
    ours, theirs = make(network=network), make(network=network)
    with pytest.warns(UserWarning, match=f"not recorded as a CUDA graph.*{reason}") as said:
        histories = fit_(ours), eager(theirs)
    assert len([w for w in said if "not recorded" in str(w.message)]) == 1
    assert ours.captured.n_replayed == 0
    assert_same_training(ours, theirs, histories, "cpu")


@pytest.mark.parametrize("late", [False, True])
def test_a_recording_that_fails_is_never_tried_again(eager, monkeypatch, late):
    class Fails(Replayed):
        def capture(self, work):
            self.n_recorded += 1
            if late:
                memory = [*ours.network.state_dict().values()]
                memory += [values for state in ours.optimizer.state.values() for values in state.values()]
                before = [values.clone() for values in memory]
                work()  # all of Python runs, and nothing on the device
                torch._foreach_copy_(memory, before)
            raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setitem(captured.RECORDERS, "cpu", Fails)
    optimizer = optimizers.Adam(schedules.ExponentialDecay(RATE, 1, 0.5, staircase=True))
    ours, theirs = make(optimizer=optimizer), make(optimizer=optimizer)
    with pytest.warns(UserWarning, match=r"faster: operation not permitted when stream is capturing\."):
        histories = fit_(ours), eager(theirs)
    assert ours.captured._recorder.n_recorded == 1
    assert_same_training(ours, theirs, histories, "cpu")


def foreign(network):
    return torch.optim.SGD(network.parameters(), 0.05)


@pytest.mark.parametrize(
    "optimizer",
    [optimizers.Adam(gradient_accumulation_steps=2), optimizers.Adam(use_ema=True), foreign],
    ids=["accumulation", "average", "foreign"],
)
def test_an_update_that_is_not_always_the_same_is_called(optimizer):
    model = make()
    model.compile(optimizer(model.network) if optimizer is foreign else optimizer)
    fit_(model)
    assert model.captured is None


def test_a_callback_that_sees_batches_sees_what_is_done():
    seen = []

    class Sees(Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append(convolution(model).weight.grad.clone())

    model = make()
    for callback in (Sees(), LambdaCallback(on_train_batch_begin=lambda *_: None)):
        fit_(model, 1, [callback])
        assert model.captured is None
    assert not torch.equal(seen[-1], seen[-2])


def test_hooks_hear_of_each_step():
    heard = []
    model = make()
    handles = [
        lambda: convolution(model).register_forward_hook(lambda *_: heard.append("module")),
        lambda: convolution(model).weight.register_hook(lambda _: heard.append("weight")),
        lambda: model.optimizer.register_step_post_hook(lambda *_: heard.append("optimizer")),
    ]
    for hook in handles:
        heard.clear()
        handle = hook()
        fit_(model, 1)
        handle.remove()
        assert len(heard) >= 7
    assert model.captured is None
    fit_(model, 1)
    assert model.captured.n_replayed == 2


def test_evaluation_in_between_changes_nothing(eager):
    images, labels = pictures(20)
    ours, theirs = make(), make()
    data = {"validation_data": (images, labels)}
    assert fit_(ours, **data) == eager(theirs, **data)
    assert_same_weights(ours, theirs)


def test_the_check_finds_what_is_hidden_in_python(eager, monkeypatch):
    """A rate that a recording has baked: the replayed training must differ."""
    monkeypatch.setattr(captured._Rates, "baked", lambda self: None)
    optimizer = optimizers.SGD(schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True))
    ours, theirs = make(optimizer=optimizer), make(optimizer=optimizer)
    fit_(ours), eager(theirs)
    assert ours.captured.n_replayed == 14
    with pytest.raises(AssertionError):
        assert_same_weights(ours, theirs)


def test_cuda_graphs_are_made_as_pytorch_asks_for(monkeypatch):
    """Without a GPU only the calls can be seen: in which order, and around what."""
    heard = []

    class Stream:
        def __init__(self, name):
            self.name = name

        def wait_stream(self, other):
            heard.append(f"{self.name} waits for {other.name}")

    class Graph:
        def replay(self):
            heard.append("replay")

    @contextmanager
    def entered(what):
        heard.append(f"begin {what}")
        yield
        heard.append(f"end {what}")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: Stream("side"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream("current"))
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: entered(stream.name))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(
        torch.cuda, "graph", lambda graph, stream, capture_error_mode: entered(f"{stream.name} {capture_error_mode}")
    )
    graphs = captured.CudaGraphs(torch.device("cuda"))

    def work():
        heard.append("work")
        return ()

    graphs.warm(work)
    assert heard == ["side waits for current", "begin side", "work", "end side", "current waits for side"]
    heard.clear()
    _, again = graphs.capture(work)
    assert heard == ["begin side thread_local", "work", "end side thread_local", "replay"]
    again()
    assert heard[-1] == "replay"


def test_a_look_finds_what_is_made_on_the_host(monkeypatch):
    monkeypatch.setattr(Look, "_chance_of_host", lambda self: None)  # a state, which no pretended tensor has

    def problem(work):
        with Look(torch.device("cuda")) as look:
            work()
        return look.problem

    host = torch.ones(3)
    assert problem(lambda: torch.zeros(3)) == problem(lambda: host + 1) == "it computes on the host"
    with FakeTensorMode(), torch.device("cuda"):
        assert problem(lambda: torch.rand(3).cpu()) == "it computes on the host"
        assert problem(lambda: torch.where(torch.rand(3) > 0.5, 1.0, torch.rand(3)).sum() * 2) is None
