"""Steps that are done again from a tape train like steps that are done, to the last bit."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine import optimizers
from engine.networks import zoo
from engine.training import captured, loop, tape
from engine.training.callbacks import LambdaCallback
from tests.training.pictures import N_CLASSES, assert_same_weights
from tests.training.test_captured import CASES, fit_, make, small_cnn

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
        assert torch.equal(ours.grad, theirs.grad)


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


class Own(nn.Linear):
    """May do anything."""


def replaced():
    network = small_cnn()
    network[-1].forward = lambda inputs: nn.functional.linear(inputs, network[-1].weight)
    return network


@pytest.mark.parametrize(
    "compiled",
    [
        {"network": lambda: nn.Sequential(nn.Flatten(), Own(192, N_CLASSES))},
        {"network": replaced},
        {"network": small_cnn, "loss": lambda outputs, targets: nn.functional.cross_entropy(outputs, targets.long())},
    ],
    ids=["module", "forward", "loss"],
)
def test_code_of_ones_own_is_called_at_each_step(compiled):
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
            if model.update.n == captured.N_ALIKE:
                raise RuntimeError("no more")
            return inputs

    Fails.__module__ = "torch.nn.modules.fails"
    model = make(network=lambda: nn.Sequential(Fails(), nn.Flatten(), nn.Linear(192, N_CLASSES)))
    with pytest.raises(RuntimeError, match="no more"):
        fit_(model)
    assert model.update.n == captured.N_ALIKE


def test_an_operation_that_python_calls_otherwise_is_called_as_it_is(monkeypatch):
    def direct(func, args):
        def other(one):
            """Takes no operation's arguments."""

        return other if func is torch.ops.aten.addmm.default else func

    monkeypatch.setattr(tape, "_direct", direct)
    models, histories = in_both_ways(small_cnn)
    assert models[0].captured.n_replayed == 14
    assert_same(models, histories)


def test_a_gradient_is_not_copied():
    """Autograd gives a weight the gradient itself, if nobody else holds it."""
    weight, inputs = nn.Parameter(torch.ones(3, 2)), torch.ones(4, 3)
    with tape.Tape([inputs], [weight]) as noted:
        loss = (inputs @ weight).sum()
        loss.backward()
    again = noted.function([loss])
    code = again.__closure__[0].cell_contents.__self__.code
    assert "copy" not in code
    assert "clone" not in code
