"""Steps that are done again from a tape train like steps that are done, to the last bit."""

from __future__ import annotations

import warnings
import weakref
from contextlib import nullcontext
from functools import partial, wraps

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.overrides import TorchFunctionMode

from engine import optimizers
from engine.errors import TrainingError
from engine.networks import zoo
from engine.training import captured, loop, rules, tape
from engine.training.callbacks import LambdaCallback
from tests.training.pictures import N_CLASSES, assert_same_weights
from tests.training.test_captured import CASES, fit_, make, small_cnn


@pytest.fixture(autouse=True)
def early_and_often(monkeypatch):
    monkeypatch.setattr(captured.Tapes, "n_alike", 3)
    monkeypatch.setattr(captured.Tapes, "n_between", 0)


LAYERS = [
    nn.ReLU,
    nn.GELU,
    nn.PReLU,
    nn.RReLU,
    nn.Tanh,
    nn.Identity,
    lambda: nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(inplace=True)),
    lambda: nn.Dropout(0.3),
    lambda: nn.AlphaDropout(0.3),
    lambda: nn.Conv2d(4, 4, 3, padding=1),
    lambda: nn.Conv2d(4, 4, 3, padding="same", padding_mode="circular", groups=2, bias=False),
    lambda: nn.BatchNorm2d(4),
    lambda: nn.GroupNorm(2, 4),
    lambda: nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
    lambda: zoo.Residual(4),
    lambda: nn.Upsample(scale_factor=2),
    lambda: nn.FractionalMaxPool2d(2, output_ratio=0.8),
]
RULES = [
    optimizers.Adam,
    lambda: optimizers.AdamW(global_clipnorm=0.1),
    lambda: optimizers.SGD(1e-6, momentum=0.9, nesterov=True),
    lambda: optimizers.RMSprop(centered=True, clipvalue=0.1),
]


def in_both_ways(network, fit=fit_, **compiled):
    """Two trainings, the second one done step by step: models and what `fit` gave."""
    models, given_back = [], []
    for recorders in ({"cpu": captured.Tapes}, {}):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(captured, "RECORDERS", recorders)
            models.append(make(network=network, **compiled))
            given_back.append(fit(models[-1]))
    return models, given_back


def assert_same(models, histories):
    assert_same_weights(*models)
    assert histories[0] == histories[1]
    for ours, theirs in zip(*(model.network.parameters() for model in models), strict=True):
        assert (ours.grad is None) == (theirs.grad is None)
        assert ours.grad is None or torch.equal(ours.grad, theirs.grad)
        assert ours.grad is None or not ours.grad.requires_grad


@pytest.mark.parametrize("case", CASES)
def test_steps_from_a_tape_train_alike(case):
    models, histories = in_both_ways(**{"network": small_cnn, "optimizer": "adam", **CASES[case]})
    # The first epoch does three full batches as usual, the fourth is noted.
    assert models[0].captured.n_replayed == 2 + 6 + 6
    assert models[1].captured is None
    assert_same(models, histories)
    assert models[0].update.n == models[1].update.n == 21


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(LAYERS), max_size=4), st.sampled_from(RULES), st.sampled_from([8, 16]))
def test_any_stack_of_layers_trains_alike(layers, rule, size):
    def network():
        ends = nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, N_CLASSES)
        return nn.Sequential(nn.Conv2d(3, 4, 1), *(layer() for layer in layers), *ends)

    models, histories = in_both_ways(network, lambda model: fit_(model, 2, size=size, n=6 * size), optimizer=rule())
    assert models[0].captured.n_replayed == 2 + 6
    assert_same(models, histories)


def test_weights_of_pictures_and_classes():
    weights = {"sample_weight": np.linspace(0, 2, 50), "class_weight": {0: 2.0, 1: 1.0, 2: 0.5}}
    models, histories = in_both_ways(small_cnn, lambda model: fit_(model, **weights))
    assert models[0].captured.n_replayed == 14
    assert_same(models, histories)


def test_a_frozen_layer_stays_as_it_is():
    def fit(model):
        before = model.network[-1].weight.clone()

        def freeze(epoch, logs):
            model.network[-1].requires_grad_(epoch == 0)

        history = fit_(model, callbacks=[LambdaCallback(on_epoch_begin=freeze)])
        assert not torch.equal(model.network[-1].weight, before)
        return history

    models, histories = in_both_ways(small_cnn, fit)
    assert models[0].captured.n_replayed == 2 + 2 + 6
    assert_same_weights(*models)
    assert histories[0] == histories[1]


def stack():
    """Square layers, so that any may take another's place."""
    layers = nn.Flatten(), nn.Linear(192, 12), nn.Tanh(), nn.Linear(12, 12), nn.Dropout(0.2), nn.Linear(12, N_CLASSES)
    return nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.AdaptiveAvgPool2d(8), *layers)


def replace_layer(model, epoch):
    model.network[4] = None
    model.network[4] = nn.Sigmoid()


def repeat_layer(model, epoch):
    model.network.insert(4, model.network[4])


def lay_out_anew(model, epoch):
    model.network[5].weight.data = model.network[5].weight.data.t()


def replace_weight(model, epoch):
    model.network[5].weight = nn.Parameter(model.network[5].weight.data)


def leave_weight_out(model, epoch):
    model.optimizer.param_groups[0]["params"].pop()


def change_optimizer(model, epoch):
    if epoch == 1:
        model.optimizer.param_groups[0]["weight_decay"] = 0.1
    else:
        model.optimizer.__class__ = rules.AdamW if isinstance(model.optimizer, rules.Adam) else Mirrored


class Mirrored(rules.KerasSGD):
    """The engine's own by its name; it learns the other way round."""

    __module__ = "engine.mirrored"

    def apply(self):
        for weight in self.param_groups[0]["params"]:
            weight.data += 0.01 * weight.grad


def keep_list(model, epoch):
    """Which is the same one, with other numbers in it."""
    group = model.optimizer.param_groups[0]
    group["betas"] = group.get("betas") if isinstance(group.get("betas"), list) else [0.9, 0.999]
    group["betas"][0] = 0.9 - 0.2 * epoch


def keep_array(model, epoch):
    """Which no comparison says yes or no of."""
    model.optimizer.param_groups[0]["note"] = np.arange(3) + epoch


CHANGES = {
    "stride": lambda model, epoch: setattr(model.network[0], "stride", (1 + epoch, 1)),
    "share as numpy's": lambda model, epoch: setattr(model.network[6], "p", np.float32(0.1 * (1 + epoch))),
    "class": lambda model, epoch: setattr(model.network[4], "__class__", nn.Sigmoid),
    "precision": lambda model, epoch: setattr(model, "precision", "mixed_bfloat16"),
    "other layer": replace_layer,
    "same layer again": repeat_layer,
    "layout": lay_out_anew,
    "other weight": replace_weight,
    "weight left out": leave_weight_out,
    "optimizer": change_optimizer,
    "list in a group": keep_list,
    "array in a group": keep_array,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_change_between_epochs_counts(change, optimizer):
    def fit(model):
        def after_the_first(epoch, logs):
            if epoch:
                CHANGES[change](model, epoch)

        return fit_(model, callbacks=[LambdaCallback(on_epoch_begin=after_the_first)])

    models, histories = in_both_ways(stack, fit, optimizer=optimizer)
    assert models[0].captured.n_replayed >= 2
    assert_same(models, histories)


def test_a_method_replaced_in_pytorchs_class_counts(monkeypatch):
    def fit(model):
        def after_the_first(epoch, logs):
            monkeypatch.setattr(nn.Tanh, "forward", (lambda self, x: torch.relu(x)) if epoch else tanh)

        return fit_(model, callbacks=[LambdaCallback(on_epoch_begin=after_the_first)])

    tanh = nn.Tanh.forward
    models, histories = in_both_ways(stack, fit)
    assert_same(models, histories)


class Sigmoids(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return (torch.sigmoid if func is torch.tanh else func)(*args, **(kwargs or {}))


def half_as_exact():
    return torch.autocast("cpu", torch.bfloat16)


@pytest.mark.parametrize("mode", [half_as_exact, Sigmoids])
@pytest.mark.parametrize("which", [0, 1])
def test_a_mode_around_one_of_two_trainings_counts(mode, which):
    def fit(model):
        histories = []
        for k in range(2):
            with mode() if k == which else nullcontext():
                histories.append(fit_(model, 1))
        return histories

    models, histories = in_both_ways(stack, fit)
    assert_same(models, histories)


def test_without_gradients_a_step_is_the_error_that_it_always_is():
    def fit(model):
        fit_(model)
        with torch.no_grad(), pytest.raises(TrainingError, match="gradient"):
            fit_(model)

    models, _ = in_both_ways(stack, fit)
    assert_same_weights(*models)


@pytest.mark.parametrize("which", [0, 1])
def test_hooks_of_saved_tensors_around_one_of_two_trainings_are_called(which):
    def fit(model):
        histories = []
        for k in range(2):
            rounded = torch.autograd.graph.saved_tensors_hooks(
                lambda t: t.bfloat16() if t.is_floating_point() else t, back
            )
            with rounded if k == which else nullcontext():
                histories.append(fit_(model, 1))
        return histories

    def back(tensor):
        return tensor.float() if tensor.is_floating_point() else tensor

    models, histories = in_both_ways(stack, fit, optimizer="sgd")
    assert_same(models, histories)


def test_anomaly_detection_finds_a_nan():
    def fit(model):
        fit_(model)
        with torch.no_grad():
            model.network[3].weight[0, 0] = torch.nan
        with torch.autograd.set_detect_anomaly(True), pytest.raises(Exception, match="nan values"):
            fit_(model)

    in_both_ways(stack, fit)


@pytest.mark.parametrize("optimizer", ["adam", optimizers.SGD(0.05, momentum=0.9)])
def test_a_state_that_the_noted_step_makes_is_not_made_again(optimizer):
    """Three full batches an epoch: the first step of the second epoch is noted, and the first to train the layer."""

    def fit(model):
        def thaw(epoch, logs):
            model.network[-1].requires_grad_(epoch > 0)

        return fit_(model, 4, n=24, callbacks=[LambdaCallback(on_epoch_begin=thaw)])

    models, histories = in_both_ways(small_cnn, fit, optimizer=optimizer)
    assert models[0].captured.n_replayed > 0
    assert_same(models, histories)


def test_a_gradient_that_piles_up_outside_the_optimizer():
    def fit(model):
        weight = model.network[5].weight
        model.optimizer.param_groups[0]["params"] = [w for w in model.network.parameters() if w is not weight]

        def clear(epoch, logs):
            weight.grad = None

        return fit_(model, n=24, callbacks=[LambdaCallback(on_epoch_begin=clear)])

    models, histories = in_both_ways(stack, fit, optimizer="sgd")
    assert_same(models, histories)


def test_a_rate_that_is_a_tensor_is_read_at_each_step():
    def fit(model):
        rate = model.optimizer.param_groups[0]["lr"] = torch.tensor(0.01)
        return fit_(model, callbacks=[LambdaCallback(on_epoch_begin=lambda epoch, logs: rate.mul_(0.5))])

    models, _ = in_both_ways(stack, fit)
    assert models[0].captured is None
    assert_same_weights(*models)


@pytest.mark.parametrize("kind", ["same", "followed"])
def test_inputs_that_are_targets_or_want_gradients(kind):
    def batches():
        random = torch.Generator().manual_seed(1)
        for k in range(24):
            inputs = torch.rand(8, 8, generator=random)
            if kind == "followed":
                yield inputs.requires_grad_(), inputs.detach().clone()
            else:
                yield (inputs, inputs) if k < 12 else (inputs + 1, inputs)

    def fit(model):
        return model.fit_generator(batches(), 12, epochs=2, verbose=0, workers=0).history

    models, histories = in_both_ways(lambda: nn.Linear(8, 8), fit, optimizer="sgd", loss="mse", metrics=())
    assert_same(models, histories)


def test_a_step_is_not_written_down_again_and_again(monkeypatch):
    """Which takes as long as many steps."""
    monkeypatch.setattr(captured.Tapes, "n_between", 10)

    def fit(model):
        def change(epoch, logs):
            model.network[6].p = 0.1 * min(epoch, 5)

        return fit_(model, 8, callbacks=[LambdaCallback(on_epoch_begin=change)])

    models, histories = in_both_ways(stack, fit)
    # Of the six full steps of an epoch the fourth is noted and two are replayed, where enough steps have gone before;
    # in the third epoch it is none, in the sixth the last. From then on nothing changes.
    assert models[0].captured.n_replayed == 2 + 2 + 0 + 2 + 2 + 0 + 6 + 6
    assert_same(models, histories)


class Own(nn.Linear):
    """May do anything."""


def replaced():
    network = small_cnn()
    network[-1].forward = lambda inputs: nn.functional.linear(inputs, network[-1].weight)
    return network


def wrapped():
    """By what copies the name of the module that a function is from."""
    network = small_cnn()
    network[-1].forward = wraps(network[-1].forward)(Growing())
    return network


class Growing:
    n = 0

    def __call__(self, inputs):
        self.n += 1
        return inputs.relu() * self.n


def activated(activation):
    """A layer of PyTorch's that calls a function of somebody's."""
    layer = nn.TransformerEncoderLayer(24, 2, 8, activation=activation, batch_first=True)
    return nn.Sequential(nn.Flatten(2), nn.Linear(64, 24), layer, nn.Flatten(), nn.Linear(72, N_CLASSES))


class OwnRule(rules.KerasSGD):
    """May do anything."""


class OwnRecipe(optimizers.SGD):
    def build(self, parameters):
        return OwnRule(parameters, 0.01, 0.0, False, 0.0)


def deep():
    return nn.Sequential(nn.Flatten(), nn.Linear(192, N_CLASSES), *(nn.Identity() for _ in range(captured.N_MODULES)))


@pytest.mark.parametrize(
    "compiled",
    [
        {"network": lambda: nn.Sequential(nn.Flatten(), Own(192, N_CLASSES))},
        {"network": replaced},
        {"network": small_cnn, "loss": lambda outputs, targets: nn.functional.cross_entropy(outputs, targets.long())},
        {"network": wrapped},
        {"network": lambda: activated(lambda hidden: hidden.relu())},
        {"network": lambda: activated(Growing())},
        {"network": small_cnn, "optimizer": OwnRecipe()},
        {"network": deep},
    ],
    ids=["module", "forward", "loss", "wrapper", "function", "object", "rule", "many modules"],
)
def test_what_is_not_known_or_not_worth_it_is_done_at_each_step(compiled):
    models, histories = in_both_ways(**compiled)
    assert models[0].captured is None
    assert_same_weights(*models)
    assert histories[0] == histories[1]


def averaging():
    """Its batch norm weighs a batch by their number, which it reads."""
    return nn.Sequential(nn.BatchNorm2d(3, momentum=None), nn.Flatten(), nn.Linear(192, N_CLASSES))


def shifted():
    """Works with a tensor that is not registered as its own."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, N_CLASSES))
    del network[1].bias
    network[1].bias = torch.ones(N_CLASSES)
    return network


class Rolling(nn.Module):
    """Draws from numbers of its own, which no graph can hold."""

    __module__ = "torch.nn.modules.rolling"

    def __init__(self):
        super().__init__()
        self.chance = torch.Generator().manual_seed(1)

    def forward(self, inputs):
        return inputs * torch.rand(inputs.shape, generator=self.chance)


def rolling():
    return nn.Sequential(Rolling(), nn.Flatten(), nn.Linear(192, N_CLASSES))


@pytest.mark.parametrize("network", [averaging, shifted, rolling])
def test_a_step_that_may_come_out_otherwise_is_done(network):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        models, histories = in_both_ways(network)
    assert models[0].captured.is_hopeless
    assert models[0].captured.n_replayed == 0
    assert_same(models, histories)


def test_inputs_that_lie_otherwise_in_memory_are_not_taken_for_the_same():
    """What is noted of a flatten is a view, which not all of them allow."""
    pictures_ = torch.rand(8, 3, 8, 8)
    otherwise = pictures_.to(memory_format=torch.channels_last)
    models = [make(network=lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, N_CLASSES))) for _ in range(2)]
    call = captured.Captured(models[0], captured.Tapes(models[0].device))
    for k, inputs in enumerate([pictures_] * 5 + [otherwise, pictures_]):
        targets = torch.arange(8) % N_CLASSES
        ours = call(partial(loop.learn, models[0], k), inputs, targets, None)
        theirs = loop.learn(models[1], k, inputs, targets, None)
        assert all(map(torch.equal, ours, theirs))
    assert call.n_replayed == 2


def test_an_error_in_the_noted_step_is_that_steps():
    class Fails(nn.Module):
        def forward(self, inputs):
            if model.update.n == 3:
                raise RuntimeError("no more")
            return inputs

    Fails.__module__ = "torch.nn.modules.fails"
    model = make(network=lambda: nn.Sequential(Fails(), nn.Flatten(), nn.Linear(192, N_CLASSES)))
    with pytest.raises(RuntimeError, match="no more"):
        fit_(model)
    assert model.update.n == 3


def test_an_operation_that_python_calls_otherwise_is_called_as_it_is(monkeypatch):
    def direct(func, args):
        def other(one):
            """Takes no operation's arguments."""

        return other if func is torch.ops.aten.addmm.default else func

    monkeypatch.setattr(tape, "_direct", direct)
    models, histories = in_both_ways(small_cnn)
    assert models[0].captured.n_replayed == 14
    assert_same(models, histories)


def test_a_gradient_is_neither_copied_nor_kept():
    """Autograd gives a weight the gradient itself, if nobody else holds it."""
    weight, inputs = nn.Parameter(torch.ones(3, 2)), torch.ones(4, 3)
    with tape.Tape([inputs], [weight]) as noted:
        loss = (inputs @ weight).sum()
        loss.backward()
    gradient = weakref.ref(weight.grad)
    assert noted.function([loss]) is not None
    assert not any("clone" in str(node.target) or "copy" in str(node.target) for node in noted.graph.nodes)
    weight.grad = None
    assert gradient() is None
