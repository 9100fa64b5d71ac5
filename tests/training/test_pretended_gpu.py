"""What a step does beside its backward pass, on a GPU that PyTorch pretends to have: tensors there know only shapes.

A tensor that was forgotten on the host, or a value that is read, is an error there as on a real one.
"""

from __future__ import annotations

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from engine import losses, metrics
from engine.augment import warp_cpu, warp_cuda
from engine.networks import zoo
from engine.training import loop, optimizers
from engine.training.losses import NAMES, batch_loss
from engine.training.metrics import Averages, find

GPU = torch.device("cuda", 0)


@pytest.fixture(autouse=True)
def pretended():
    with FakeTensorMode(), torch.no_grad(), GPU:
        yield


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_losses_stay_there(name, weighted):
    outputs = torch.rand(8, 3)
    targets = torch.zeros(8, dtype=torch.int64) if name.startswith("sparse") else torch.rand(8, 3)
    weights = loop.weigh(targets, None, torch.ones(3)) if weighted else None
    assert batch_loss(NAMES[name](), outputs, targets, weights).device == GPU


def test_metrics_and_their_sums_stay_there():
    named = ["accuracy", "top_k_categorical_accuracy", "precision", "recall", "auc", metrics.Precision(top_k=2)]
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    averages = Averages(find([*named, metrics.F1Score(threshold=0.5), "f1_score"], named, loss), GPU)
    for weights in (None, torch.ones(8), None):
        averages.add(torch.zeros(()), torch.rand(8, 3), torch.zeros(8, dtype=torch.int64), weights)
    averages._fold()
    assert {total.device for total in (averages._loss, averages._n_finite, *averages._sums)} == {GPU}


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("clip", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_updates_stay_there(name, clip):
    network = zoo.small_cnn((8, 8, 3), 3, width=4)
    recipe = optimizers.NAMES[name](**{clip: 1.0, "use_ema": True})
    update = optimizers.build(recipe, network.parameters())
    for _ in range(2):
        for weight in network.parameters():
            weight.grad = torch.empty_like(weight)
        update._update()
    states = [v for state in update.optimizer.state.values() for v in state.values()]
    assert {values.device for values in (*states, *update._averages)} == {GPU}


@pytest.mark.parametrize("fill_mode", warp_cpu.FILL_MODES)
def test_the_warp_stays_there(fill_mode):
    images, rows = torch.zeros(5, 8, 8, 3, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64)
    moves, flips = torch.zeros(4, 2, 3, dtype=torch.float64), torch.zeros(4, 2, dtype=torch.bool)
    for order in (0, 1):
        out = warp_cuda.gather(images, rows, moves, flips, fill_mode, 1.0, 2.0, order)
        assert (out.device, out.dtype, out.shape) == (GPU, torch.float32, (4, 8, 8, 3))


def test_what_is_forgotten_on_the_host_is_found():
    with pytest.raises(RuntimeError, match="at least two devices"):
        torch.rand(3) * torch.rand(3, device="cpu")
    with pytest.raises(DataDependentOutputException):
        torch.rand(3).sum().item()
