"""The quicker layers give what PyTorch's own give: but for the order of sums in linear layers, to the last bit."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from engine import Model
from engine.training import kernels
from engine.training.callbacks import LambdaCallback
from engine.training.kernels import LaidOutMaxPool2d, OneDnnLinear, quicker_layers
from tests.training.pictures import cnn, pictures

CPU = torch.device("cpu")
RANDOM = torch.Generator().manual_seed(0)


@pytest.fixture(autouse=True)
def calls(monkeypatch):
    """Shapes that went to oneDNN, on a processor where it is quicker."""
    seen, true = [], kernels._Linear.apply

    def apply(x, *rest):
        seen.append(tuple(x.shape))
        return true(x, *rest)

    monkeypatch.setattr(kernels, "is_onednn_quicker", lambda: True)
    monkeypatch.setattr(kernels._Linear, "apply", apply)
    return seen


def tensor(*shape, dtype=torch.float32):
    return torch.randn(shape, generator=RANDOM, dtype=dtype, requires_grad=True)


def assert_close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.detach().abs().max()))


def both_ways(network, compute):
    """What `compute()` gives with the quicker layers, and with PyTorch's own."""
    with quicker_layers(network, CPU):
        quick = compute()
    return quick, compute()


@pytest.mark.parametrize("rows", [(1,), (32,), (4, 7), (2, 3, 2)], ids=str)
@pytest.mark.parametrize("has_bias", [True, False])
def test_outputs_and_gradients_are_those_of_pytorch(calls, rows, has_bias):
    layer, x = nn.Linear(400, 512, bias=has_bias), tensor(*rows, 400)

    def compute():
        out = layer(x)
        return [out, *torch.autograd.grad(out.square().sum(), (x, *layer.parameters()))]

    for ours, theirs in zip(*both_ways(layer, compute), strict=True):
        assert ours.shape == theirs.shape
        assert_close(ours, theirs)
    assert calls[0] == (int(np.prod(rows)), 400)


def test_gradients_have_gradients():
    layer, x = nn.Linear(400, 512), tensor(8, 400)

    def compute():
        (slope,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), layer.weight)[0]

    assert_close(*both_ways(layer, compute))


def test_what_is_of_another_kind_is_left_to_pytorch(calls):
    layer, double = nn.Linear(400, 512), nn.Linear(400, 512, dtype=torch.float64)
    with quicker_layers(nn.ModuleList([layer, double]), CPU):
        assert type(layer) is type(double) is OneDnnLinear
        double(tensor(8, 400, dtype=torch.float64))
        layer(tensor(400))
        layer(tensor(0, 400))
        layer(tensor(8, 400).detach().to_sparse())
        with pytest.raises(RuntimeError, match="mat1 and mat2"):
            layer(tensor(8, 399))
        with torch.autocast("cpu", torch.bfloat16):
            assert layer(tensor(8, 400)).dtype == torch.bfloat16
        with torch.autograd.forward_ad.dual_level():
            layer(torch.autograd.forward_ad.make_dual(torch.ones(8, 400), torch.ones(8, 400)))
    assert calls == []


def test_transformed_functions_work():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 7 * 7, 512))
    network.to(memory_format=torch.channels_last)
    weights, x = dict(network.named_parameters()), tensor(4, 3, 16, 16).detach()

    def loss(weights, picture):
        return torch.func.functional_call(network, weights, (picture[None],)).square().sum()

    def compute():
        return torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(weights, x)["3.weight"]

    assert_close(*both_ways(network, compute))


def test_what_is_computed_again_in_backward_is_computed_the_same_way():
    layer, x = nn.Linear(400, 512), tensor(8, 400)

    def compute():
        checkpoint(lambda x: layer(x).relu(), x, use_reentrant=False).square().sum().backward()
        return layer.weight.grad

    with quicker_layers(layer, CPU):
        compute()


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format], ids=str)
def test_pooling_gets_its_gradient_as_its_input_lies_and_gives_the_same(layout):
    start = tensor(2, 5, 8, 8).detach()
    pool, got = nn.MaxPool2d(2), []

    def compute():
        x = start.to(memory_format=layout).requires_grad_()
        pooled = pool(x)
        pooled.register_hook(got.append)
        pooled.flatten(1).square().sum().backward()
        return x.grad

    assert torch.equal(*both_ways(pool, compute))
    assert got[0].is_contiguous(memory_format=layout)
    assert got[1].is_contiguous()


def test_pooling_that_also_gives_places_is_left_alone():
    pool = nn.MaxPool2d(2, return_indices=True)
    with quicker_layers(pool, CPU):
        pooled, places = pool(tensor(1, 2, 4, 4))
    assert pooled.shape == places.shape == (1, 2, 2, 2)


def test_only_layers_that_gain_are_exchanged_and_all_are_given_back():
    class Own(nn.Linear):
        pass

    network = nn.Sequential(nn.Linear(784, 512), nn.Linear(512, 10), nn.MaxPool2d(2), Own(784, 512))
    before = [type(module) for module in network]
    with pytest.raises(ZeroDivisionError), quicker_layers(network, CPU):
        assert [type(module) for module in network] == [OneDnnLinear, nn.Linear, LaidOutMaxPool2d, Own]
        assert type(copy.deepcopy(network)[0]) is OneDnnLinear
        assert type(pickle.loads(pickle.dumps(network[0]))) is OneDnnLinear
        1 / 0  # noqa: B018 - whatever happens in a training
    assert [type(module) for module in network] == before
    with quicker_layers(network, torch.device("cuda")):
        assert [type(module) for module in network] == before
    network.compile(backend="eager")
    with quicker_layers(network, CPU):
        assert [type(module) for module in network] == before


def test_a_model_trains_through_them_and_repeats_itself(calls):
    x = np.random.default_rng(0).normal(size=(96, 400)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)

    def trained():
        torch.manual_seed(0)
        model = Model(nn.Sequential(nn.Linear(400, 512), nn.ReLU(), nn.Linear(512, 2)), seed=0)
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        return model, model.fit(x, y, epochs=4, verbose=0).history["accuracy"][-1]

    (first, accuracy), (second, _) = trained(), trained()
    assert accuracy > 0.95
    assert (32, 400) in calls
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))
    calls.clear()
    np.testing.assert_array_equal(first.predict(x, verbose=0), first.network(torch.from_numpy(x)).detach())
    assert calls == []


def test_a_pooling_network_learns_the_same_bits(monkeypatch):
    images, labels = pictures()
    weights = []
    for is_on in (True, False):
        if not is_on:
            monkeypatch.setattr(kernels, "_quicker_class", lambda module: None)
        torch.manual_seed(0)
        model, kinds = cnn(), set()
        see = LambdaCallback(on_epoch_begin=lambda *_: kinds.update(type(m) for m in model.network.modules()))  # noqa: B023
        model.fit(images, labels, epochs=1, verbose=0, callbacks=[see])
        assert (LaidOutMaxPool2d in kinds) is is_on
        weights.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
