"""A network with what training it needs: optimizer, loss, metrics, and where all of it is kept on disk.

Owns the weights and their files, and how many batches they have seen. How a training goes is `model`'s business.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from engine import catalog
from engine.errors import NotCompiledError, SpecTypeError, TrainingError
from engine.texts import Text
from engine.texts.training import NOTES
from engine.training import device as devices
from engine.training import losses, optimizers, storage
from engine.training.memory import keep_freed_memory
from engine.training.metrics import Named, Tracked
from engine.training.metrics import find as find_metrics
from engine.training.names import check_choice
from engine.training.ranges import check_not_negative
from engine.training.update import Update

if TYPE_CHECKING:
    from engine.training.captured import Captured
    from engine.training.contest import Contest


class CompiledNetwork:
    """What `Model` is, apart from training: see there."""

    def __init__(
        self,
        network: nn.Module,
        data_format: str = "channels_last",
        seed: int | None = None,
        device: str | torch.device = "auto",
        precision: str = "float32",
    ) -> None:
        if not isinstance(network, nn.Module):
            raise TrainingError("training.not_a_network", kind=type(network).__name__)
        check_choice("data_format", data_format, ("channels_last", "channels_first"))
        self.device = devices.pick(device)
        self.precision = devices.check_precision(precision, self.device)
        if self.device.type == "cpu":
            keep_freed_memory()
        # The weights' layout in which convolutions are fastest; pictures arrive in the same one.
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.data_format = data_format
        self.seed = int(torch.randint(2**31, ())) if seed is None else catalog.SEED.check(seed, "training.seed")
        self.n_batches = 0
        self._update: Update | None = None
        self._loss: losses.Loss | None = None
        self._loss_is_told = True
        self.metrics: list[Tracked] = []
        self.captured: Captured | None = None  # how `loop` does steps, where they are recorded
        self.contest: tuple[Any, Contest] | None = None  # of the latest training, and what that was from

    def __getstate__(self) -> dict[str, Any]:
        """For copies: a recording works on the memory of this network alone, the copy makes one of its own."""
        return {**vars(self), "captured": None, "contest": None}

    # --- settings ---------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: str | optimizers.Recipe | torch.optim.Optimizer = "adam",
        loss: str | losses.Loss | Callable[[Tensor, Tensor], Tensor] = "sparse_categorical_crossentropy",
        metrics: Named | Sequence[Named] = ("accuracy",),
        weighted_metrics: Named | Sequence[Named] = (),
    ) -> None:
        """Choose optimizer, loss and metrics. Weights stay; an optimizer built here starts afresh.

        Parameters
        ----------
        optimizer : str, recipe or torch.optim.Optimizer
            A name of `engine.catalog.OPTIMIZERS` with Keras' defaults; a recipe such as
            ``optimizers.SGD(0.05, momentum=0.9, clipnorm=1.0)``; or a finished optimizer over the network's parameters.
        loss : str, Loss or function
            A name such as ``"mse"``; that of a loss for classes expects logits unless the network ends in softmax or
            sigmoid, and the first training prints which. ``losses.BinaryCrossentropy(from_logits=True)`` says it
            itself. A function takes (outputs, targets) and gives one loss per picture, or a single one.
        metrics : sequence of str, Metric or function
            Names such as ``"accuracy"`` and ``"mae"``, ``metrics.AUC(curve="PR")``, or functions
            (outputs, targets) -> (B,). Never weighted.
        weighted_metrics : sequence of str, Metric or function
            The same, weighted by sample and class weights.

        Raises
        ------
        SpecError
            If a name is unknown, or a finished optimizer has none of the network's parameters.
        """
        self._loss = losses.find(loss, self.network)
        self._loss_is_told = not isinstance(loss, str)
        self.metrics = find_metrics(
            () if metrics is None else metrics, () if weighted_metrics is None else weighted_metrics, self._loss
        )
        self._update = optimizers.build(optimizer, self.network.parameters())
        self.captured = None

    @property
    def update(self) -> Update:
        """The compiled optimizer with what stands around it. Raises NotCompiledError before `compile`."""
        if self._update is None:
            raise NotCompiledError("training.not_compiled")
        return self._update

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The compiled optimizer. Raises NotCompiledError before `compile`."""
        return self.update.optimizer

    @property
    def loss(self) -> losses.Loss:
        """The compiled loss. Raises NotCompiledError before `compile`."""
        if self._loss is None:
            raise NotCompiledError("training.not_compiled")
        return self._loss

    @property
    def metrics_names(self) -> list[str]:
        """Names of what an evaluation gives: ``["loss", ...]``."""
        return ["loss", *(metric.name for metric in self.metrics)]

    @property
    def learning_rate(self) -> float:
        """The rate of the next update; setting it sets that of all parameter groups.

        Raises
        ------
        TrainingError
            Before `compile`.
        SpecTypeError
            On setting, if a schedule governs the rate.
        SpecError
            On setting, if it is no number of at least 0.
        """
        return self.optimizer.param_groups[0]["lr"]

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        if (schedule := self.update.schedule) is not None:
            raise SpecTypeError("training.rate_by_schedule", schedule=type(schedule).__name__)
        rate = check_not_negative("learning_rate", rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    @property
    def device_text(self) -> Text:
        """What computes, as words for a person."""
        return devices.describe(self.device)

    # --- computing --------------------------------------------------------------------------------------------------

    def compute(self, inputs: Tensor) -> Tensor:
        """What the network gives for inputs on the device, in the model's precision; always float32."""
        if self.precision == "float32":
            return self.network(inputs)
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.network(inputs).float()

    def data_shape(self, inputs: Tensor) -> tuple[int, ...]:
        """The shape of one picture of the network's inputs (B, ...), as the data has it."""
        shape = tuple(inputs.shape[1:])
        is_moved = len(shape) == 3 and self.data_format == "channels_last"
        return (*shape[1:], shape[0]) if is_moved else shape

    # --- weights ----------------------------------------------------------------------------------------------------

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights and buffers (batch norm's statistics), in the order of the network's state."""
        return [tensor.detach().cpu().numpy().copy() for tensor in self.network.state_dict().values()]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Set what `get_weights` gave.

        Raises
        ------
        TrainingError
            If number or shapes do not fit the network.
        """
        if not isinstance(weights, Sequence):
            raise TrainingError("training.weights_do_not_fit", problem=type(weights).__name__)
        state = self.network.state_dict()
        shapes = [tuple(tensor.shape) for tensor in state.values()], [np.shape(values) for values in weights]
        if shapes[0] != shapes[1]:
            raise TrainingError("training.weights_do_not_fit", problem=_difference(*shapes))
        arrays = [np.asarray(values) for values in weights]
        if foreign := [array.dtype for array in arrays if array.dtype.kind not in "biuf"]:
            raise TrainingError("training.weights_do_not_fit", problem=f"values of type {foreign[0]}")
        with torch.no_grad():
            for tensor, values in zip(state.values(), arrays, strict=True):
                tensor.copy_(torch.from_numpy(values))

    def save(
        self,
        path: str | Path,
        include_optimizer: bool = True,
        facts: dict[str, Any] | None = None,
        *,
        overwrite: bool = True,
    ) -> None:
        """Save weights, optimizer state and position into one safetensors file, from which training goes on exactly.

        Parameters
        ----------
        path : str or Path
            The file's name; missing folders are made. The file appears under it only when it is complete. Keras'
            endings are replaced, see `storage.stored_as`.
        include_optimizer : bool
            False keeps the weights alone.
        facts : dict, optional
            What else to keep, JSON-representable; `storage.read_facts` gives it back.
        overwrite : bool
            False refuses a name that is taken.

        Raises
        ------
        TrainingError
            If there is such a file and it is not to be overwritten.
        """
        path = storage.stored_as(path)
        if not overwrite and path.exists():
            raise TrainingError("training.file_exists", path=str(path))
        update = self._update if include_optimizer else None
        facts = {**(facts or {}), "n_batches": self.n_batches, "seed": self.seed}
        storage.save(path, self.network, update, facts)

    def save_weights(self, path: str | Path, *, overwrite: bool = True) -> None:
        """`save` without the optimizer's state."""
        self.save(path, include_optimizer=False, overwrite=overwrite)

    def load(self, path: str | Path) -> None:
        """Load what `save` wrote into this model.

        Compile first to continue a training: optimizer state, position and seed are loaded along. Into a model that
        is not compiled, only weights are loaded.

        Raises
        ------
        TrainingError
            If the file was not written by `save`, or is of another network.
        """
        weights, state, facts = storage.load(storage.stored_as(path))
        self._compare(weights)
        used = None if self._update is None else type(self._update.optimizer).__name__
        fits = state is not None and state["kind"] == used
        if self._update is not None and state is not None and fits:
            storage.check(self._update, state)
        self.network.load_state_dict(weights)
        self.n_batches, self.seed = facts["n_batches"], facts["seed"]
        if self._update is None or state is None:
            return
        if fits:
            storage.restore(self._update, state)
        else:
            warnings.warn(NOTES["other_optimizer"]("en", saved=state["kind"], used=used), stacklevel=2)

    def load_weights(self, path: str | Path) -> None:
        """Load the weights alone: optimizer, position and seed stay as they are.

        Raises
        ------
        TrainingError
            As `load`.
        """
        weights, _, _ = storage.load(storage.stored_as(path))
        self._compare(weights)
        self.network.load_state_dict(weights)

    def _compare(self, weights: dict[str, Tensor]) -> None:
        """Refuse weights that do not fit, before any is copied: a fit in part would leave a mixture of two networks."""
        wanted, given = ({n: tuple(t.shape) for n, t in w.items()} for w in (self.network.state_dict(), weights))
        if different := [name for name in wanted | given if wanted.get(name) != given.get(name)]:
            problem = f"{different[0]} of shape {given.get(different[0])} for {wanted.get(different[0])}"
            raise TrainingError("training.weights_do_not_fit", problem=problem)


def _difference(wanted: list[tuple[int, ...]], given: list[tuple[int, ...]]) -> str:
    if len(wanted) != len(given):
        return f"{len(given)} arrays for {len(wanted)}"
    return next(f"shape {b} for {a}" for a, b in zip(wanted, given, strict=True) if a != b)
