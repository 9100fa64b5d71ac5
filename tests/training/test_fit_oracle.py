"""Trainings compared with what real Keras recorded: every history value and every final weight."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.augment.generator import ImageDataGenerator
from engine.training import losses, optimizers
from engine.training.callbacks import LearningRateScheduler
from engine.training.model import Model
from tests.oracle.load import recorded

ARRAYS, CASES = recorded("fit")
_, MODELS = recorded("fit", "models")
# Keras 3 restarts an exhausted source inside an epoch, so epochs are of 3, 1, 3, 1 steps. We stream instead, which
# the case keras2_stream records.
CASES = [case for case in CASES if not case.get("keras3_quirk")]
WEIGHT_TOLERANCE = {"SGD": 1e-4, "Adam": 5e-3, "AdamW": 5e-3, "RMSprop": 5e-4}
ACTIVATIONS = {"relu": [nn.ReLU], "softmax": [lambda: nn.Softmax(dim=-1)], "sigmoid": [nn.Sigmoid], "linear": []}


def build_network(label):
    """The Keras model as a PyTorch module with the recorded initial weights; its layers by their Keras index."""
    spec = MODELS[label]
    shape, modules, layers = list(spec["input"]), [], {}
    for k, (kind, *arguments) in enumerate(spec["layers"]):
        if kind == "conv":
            filters, kernel, padding, activation = arguments
            assert padding == "valid"
            layers[k] = nn.Conv2d(shape[2], filters, kernel)
            modules += [layers[k], *(make() for make in ACTIVATIONS[activation])]
            shape = [shape[0] - kernel + 1, shape[1] - kernel + 1, filters]
        elif kind == "maxpool":
            modules.append(nn.MaxPool2d(arguments[0]))
            shape = [shape[0] // arguments[0], shape[1] // arguments[0], shape[2]]
        elif kind == "flatten":
            modules.append(nn.Flatten())
            shape = [int(np.prod(shape))]
        else:
            assert kind == "dense"
            units, activation = arguments
            layers[k] = nn.Linear(shape[0], units)
            modules += [layers[k], *(make() for make in ACTIVATIONS[activation])]
            shape = [units]
    with torch.no_grad():
        for k, layer in layers.items():
            layer.weight.copy_(torch.from_numpy(ARRAYS[f"init/{label}/torch/{k}.weight"]))
            layer.bias.copy_(torch.from_numpy(ARRAYS[f"init/{label}/torch/{k}.bias"]))
    return nn.Sequential(*modules), layers


def data(name):
    return ARRAYS[f"data/{name}"]


def endless(x, y, w, size):
    while True:
        for k in range(0, len(x), size):
            rows = slice(k, k + size)
            yield (x[rows], y[rows]) if w is None else (x[rows], y[rows], w[rows])


def run_call(model, call):
    """One recorded `fit`."""
    arguments = dict(call["fit"], verbose=0, shuffle=False)
    if call.get("validation"):
        arguments["validation_data"] = tuple(data(name) for name in call["validation"])
    if "class_weight" in arguments:
        arguments["class_weight"] = {int(k): w for k, w in arguments["class_weight"].items()}
    if call.get("lr_schedule"):
        rates = call["lr_schedule"]
        arguments["callbacks"] = [LearningRateScheduler(lambda epoch, rate: rates[epoch])]
    x, y = data(call["x"]), data(call["y"])
    w = data(call["sample_weight"]) if call.get("sample_weight") else None
    via = call.get("via", "arrays")
    if via == "generator":
        return model.fit_generator(endless(x, y, w, call["generator_batch"]), **arguments)
    if via == "flow":
        flow = ImageDataGenerator().flow(x, y, batch_size=call["generator_batch"], shuffle=False, sample_weight=w)
        return model.fit_generator(flow, **arguments)
    return model.fit(x, y, sample_weight=w, **arguments)


@pytest.mark.filterwarnings("ignore:class_weight says nothing", "ignore:Pictures of shape")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_equals_keras(case):
    network, layers = build_network(case["model"])
    model = Model(network)
    model.compile(
        getattr(optimizers, case["optimizer"][0])(**case["optimizer"][1]),
        getattr(losses, case["loss"][0])(**case["loss"][1]),
        metrics=case["metrics"],
        weighted_metrics=case.get("weighted_metrics"),
    )
    for k, call in enumerate(case["calls"]):
        history = run_call(model, call)
        prefix = f"{case['name']}/call{k}/"
        wanted = {key.removeprefix(prefix): values for key, values in ARRAYS.items() if key.startswith(prefix)}
        np.testing.assert_array_equal(history.epoch, wanted.pop("epoch"))
        assert set(history.history) == set(wanted)
        for name, values in wanted.items():
            np.testing.assert_allclose(history.history[name], values, rtol=5e-4, err_msg=name)
    tolerance = WEIGHT_TOLERANCE[case["optimizer"][0]]
    for k, layer in layers.items():
        for name in ("weight", "bias"):
            final = getattr(layer, name).detach().numpy()
            np.testing.assert_allclose(final, ARRAYS[f"{case['name']}/final/{k}.{name}"], rtol=0, atol=tolerance)
