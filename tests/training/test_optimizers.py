"""Optimizers against Keras' rules written out in numpy, their arguments, and what takes no part."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine import optimizers
from engine.errors import SpecError
from engine.optimizers import schedules
from engine.training.optimizers import build
from tests.training.pictures import features, linear

RANDOM = np.random.default_rng(0)
SHAPES = [(3, 2), (3,)]
START = [RANDOM.normal(size=shape) for shape in SHAPES]
GRADIENTS = [[3 * RANDOM.normal(size=shape) for shape in SHAPES] for _ in range(6)]


def updated(recipe):
    """Weights after an update with each of GRADIENTS."""
    weights = [nn.Parameter(torch.tensor(values)) for values in START]
    update = build(recipe, weights)
    for gradients in GRADIENTS:
        loss = sum((weight * torch.tensor(g)).sum() for weight, g in zip(weights, gradients, strict=True))
        update(loss, 1)
    return [weight.detach().numpy() for weight in weights]


def sgd(w, g, state, t, lr=0.1, momentum=0.0, nesterov=False):
    state["v"] = momentum * state.get("v", 0) - lr * g
    return w + (momentum * state["v"] - lr * g if nesterov else state["v"])


def rmsprop(w, g, state, t, lr=0.1, rho=0.9, momentum=0.0, eps=1e-7, centered=False):
    state["v"] = rho * state.get("v", 0) + (1 - rho) * g**2
    state["a"] = rho * state.get("a", 0) + (1 - rho) * g
    root = np.sqrt(state["v"] + eps - (state["a"] ** 2 if centered else 0))
    state["m"] = momentum * state.get("m", 0) + lr * g / root
    return w - state["m"]


def adam(w, g, state, t, lr=0.1, b1=0.9, b2=0.999, eps=1e-7, amsgrad=False):
    state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
    state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
    state["top"] = np.maximum(state.get("top", 0), state["v"]) if amsgrad else state["v"]
    return w - lr * np.sqrt(1 - b2**t) / (1 - b1**t) * state["m"] / (np.sqrt(state["top"]) + eps)


def recomputed(rule, decay=0.0, prepare=lambda gradients: gradients, **arguments):
    weights, states = [w.copy() for w in START], [{}, {}]
    for t, gradients in enumerate(GRADIENTS, 1):
        for k, g in enumerate(prepare(gradients)):
            weights[k] = weights[k] - weights[k] * decay * 0.1
            weights[k] = rule(weights[k], g, states[k], t, **arguments)
    return weights


def by_norm(limit):
    return lambda gradients: [g * min(1, limit / np.linalg.norm(g)) for g in gradients]


def by_value(limit):
    return lambda gradients: [np.clip(g, -limit, limit) for g in gradients]


def by_global_norm(limit):
    def clip(gradients):
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        return [g * min(1, limit / norm) for g in gradients]

    return clip


SGD, RMSprop, Adam, AdamW = optimizers.SGD, optimizers.RMSprop, optimizers.Adam, optimizers.AdamW
RULES = {
    "sgd": (SGD(0.1), recomputed(sgd)),
    "momentum": (SGD(0.1, momentum=0.9), recomputed(sgd, momentum=0.9)),
    "nesterov": (SGD(0.1, momentum=0.9, nesterov=True), recomputed(sgd, momentum=0.9, nesterov=True)),
    "sgd decay": (SGD(0.1, momentum=0.9, weight_decay=0.2), recomputed(sgd, 0.2, momentum=0.9)),
    "rmsprop": (RMSprop(0.1), recomputed(rmsprop)),
    "rmsprop decay": (RMSprop(0.1, weight_decay=0.2), recomputed(rmsprop, 0.2)),
    "centered": (RMSprop(0.1, momentum=0.5, centered=True), recomputed(rmsprop, momentum=0.5, centered=True)),
    "adam": (Adam(0.1), recomputed(adam)),
    "adam decay": (Adam(0.1, weight_decay=0.2), recomputed(adam, 0.2)),
    "adamw": (AdamW(0.1), recomputed(adam, 0.004)),
    "amsgrad": (Adam(0.1, beta_2=0.5, amsgrad=True), recomputed(adam, b2=0.5, amsgrad=True)),
    "clipnorm": (SGD(0.1, clipnorm=4.0), recomputed(sgd, prepare=by_norm(4.0))),
    "clipvalue": (SGD(0.1, clipvalue=0.5), recomputed(sgd, prepare=by_value(0.5))),
    "global_clipnorm": (SGD(0.1, global_clipnorm=6.0), recomputed(sgd, prepare=by_global_norm(6.0))),
}


@pytest.mark.parametrize("case", RULES.values(), ids=RULES)
def test_rules(case):
    recipe, wanted = case
    for values, exact in zip(updated(recipe), wanted, strict=True):
        # Keras adds epsilon before the bias correction of the root, PyTorch after it.
        np.testing.assert_allclose(values, exact, rtol=2e-5, atol=1e-7)


def test_defaults_are_those_of_keras():
    shared = {
        "weight_decay": None, "clipnorm": None, "clipvalue": None, "global_clipnorm": None, "use_ema": False,
        "ema_momentum": 0.99, "ema_overwrite_frequency": None, "gradient_accumulation_steps": None,
    }  # fmt: skip
    assert vars(SGD()) == {**shared, "learning_rate": 0.01, "momentum": 0.0, "nesterov": False}
    adam_ = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}
    assert vars(Adam()) == {**shared, **adam_}
    assert vars(AdamW()) == {**shared, **adam_, "weight_decay": 0.004}
    rmsprop_ = {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False}
    assert vars(RMSprop()) == {**shared, **rmsprop_}
    assert AdamW(0.1, 0.2, 0.3) == AdamW(learning_rate=0.1, weight_decay=0.2, beta_1=0.3)


@pytest.mark.parametrize("name", ["adam", "Adam", "ADAMW", "RMSprop", "sgd"])
def test_names_are_found_as_keras_writes_them(name):
    assert type(linear(optimizer=name).optimizer).__name__.lower().endswith(name.lower())


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (Adam, {"learning_rate": 0}, "above 0 for learning_rate, but received 0"),
        (Adam, {"learning_rate": float("nan")}, "above 0 for learning_rate, but received nan"),
        (Adam, {"learning_rate": None}, "above 0 for learning_rate, but received None"),
        (SGD, {"momentum": 1.5}, "from 0 to 1 for momentum, but received 1.5"),
        (SGD, {"nesterov": 1}, "nesterov to be true or false"),
        (RMSprop, {"rho": -1}, "from 0 to 1 for rho"),
        (Adam, {"beta_2": 1.0}, "below 1 for beta_2"),
        (Adam, {"epsilon": -1e-7}, "at least 0 for epsilon"),
        (SGD, {"weight_decay": -0.1}, "at least 0 for weight_decay"),
        (AdamW, {"weight_decay": None}, "at least 0 for weight_decay, but received None"),
        (SGD, {"clipnorm": 0}, "above 0 for clipnorm"),
        (SGD, {"clipvalue": "1"}, "above 0 for clipvalue"),
        (SGD, {"clipnorm": 1.0, "clipvalue": 1.0}, "one way of clipping at most, but received clipnorm, clipvalue"),
        (SGD, {"ema_momentum": 2}, "from 0 to 1 for ema_momentum"),
        (SGD, {"ema_overwrite_frequency": 0}, "at least 1 for ema_overwrite_frequency"),
        (SGD, {"gradient_accumulation_steps": 0.5}, "at least 1 for gradient_accumulation_steps"),
    ],
)
def test_arguments_out_of_range_are_refused(kind, arguments, message):
    with pytest.raises(SpecError, match=message):
        kind(**arguments)


def test_numbers_of_numpy_can_be_saved(tmp_path):
    model = linear(optimizer=SGD(np.float32(0.5), momentum=np.float64(0.25)))
    model.fit(*features(), verbose=0)
    model.save(tmp_path / "m")
    assert model.learning_rate == 0.5


@pytest.mark.parametrize("recipe", [SGD(0.1, momentum=0.9, weight_decay=0.5), AdamW(0.1, global_clipnorm=0.1)])
def test_frozen_parameters_take_no_part(recipe):
    def train(network):
        update = build(recipe, network.parameters())
        for _ in range(3):
            update(network(torch.ones(2, 4)).square().mean(), 2)
        return update

    torch.manual_seed(0)
    frozen = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    alone = nn.Linear(3, 2)
    alone.load_state_dict(frozen[1].state_dict())
    frozen[0].requires_grad_(False)
    before = frozen[0].weight.clone()
    hidden = frozen[0](torch.ones(2, 4))
    update = train(frozen)
    assert torch.equal(frozen[0].weight, before)
    assert set(update.optimizer.state) == set(frozen[1].parameters())
    twin = build(recipe, alone.parameters())
    for _ in range(3):
        twin(alone(hidden).square().mean(), 2)
    assert torch.equal(alone.weight, frozen[1].weight)


def test_a_schedule_governs_the_rate():
    schedule = schedules.ExponentialDecay(0.4, decay_steps=1, decay_rate=0.5)
    model = linear(optimizer=SGD(schedule))
    seen = [model.learning_rate]
    x, y = features(40)
    for _ in range(2):
        model.fit(x, y, batch_size=20, verbose=0)
        seen.append(model.learning_rate)
    assert seen == [0.4, 0.1, 0.025]
    with pytest.raises(TypeError, match="an optimizer whose rate follows ExponentialDecay"):
        model.learning_rate = 0.1
    model.compile(SGD(0.4))
    model.learning_rate = 0.1


@pytest.mark.parametrize("recipe", [optimizers.Adam(), optimizers.AdamW(0.01), optimizers.Adam(amsgrad=True)], ids=repr)
def test_the_short_way_to_the_kernel_gives_what_step_gives(recipe):
    def trained(short):
        torch.manual_seed(0)
        layers = [nn.Linear(7, 5), nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)]
        optimizer = recipe.build(p for layer in layers for p in layer.parameters())
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(3))], "lr": 0.1})
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        for step in range(5):
            for k, weight in enumerate(weights):
                # The last one has no gradient at first: its state begins later than the others'.
                weight.grad = None if k == len(weights) - 1 and step < 2 else torch.randn_like(weight)
            (optimizer.apply if short else optimizer.step)()
        return weights

    for one, other in zip(trained(short=True), trained(short=False), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_who_waits_for_steps_hears_of_them(name):
    weight = nn.Parameter(torch.ones(3))
    update = build(name, [weight])
    heard = []

    def learn():
        update(weight.sum(), 1)
        return len(heard)

    assert learn() == 0
    handle = update.optimizer.register_step_post_hook(lambda *_: heard.append("hook"))
    assert [learn(), learn()] == [1, 2]
    handle.remove()
    assert learn() == 2
    step = update.optimizer.step
    update.optimizer.step = lambda: (heard.append("replaced"), step())
    assert learn() == 3
