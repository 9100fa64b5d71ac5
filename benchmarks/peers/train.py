"""Training from arrays: the same networks, Adam, loss and accuracy tracked by all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import nn

TITLE = "`fit`"

Step = Callable[[], int]
N_CLASSES = 10


class Case(NamedTuple):
    """A network, a batch size, and how many pictures an epoch (a step of the measurement) has.

    So many that what a peer does once per epoch (Keras on tensorflow and Lightning: 40 ms) weighs little.
    """

    network: str
    batch: int
    n: int

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Noise: float32 (n, 784), or (n, 28, 28, 1) for the convolutions; labels int64 (n,)."""
        rng = np.random.default_rng(0)
        shape = (self.n, 28, 28, 1) if self.network == "cnn" else (self.n, 784)
        return rng.normal(size=shape).astype(np.float32), rng.integers(0, N_CLASSES, self.n)


CASES = {
    "one dense layer, batch 32": Case("dense", 32, 16384),
    "MLP 512-512, batch 32": Case("mlp", 32, 4096),
    "CNN 28x28, batch 32": Case("cnn", 32, 1024),
    "CNN 28x28, batch 128": Case("cnn", 128, 1024),
}


def torch_network(name: str) -> nn.Module:
    """The network as a module that takes (B, 784), or (B, 1, 28, 28), and gives logits."""
    from torch import nn

    if name == "dense":
        return nn.Sequential(nn.Linear(784, N_CLASSES))
    if name == "mlp":
        return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, N_CLASSES))
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128),
        nn.ReLU(),
        nn.Linear(128, N_CLASSES),
    )


def torch_data(case: Case) -> tuple[Any, Any]:
    """The data as tensors, pictures channels first."""
    import torch

    x, y = map(torch.from_numpy, case.data())
    return (x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x), y


def fitlab(case: Case) -> Step:
    """`Model.fit`."""
    from engine import Model

    model = Model(torch_network(case.network), seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    x, y = case.data()
    return lambda: model.fit(x, y, batch_size=case.batch, epochs=1, verbose=0) and case.n


def loop(case: Case, device: str | torch.device = "cpu") -> Step:
    """A loop written by hand with care: data at hand as one tensor, fused Adam, channels_last, sums never read."""
    import torch
    from torch.nn.functional import cross_entropy

    network = torch_network(case.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
    x, y = (values.to(device) for values in torch_data(case))
    if x.ndim == 4:
        x = x.to(memory_format=torch.channels_last)

    def step() -> int:
        network.train()
        order = torch.randperm(case.n, device=device)
        loss_sum, hits = torch.zeros((), device=device), torch.zeros((), dtype=torch.int64, device=device)
        for start in range(0, case.n, case.batch):
            rows = order[start : start + case.batch]
            targets = y[rows]
            outputs = network(x[rows])
            loss = cross_entropy(outputs, targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                loss_sum += loss.detach() * len(rows)
                hits += (outputs.argmax(1) == targets).sum()
        float(loss_sum), int(hits)
        return case.n

    return step


def plain_loop(case: Case, device: str | torch.device = "cpu") -> Step:
    """The loop of the tutorials: a DataLoader, Adam, `item` at each step."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    network, loss_of = torch_network(case.network).to(device), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    loader = DataLoader(TensorDataset(*torch_data(case)), batch_size=case.batch, shuffle=True)

    def step() -> int:
        network.train()
        total = hits = 0.0
        for batch in loader:
            inputs, targets = (values.to(device) for values in batch)
            optimizer.zero_grad()
            outputs = network(inputs)
            loss = loss_of(outputs, targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(inputs)
            hits += (outputs.argmax(1) == targets).sum().item()
        return case.n

    return step


def keras_network(name: str, shape: tuple[int, ...]) -> Any:
    """The same network as a compiled Keras model, on whatever backend Keras was told."""
    import keras

    layers = keras.layers
    stack: list[Any] = [layers.Input(shape)]
    if name == "cnn":
        stack += [
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
        ]
    else:
        stack += [layers.Flatten()] if len(shape) > 1 else []
        stack += [layers.Dense(512, activation="relu") for _ in range(2)] if name == "mlp" else []
    model = keras.Sequential([*stack, layers.Dense(N_CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    return model


def _keras(backend: str) -> Callable[[Case], Step]:
    def row(case: Case) -> Step:
        os.environ["KERAS_BACKEND"] = backend
        x, y = case.data()
        model = keras_network(case.network, x.shape[1:])
        return lambda: model.fit(x, y, batch_size=case.batch, epochs=1, verbose=0) and case.n

    return row


def poutyne(case: Case) -> Step:
    """Its `Model.fit`."""
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # it would be imported for nothing, and does not stand numba
    from poutyne import Model

    model = Model(torch_network(case.network), "adam", "cross_entropy", batch_metrics=["accuracy"])
    x, y = torch_data(case)
    return lambda: model.fit(x, y, batch_size=case.batch, epochs=1, verbose=False) and case.n


def skorch(case: Case) -> Step:
    """Its classifier, epoch by epoch."""
    import torch
    from skorch import NeuralNetClassifier
    from skorch.callbacks import EpochScoring

    net = NeuralNetClassifier(
        torch_network(case.network),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=case.batch,
        max_epochs=1,
        train_split=None,
        iterator_train__shuffle=True,
        callbacks=[EpochScoring("accuracy", on_train=True, name="train_acc", lower_is_better=False)],
        callbacks__print_log=None,
    )
    net.initialize()
    x, y = torch_data(case)
    return lambda: net.partial_fit(x, y) and case.n


def lightning(case: Case) -> Step:
    """Its Trainer, epoch by epoch, with everything optional off."""
    import logging

    import torch
    from lightning.pytorch import LightningModule, Trainer
    from torch.utils.data import DataLoader, TensorDataset

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network, self.hits = torch_network(case.network), 0

        def training_step(self, batch: Any, index: int) -> Any:
            inputs, targets = batch
            outputs = self.network(inputs)
            loss = torch.nn.functional.cross_entropy(outputs, targets)
            hits = (outputs.argmax(1) == targets).float().mean()
            self.log_dict({"loss": loss, "accuracy": hits}, on_step=False, on_epoch=True)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), 1e-3)

    module = Module()
    loader = DataLoader(TensorDataset(*torch_data(case)), batch_size=case.batch, shuffle=True)

    def step() -> int:
        trainer = Trainer(
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            accelerator="cpu",
        )
        trainer.fit(module, loader)
        return case.n

    return step


ROWS: dict[str, Callable[[Case], Step]] = {
    "FitLab": fitlab,
    "hand-written loop": loop,
    "plain loop, DataLoader": plain_loop,
    "Keras on torch": _keras("torch"),
    "Keras on tensorflow": _keras("tensorflow"),
    "Keras on jax": _keras("jax"),
    "poutyne": poutyne,
    "skorch": skorch,
    "Lightning": lightning,
}

# At least this many times their rate.
BARS = {
    ("one dense layer, batch 32", "Keras on torch"): 8,
    ("one dense layer, batch 32", "poutyne"): 2,
    ("one dense layer, batch 32", "Keras on jax"): 0.9,
    ("MLP 512-512, batch 32", "Keras on torch"): 2.8,
    ("MLP 512-512, batch 32", "Keras on jax"): 0.9,
    ("CNN 28x28, batch 32", "Keras on torch"): 1.4,
    **{("CNN 28x28, batch 32", row): 1.05 for row in ("poutyne", "skorch", "Keras on tensorflow")},
    ("CNN 28x28, batch 128", "Keras on torch"): 1.25,
    **{("CNN 28x28, batch 128", row): 1 for row in ("poutyne", "skorch", "Keras on tensorflow")},
    **{(case, "hand-written loop"): 0.97 for case in CASES},
}
