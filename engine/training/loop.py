"""The hot path: what happens to each batch. Owns no data source, no file and no setting.

No line here waits for the device: sums stay there (`metrics.Averages`), and the one copy to the host per epoch is
marked. A callback that reads its logs waits for itself.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.errors import TrainingError
from engine.texts.training import NOTES
from engine.training.losses import batch_loss
from engine.training.metrics import Averages

if TYPE_CHECKING:
    from engine.training.callbacks import CallbackList
    from engine.training.feeds import Batch
    from engine.training.model import Model

Logs = dict[str, float]


def train(
    model: Model,
    batches: Iterator[Batch],
    *,
    epochs: range,
    steps: int,
    validate: Callable[[int], Logs],
    class_weights: Tensor | None,
    callbacks: CallbackList,
) -> Logs:
    """Train for `epochs` of `steps` batches each, all from one continuing stream; returns the last epoch's logs.

    `validate` gives the logs of the validation after an epoch, with names ``val_...``; empty if there is none.
    """
    logs: Logs = {}
    for epoch in epochs:
        first = next(batches, None)
        if first is None:
            _note_end(epoch, wanted=steps, came=0)
            break
        # All chance inside the network (dropout) follows from the seed and the position in the stream, so that a
        # training continued from a file equals one that never stopped.
        torch.manual_seed(model.seed + model.n_batches)
        before = model.n_batches
        callbacks.on_epoch_begin(epoch, {})
        stream = itertools.chain([first], itertools.islice(batches, steps - 1))
        averages = train_epoch(model, stream, class_weights, callbacks)
        logs = averages.read()  # one copy from the device: synchronises
        if not math.isfinite(logs["loss"]) and not model.stop_training:
            raise TrainingError(
                "training.loss_not_finite", loss=logs["loss"], epoch=epoch + 1, rate=model.learning_rate
            )
        came = model.n_batches - before
        if came < steps and not model.stop_training:
            _note_end(epoch, wanted=steps, came=came)
            model.stop_training = True
        logs = {**logs, **validate(epoch)}
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    return logs


def train_epoch(
    model: Model, batches: Iterable[Batch], class_weights: Tensor | None, callbacks: CallbackList
) -> Averages:
    """One epoch. The loss of a batch is taken before its update, in training mode."""
    network, optimizer, loss = model.network, model.optimizer, model.loss
    averages = Averages(model.metrics, model.device)
    network.train()
    for step, (inputs, targets, weights) in enumerate(batches):
        callbacks.on_train_batch_begin(step, {})
        if class_weights is not None:
            weights = weigh(targets, weights, class_weights)
        outputs = network(inputs)  # (B, C)
        loss_b = batch_loss(loss(outputs, targets), weights)
        optimizer.zero_grad(set_to_none=True)
        loss_b.backward()
        optimizer.step()
        averages.add(loss_b, outputs, targets, weights)
        model.n_batches += 1
        callbacks.on_train_batch_end(step, averages)
        if model.stop_training:
            break
    return averages


@torch.no_grad()
def evaluate(model: Model, batches: Iterable[Batch], callbacks: CallbackList) -> Logs:
    """Loss and metrics over the batches, in evaluation mode and in order."""
    averages = Averages(model.metrics, model.device)
    model.network.eval()
    callbacks.on_test_begin({})
    for step, (inputs, targets, weights) in enumerate(batches):
        callbacks.on_test_batch_begin(step, {})
        outputs = model.network(inputs)  # (B, C)
        averages.add(batch_loss(model.loss(outputs, targets), weights), outputs, targets, weights)
        callbacks.on_test_batch_end(step, averages)
    logs = dict(averages.read())  # one copy from the device: synchronises
    callbacks.on_test_end(logs)
    return logs


@torch.no_grad()
def predict(model: Model, batches: Iterable[Batch], callbacks: CallbackList) -> Tensor:
    """The network's outputs for the batches, in order, on the host: (N, C)."""
    outputs = []
    model.network.eval()
    callbacks.on_predict_begin({})
    for step, (inputs, *_) in enumerate(batches):
        callbacks.on_predict_batch_begin(step, {})
        outputs.append(model.network(inputs))
        callbacks.on_predict_batch_end(step, {"outputs": outputs[-1]})
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
    of_class = class_weights[classes]
    return of_class if weights is None else of_class * weights


def _note_end(epoch: int, *, wanted: int, came: int) -> None:
    warnings.warn(NOTES["stream_ended"]("en", epoch=epoch + 1, wanted=wanted, came=came), stacklevel=2)
