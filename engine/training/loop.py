"""The hot path: what happens to each batch. Owns no data source, no file and no setting.

No line here waits for the device: sums stay there (`metrics.Averages`), and the one copy to the host per epoch is
marked. A callback that reads its logs waits for itself.
"""

from __future__ import annotations

import itertools
import math
import warnings
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.errors import DataError, TrainingError
from engine.texts.training import NOTES
from engine.training import captured
from engine.training.device import set_chance
from engine.training.losses import batch_loss
from engine.training.metrics import Averages

if TYPE_CHECKING:
    from engine.training.callbacks import CallbackList
    from engine.training.model import Model
    from engine.training.stream import Batch
    from engine.training.threads import ThreadCount

Logs = dict[str, float]


class Start(NamedTuple):
    """Where a training begins: epoch, batch of the epoch, and the epoch's averages until there (`Averages.state`)."""

    epoch: int
    step: int = 0
    averages: dict[str, Any] | None = None


def train(
    model: Model,
    batches: Iterator[Batch],
    *,
    epochs: range,
    start: Start,
    steps: int | None,
    validate: Callable[[int], Logs],
    class_weights: Tensor | None,
    callbacks: CallbackList,
    threads: ThreadCount | None = None,
) -> Logs:
    """Train for `epochs` of `steps` batches each, all from one continuing stream; returns the last epoch's logs.

    The first epoch goes on from `start`, the others begin with batch 0. Without `steps` an epoch is all that comes.
    `validate` gives the logs of the validation after an epoch, with names ``val_...``; empty if there is none.
    """
    logs: Logs = {}
    for epoch in epochs:
        first = next(batches, None)
        if first is None:
            _note_end(epoch, wanted=steps, came=0)
            break
        before = model.n_batches
        callbacks.on_epoch_begin(epoch, {})
        begin = start.step if epoch == start.epoch else 0
        stream = itertools.chain([first], itertools.islice(batches, None if steps is None else steps - begin - 1))
        averages = Averages(model.metrics, model.device)
        if begin and start.averages is not None:
            averages.restore(start.averages)
        rates = train_epoch(model, stream, begin, averages, class_weights, callbacks, threads)
        logs = averages.read()  # one copy from the device: synchronises
        if not math.isfinite(logs["loss"]) and not model.stop_training:
            k = averages.n_finite()
            raise TrainingError(
                "training.loss_not_finite", loss=logs["loss"], epoch=epoch + 1, step=begin + k + 1, rate=rates[k]
            )
        came = begin + model.n_batches - before
        steps = steps or came
        if came < steps and not model.stop_training:
            _note_end(epoch, wanted=steps, came=came)
            model.stop_training = True
        logs = {**logs, **validate(epoch)}
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    else:
        next(batches, None)  # nothing is left to come, but a Sequence hears that its pass is over
    return logs


def train_epoch(
    model: Model,
    batches: Iterable[Batch],
    first_step: int,
    averages: Averages,
    class_weights: Tensor | None,
    callbacks: CallbackList,
    threads: ThreadCount | None,
) -> Sequence[float]:
    """An epoch from `first_step` on, counted in `averages`: the learning rate of each step.

    The loss of a batch is taken before its update, in training mode.
    """
    rates = array("d")
    set_training(model.network)
    call = captured.caller(model, callbacks)
    for step, (inputs, targets, weights) in enumerate(batches, first_step):
        callbacks.on_train_batch_begin(step, {})
        began = perf_counter()
        # All chance inside the network (dropout) follows from the seed and the position in the stream, so that a
        # training continued from a file equals one that never stopped, wherever it was cut.
        set_chance(model.device, model.seed + model.n_batches)
        if class_weights is not None:
            weights = weigh(targets, weights, class_weights)
        rates.append(model.learning_rate)
        loss_b, outputs = call(partial(learn, model, step), inputs, targets, weights)
        averages.add(loss_b, outputs, targets, weights)
        if threads is not None:
            threads.took(perf_counter() - began, outputs.shape[:-1].numel())
        model.n_batches += 1
        callbacks.on_train_batch_end(step, averages)
        if model.stop_training:
            break
    return rates


def learn(model: Model, step: int, inputs: Tensor, targets: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Do step number `step`: the loss of its batch before the update, (), and the outputs, (B, C)."""
    outputs = outputs_of(model, inputs, step)
    loss = batch_loss(model.loss, outputs, targets, weights)
    model.update(loss, len(targets))
    return loss, outputs


def set_training(network: nn.Module) -> None:
    """Training mode; but a batch norm whose weights are frozen goes on using what it has learnt, as in Keras."""
    network.train()
    for module in network.modules():
        if isinstance(module, _BatchNorm) and module.affine and not any(p.requires_grad for p in module.parameters()):
            module.eval()


def outputs_of(model: Model, inputs: Tensor, step: int) -> Tensor:
    """What the network gives for batch `step`, (B, C).

    Raises
    ------
    DataError
        If it refuses a batch that is of another shape than the first one, or a single picture in training.
    """
    try:
        return model.compute(inputs)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        if len(inputs) == 1 and model.network.training and isinstance(error, ValueError):
            raise DataError("training.single_picture", step=step, problem=str(error)) from error
        shape = model.data_shape(inputs)
        if shape == model.first_shape:
            raise
        problem = str(error).partition("\n")[0]
        raise DataError(
            "training.batch_shape", step=step, expected=model.first_shape, shape=shape, problem=problem
        ) from error


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Evaluation mode, and then as it was: a callback may evaluate in the middle of an epoch."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, is_training in modes:
            module.training = is_training


@torch.no_grad()
def evaluate(model: Model, batches: Iterable[Batch], wanted: int | None, callbacks: CallbackList) -> Logs:
    """Loss and metrics over the batches, in evaluation mode and in order; says so if fewer than `wanted` come."""
    averages = Averages(model.metrics, model.device)
    callbacks.on_test_begin({})
    step = -1
    for step, (inputs, targets, weights) in enumerate(batches):
        callbacks.on_test_batch_begin(step, {})
        outputs = outputs_of(model, inputs, step)  # (B, C)
        averages.add(batch_loss(model.loss, outputs, targets, weights), outputs, targets, weights)
        callbacks.on_test_batch_end(step, averages)
    _count(wanted, step + 1)
    logs = dict(averages.read())  # one copy from the device: synchronises
    callbacks.on_test_end(logs)
    return logs


@torch.no_grad()
def predict(model: Model, batches: Iterable[Batch], wanted: int | None, callbacks: CallbackList) -> Tensor:
    """The network's outputs for the batches, in order, on the host: (N, C); says so if fewer than `wanted` come."""
    outputs = []
    callbacks.on_predict_begin({})
    for step, (inputs, *_) in enumerate(batches):
        callbacks.on_predict_batch_begin(step, {})
        outputs.append(outputs_of(model, inputs, step))
        callbacks.on_predict_batch_end(step, {"outputs": outputs[-1]})
    _count(wanted, len(outputs))
    callbacks.on_predict_end({})
    return torch.cat(outputs).cpu()


def weigh(targets: Tensor, weights: Tensor | None, class_weights: Tensor) -> Tensor:
    """Weight of each picture, (B,): its class's, times its own if it has one.

    The class is the target itself; of one-hot rows the largest entry; of real numbers the nearest whole one.
    """
    if targets.ndim > 1 and targets.shape[-1] > 1:
        classes = targets.argmax(dim=-1)
    else:
        classes = targets.reshape(len(targets)).round().long()
    # A class beyond the table, which only targets that are no classes have, counts 1.
    last = len(class_weights) - 1
    of_class = torch.where((classes < 0) | (classes > last), 1.0, class_weights[classes.clamp(0, last)])
    return of_class if weights is None else of_class * weights


def _count(wanted: int | None, came: int) -> None:
    """Say so if an evaluation or prediction is over less than was asked for; refuse one over nothing."""
    if came == 0:
        raise DataError("training.no_batches")
    if wanted is not None and came < wanted:
        warnings.warn(NOTES["evaluation_ended"]("en", wanted=wanted, came=came), stacklevel=4)


def _note_end(epoch: int, *, wanted: int | None, came: int) -> None:
    warnings.warn(NOTES["stream_ended"]("en", epoch=epoch + 1, wanted=wanted, came=came), stacklevel=2)
