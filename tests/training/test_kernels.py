"""The quicker ways give what PyTorch's own give: but for the order of sums in linear layers, to the last bit."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine import Model
from engine.training import kernels
from engine.training.kernels import QuickerKernels, quicker

CPU = torch.device("cpu")
RANDOM = torch.Generator().manual_seed(0)


@pytest.fixture
def calls(monkeypatch):
    """Shapes that went to oneDNN, on a processor where it is quicker."""
    seen, true = [], kernels._linear
    monkeypatch.setattr(kernels, "is_onednn_quicker", lambda: True)
    monkeypatch.setattr(kernels, "_linear", lambda x, *rest: seen.append(tuple(x.shape)) or true(x, *rest))
    return seen


def tensors(*shapes, dtype=torch.float32):
    return [torch.randn(shape, generator=RANDOM, dtype=dtype, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("rows", [(1,), (32,), (4, 7), (2, 3, 2)], ids=str)
@pytest.mark.parametrize("has_bias", [True, False])
def test_outputs_and_gradients_are_those_of_pytorch(calls, rows, has_bias):
    x, weight, bias = tensors((*rows, 400), (512, 400), (512,))
    arguments = (x, weight, bias) if has_bias else (x, weight)
    found = []
    for way in (QuickerKernels(), nullcontext()):
        with way:
            out = F.linear(*arguments)
        found.append([out, *torch.autograd.grad(out.square().sum(), arguments)])
    assert calls == [(*rows, 400)]
    for ours, theirs in zip(*found, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.detach().abs().max()))


def test_gradients_have_gradients(calls):
    x, weight = tensors((8, 400), (512, 400))
    found = []
    for way in (QuickerKernels(), nullcontext()):
        with way:
            (slope,) = torch.autograd.grad(F.linear(x, weight).square().sum(), x, create_graph=True)
        found.append(torch.autograd.grad(slope.square().sum(), weight)[0])
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4 * float(found[1].abs().max()))


def test_what_is_small_or_of_another_kind_is_left_to_pytorch(calls):
    with QuickerKernels():
        F.linear(*tensors((8, 64), (64, 64)))
        F.linear(*tensors((8, 400), (512, 400), dtype=torch.float64))
        F.linear(*tensors((400,), (512, 400)))
        F.linear(*tensors((0, 400), (512, 400)))
        F.linear(tensors((8, 400))[0], weight=tensors((512, 400))[0])
        with pytest.raises(RuntimeError, match="mat1 and mat2"):
            F.linear(*tensors((8, 399), (512, 400)))
        with torch.autocast("cpu", torch.bfloat16):
            assert F.linear(*tensors((8, 400), (512, 400))).dtype == torch.bfloat16
    assert calls == []


def test_only_networks_that_have_use_for_it_take_the_detour(calls):
    assert isinstance(quicker(nn.MaxPool2d(2), CPU), QuickerKernels)
    assert isinstance(quicker(nn.Linear(784, 512), CPU), QuickerKernels)
    assert isinstance(quicker(nn.Linear(784, 10), CPU), nullcontext)
    assert isinstance(quicker(nn.Conv2d(64, 512, 3), CPU), nullcontext)
    assert isinstance(quicker(nn.Linear(784, 512), torch.device("cuda")), nullcontext)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format], ids=str)
def test_pooling_gets_its_gradient_with_channels_last_and_gives_the_same(layout):
    (start,) = tensors((2, 3, 8, 8))
    kernel = torch.randn((5, 3, 3, 3), generator=RANDOM)
    found = []
    for way in (QuickerKernels(), nullcontext()):
        x = start.detach().to(memory_format=layout).requires_grad_()
        with way:
            pooled = F.max_pool2d(F.conv2d(x, kernel), 2)
        got = []
        pooled.register_hook(lambda gradient, got=got: got.append(gradient))
        pooled.flatten(1).square().sum().backward()
        found.append(x.grad)
        wanted = layout if isinstance(way, QuickerKernels) else torch.contiguous_format
        assert got[0].is_contiguous(memory_format=wanted)
    assert torch.equal(*found)


def test_pooling_that_also_gives_places_is_left_alone():
    with QuickerKernels():
        pooled, places = F.max_pool2d(*tensors((1, 2, 4, 4)), 2, return_indices=True)
    assert pooled.shape == places.shape == (1, 2, 2, 2)


def test_a_model_trains_through_it_and_repeats_itself(calls):
    x = np.random.default_rng(0).normal(size=(96, 400)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)

    def trained():
        torch.manual_seed(0)
        model = Model(nn.Sequential(nn.Linear(400, 512), nn.ReLU(), nn.Linear(512, 2)), seed=0)
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        return model, model.fit(x, y, epochs=4, verbose=0).history["accuracy"][-1]

    (first, accuracy), (second, _) = trained(), trained()
    assert accuracy > 0.95
    assert set(calls) >= {(32, 400)}
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))
    before = len(calls)
    np.testing.assert_allclose(first.predict(x), first.network(torch.from_numpy(x)).detach(), rtol=1e-3, atol=1e-4)
    assert calls[before:] == [(2, 400), *[(32, 400)] * 3]  # a look at two rows and three batches, by the model alone
