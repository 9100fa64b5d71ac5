"""From a batch's loss to new weights: backward, and the optimizer's step with what stands around it.

Owns gradients that wait for an update, the average of the weights, and the count of updates. What these mean is said
in `optimizers.Optimizer`. No line here waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd import Variable
from torch.overrides import has_torch_function_unary

from engine.errors import TrainingError
from engine.training.rules import Rated

if TYPE_CHECKING:
    from engine.training.optimizers import Optimizer
    from engine.training.schedules import LearningRateSchedule


class Update:
    """An optimizer with accumulation, clipping, schedule and average around it, as its settings ask for.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    settings : Optimizer
        The recipe; of one without any of these, the optimizer alone is left.

    Attributes
    ----------
    n : int
        Updates so far.
    schedule : LearningRateSchedule or None
        Sets the rate of every update.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, settings: Optimizer) -> None:
        self.optimizer = optimizer
        self.schedule: LearningRateSchedule | None = settings.schedule
        self.n = 0
        self._settings = settings
        self._every = settings.gradient_accumulation_steps or 1
        self._n_batches = self._n_pictures = 0  # in the gradients that wait
        self._averages: list[Tensor] = []
        self._before = self._preparations()
        self._after = [
            *([self._set_rate] if settings.schedule is not None else []),
            *([self._average] if settings.use_ema else []),
        ]

    def __call__(self, loss: Tensor, n_pictures: int) -> None:
        """Learn from one batch: its loss (), a mean over its pictures.

        Raises
        ------
        TrainingError
            If nothing that can be trained had a part in the loss.
        """
        if not loss.requires_grad:
            raise TrainingError("training.no_gradient")
        if self._n_batches == 0:
            # What `zero_grad` does, without what it costs to be traceable.
            for weight in self._weights():
                weight.grad = None
        # Times the pictures, so that a short batch among those of one update counts by its size.
        backward(loss if self._every == 1 else loss * n_pictures)
        self._n_batches += 1
        self._n_pictures += n_pictures
        if self._n_batches == self._every:
            self._update()

    def _update(self) -> None:
        if self._before:
            gradients = [weight.grad for weight in self._weights() if weight.grad is not None]
            for prepare in self._before:
                prepare(gradients)
        self._step()
        self._n_batches = self._n_pictures = 0
        self.count()

    def count(self) -> None:
        """What follows an update: its number, and the next one's rate. Also of one that a recording made."""
        self.n += 1
        for follow in self._after:
            follow()

    @property
    def is_uniform(self) -> bool:
        """Whether each batch does the same on the device, so that it may be recorded.

        That is: an update of its own, no average beside the weights, and a step that nobody waits for and that the
        optimizer lets be recorded.
        """
        optimizer = self.optimizer
        is_free = not optimizer.is_watched if isinstance(optimizer, Rated) else _is_capturable(optimizer)
        return self._every == 1 and not self._settings.use_ema and is_free

    def _step(self) -> None:
        optimizer = self.optimizer
        if isinstance(optimizer, Rated) and not optimizer.is_watched:
            optimizer.apply()
        else:
            optimizer.step()

    def finish(self) -> None:
        """Put the averages in the weights' place at the end of a training, if there are any."""
        if self._averages:
            self._overwrite()

    def state(self) -> tuple[dict[str, int], dict[str, Tensor]]:
        """What a training needs to go on, beside the optimizer's own state: numbers (JSON) and tensors by name."""
        tensors = {f"average.{k}": average for k, average in enumerate(self._averages)}
        if self._n_batches:
            gradients = {f"gradient.{k}": weight.grad for k, weight in enumerate(self._weights())}
            tensors |= {name: gradient for name, gradient in gradients.items() if gradient is not None}
        return {"n": self.n, "n_batches": self._n_batches, "n_pictures": self._n_pictures}, tensors

    @torch.no_grad()
    def restore(self, numbers: dict[str, int], tensors: dict[str, Tensor]) -> None:
        """Take up what `state` gave. What these settings have no use for is left out."""
        self.n = numbers["n"]
        waits = self._every > 1 and numbers["n_batches"] < self._every
        self._n_batches, self._n_pictures = (numbers["n_batches"], numbers["n_pictures"]) if waits else (0, 0)
        self._averages = []
        for k, weight in enumerate(self._weights()):
            weight.grad = _like(weight, tensors.get(f"gradient.{k}")) if waits else None
            if self._settings.use_ema and (average := _like(weight, tensors.get(f"average.{k}"))) is not None:
                self._averages.append(average)
        if self.schedule is not None:
            self._set_rate()

    def _weights(self) -> list[Tensor]:
        return [weight for group in self.optimizer.param_groups for weight in group["params"]]

    def _preparations(self) -> list[Callable[[list[Tensor]], None]]:
        """What happens to the gradients before a step."""
        settings = self._settings
        mean = [self._divide] if self._every > 1 else []
        clips: list[tuple[Any, float | None]] = [
            (clip_norms, settings.clipnorm),
            (clip_values, settings.clipvalue),
            (clip_global_norm, settings.global_clipnorm),
        ]
        return [*mean, *(partial(clip, limit=limit) for clip, limit in clips if limit is not None)]

    def _divide(self, gradients: list[Tensor]) -> None:
        torch._foreach_div_(gradients, self._n_pictures)

    def _set_rate(self) -> None:
        assert self.schedule is not None
        rate = float(self.schedule(self.n))
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    @torch.no_grad()
    def _average(self) -> None:
        weights = self._weights()
        if self._averages:
            torch._foreach_lerp_(self._averages, weights, 1 - self._settings.ema_momentum)
        else:
            self._averages = [weight.detach().clone() for weight in weights]
        frequency = self._settings.ema_overwrite_frequency
        if frequency is not None and self.n % frequency == 0:
            self._overwrite()

    @torch.no_grad()
    def _overwrite(self) -> None:
        torch._foreach_copy_(self._weights(), self._averages)


def backward(loss: Tensor) -> None:
    """Add the gradients of a loss () to those that the weights have: `torch.Tensor.backward`.

    On the CPU without what that prepares and looks at before it asks the same of the engine: for a small network it
    takes longer than the gradients. PyTorch's debugging log does not hear of it.
    """
    # The engine's method is private: requirements.txt limits torch's version.
    if loss.ndim or loss.device.type != "cpu" or has_torch_function_unary(loss):
        loss.backward()
        return
    seeds = (torch.ones_like(loss),)
    Variable._execution_engine.run_backward(
        (loss,), seeds, False, False, (), allow_unreachable=True, accumulate_grad=True
    )


def clip_norms(gradients: list[Tensor], limit: float) -> None:
    """Scale each gradient whose norm is above `limit` down to it, in place."""
    for gradient, norm in zip(gradients, torch._foreach_norm(gradients), strict=True):
        gradient.mul_(limit / norm.clamp(min=limit))


def clip_values(gradients: list[Tensor], limit: float) -> None:
    """Cut every entry to [-limit, limit], in place."""
    torch._foreach_clamp_min_(gradients, -limit)
    torch._foreach_clamp_max_(gradients, limit)


def clip_global_norm(gradients: list[Tensor], limit: float) -> None:
    """Scale all gradients by one factor, so that the norm of all together is `limit` at most, in place."""
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, limit / norm.clamp(min=limit))


def _like(weight: Tensor, values: Tensor | None) -> Tensor | None:
    """The values laid out in memory as their weight is: fused kernels do not look at strides."""
    return None if values is None else torch.empty_like(weight).copy_(values)


def _is_capturable(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a finished optimizer says so itself."""
    return all(group.get("capturable") for group in optimizer.param_groups)
