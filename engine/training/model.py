"""Keras' model on PyTorch: fit, fit_generator, evaluate, predict.

Every way of training opens a feed (`feeds`) and hands its `stream` to the one loop (`loop.train`); what is here
is the arguments' meaning, as Keras defines it. Network, optimizer, loss and files are those of `compiled`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import DataError, TrainingError
from engine.texts.training import NOTES
from engine.training import feeds, loop, losses
from engine.training.arguments import (
    batch_numbers,
    check_shuffle,
    check_verbose,
    class_weight_table,
    count_once,
    count_or_all,
    count_pictures,
    count_steps,
    due_epochs,
    epoch_range,
    list_callbacks,
    split_off,
    stream_position,
)
from engine.training.callbacks import Callback, CallbackList, History, ProgbarLogger
from engine.training.checks import CheckBatch, check_inputs, is_array, parts
from engine.training.compiled import CompiledNetwork
from engine.training.contest import Contest
from engine.training.feeds import Feed, GeneratorFeed, Reading
from engine.training.kernels import quicker_layers
from engine.training.ranges import check_number, check_switch
from engine.training.stream import Intake, Queue, stream
from engine.training.threads import shared_cores


class Model(CompiledNetwork):
    """A network that can be trained.

    Parameters
    ----------
    network : torch.nn.Module
        Takes float32 pictures (B, C, H, W) with the values of the data, or features (B, F); gives (B, D).
    data_format : str
        ``"channels_last"``: pictures are given as (N, H, W, C), as in Keras. ``"channels_first"``: as (N, C, H, W).
        What is not four-dimensional passes unchanged.
    seed : int, optional
        Start of all chance in training: order of samples, dropout. None draws one from torch's generator, so
        `torch.manual_seed` decides. Results repeat bit for bit on the CPU with equal seed and thread count; the count
        stays what it is unless other programs want the cores (see `engine.training.threads`).
    device : str or torch.device
        See `engine.training.device.pick`.
    precision : str
        Keras' names: ``"float32"``, or ``"mixed_bfloat16"``: the network computes in bfloat16 where that is safe
        (`torch.autocast`), which is faster on GPUs that have it. Weights, loss and metrics stay float32.

    Attributes
    ----------
    stop_training : bool
        Set it to True, from a callback or another thread, and training ends after the current batch.
    n_batches : int
        Training batches seen so far. A further `fit` goes on there in the stream of samples.
    device : torch.device
    history : History or None
        Of the latest training.
    first_shape : tuple of int
        Of one picture of the data that was opened last.
    start_at : loop.Start
        Epoch and batch with which a training begins. A callback may change it in `on_train_begin`, when it has loaded
        a model that was further.

    Raises
    ------
    TrainingError
        If `network` is no module, the device does not exist, or it does not have the precision.
    SpecError
        If `data_format` or `precision` is unknown.

    Notes
    -----
    Frozen weights (``requires_grad_(False)`` before `compile`) take no part in training, and a batch norm whose weights
    are frozen goes on using the statistics it has, as in Keras.

    On an NVIDIA GPU a step is recorded as a CUDA graph once a few were alike, and then replayed: Python code in the
    network and the loss runs no more. Where a module, a weight or a setting of a module, the loss or the optimizer has
    changed, the next epoch begins without the recording, and makes another one unless that happens all the time. Steps
    are done one by one where that shows (random numbers of the host, values that are read, other work each time), and
    where somebody looks on: by a hook of a module, a weight or the optimizer, by a callback of one's own with a method
    for batches, or by PyTorch's anomaly detection.

    On the CPU a step of a small network is recorded as the list of its operations, if modules, loss and optimizer are
    PyTorch's or the engine's own; what is said of changes and of who looks on holds there, too. Results are the same
    bit by bit, and so are gradients; ``outputs.requires_grad``, which a metric of one's own may see, is False then.
    """

    stop_training = False
    history: History | None = None
    first_shape: tuple[int, ...] = ()
    start_at = loop.Start(0)

    # --- training ---------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        view_metrics: bool | str = "auto",
    ) -> History:
        """Train on arrays, or on anything that `fit_generator` takes.

        Streams are read ahead by one thread, ten batches at most; a Sequence may say otherwise by attributes of its
        own, `workers` and `max_queue_size`, as in Keras 3.

        Parameters
        ----------
        x : array, shape (N, ...), or Sequence, generator, DataLoader
            Values are used as they are: uint8 pictures mean floats 0..255. Rows of arrays are taken a few batches
            ahead (half a megabyte on the CPU), so what a callback changes in them shows a little later.
        y : array, shape (N,) or (N, D), optional
            Targets; for classes whole numbers from 0.
        batch_size : int, optional
            Pictures per step; the last batch of a pass may be short. None = 32, or with `steps_per_epoch` one that
            makes so many steps. Streams bring their own.
        epochs, initial_epoch : int
            Indices at which to stop and begin: with ``initial_epoch=2, epochs=5`` three epochs run.
        verbose : int or "auto"
            0 silent, 1 or "auto" a bar, 2 a line per epoch.
        callbacks : iterable of Callback, optional
        validation_split : float
            Share of the samples, cut off the **end** before any shuffling, that validates instead of training.
        validation_data : (x, y), (x, y, sample_weight), Sequence or generator, optional
            Never augmented, never shuffled. Of a generator, the first `validation_steps` batches are kept and used
            after every epoch.
        shuffle : bool or "batch"
            New order of all samples per pass. "batch": batches keep their members and their turn, only the order
            within each is drawn (as in Keras 3; for files that are best read from front to back). Of a Sequence the
            order of batches is drawn anew, not their members; a flow and a generator have an order of their own.
        class_weight : dict of int to float, optional
            Weight of each class in the training loss; missing ones count 1. Multiplied with sample weights.
        sample_weight : array, shape (N,), optional
            Weight of each sample in the training loss.
        steps_per_epoch : int, optional
            Batches per epoch, taken from one endless stream of passes. None = one pass; of a plain generator, all
            that it has.
        validation_steps : int, optional
            Validate on the first so many batches only.
        validation_batch_size : int, optional
            None = `batch_size`.
        validation_freq : int or sequence of int
            Validate after every so many epochs, or after the epochs (from 1) listed.
        view_metrics : bool or "auto"
            True makes the training a run like those of the app: it appears live on the Watch page, whose address is
            printed, can be stopped there, and keeps the weights of the last and the best epoch. "auto" does so for
            more than one epoch unless `verbose` is 0, without weights. In a notebook the curves are drawn below the
            cell, too.

        Returns
        -------
        History
            Of this call. Weights, optimizer state and position in the stream go on from call to call.

        Raises
        ------
        DataError
            If data cannot be used: lengths, shapes, labels out of range, NaN.
        SpecError
            If an argument is out of range.
        TrainingError
            If the model is not compiled, or the loss becomes NaN.
        """
        if (
            validation_data is None
            and validation_split is not None
            and check_number("validation_split", validation_split)
        ):
            x, y, sample_weight, validation_data = split_off(x, y, sample_weight, validation_split)
        batch_size = count_pictures(batch_size, x, steps_per_epoch)
        feed = self._open(x, y, sample_weight, batch_size, shuffle=check_shuffle(shuffle))
        queue = Queue.of(x)
        return self._train(
            x,
            feed,
            queue,
            steps=count_or_all(steps_per_epoch, feed, "steps_per_epoch"),
            epochs=epoch_range(initial_epoch, epochs),
            verbose=verbose,
            callbacks=callbacks,
            validate=self._validation(
                validation_data,
                batch_size if validation_batch_size is None else validation_batch_size,
                validation_steps,
                validation_freq,
                Queue.of(validation_data),
            ),
            class_weight=class_weight,
            method="fit",
            view_metrics=view_metrics,
        )

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int | str = 1,
        callbacks: Iterable[Callback] | None = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        class_weight: dict[int, float] | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
        view_metrics: bool | str = "auto",
    ) -> History:
        """Train on batches as they come: one continuing stream, of which `steps_per_epoch` batches are called an epoch.

        The classic method: nothing is reset between epochs, so with fewer steps than the source has batches the next
        epoch takes up where the last one stopped. The result does not depend on `workers` and `max_queue_size`.

        Parameters
        ----------
        generator : flow, Sequence, generator or DataLoader
            Gives (x, y) or (x, y, sample_weight) per batch. A plain generator should loop for ever; if it ends, the
            epoch is finished with what came, and training stops with a warning.
        steps_per_epoch : int, optional
            Needed for a plain generator; else None = one pass.
        epochs, initial_epoch, verbose, callbacks, validation_data, validation_steps, validation_freq, class_weight, \
        view_metrics
            As in `fit`.
        max_queue_size : int
            Batches prepared ahead at most; this much memory is used.
        workers : int
            Threads that prepare batches. 0 = none: each batch is made when its turn comes; so it is with any number,
            too, while that proves quicker, as on few cores. A plain generator is always read by one, a DataLoader with
            processes of its own by none. Validation has a queue of its own, of the same size and with as many threads.
        use_multiprocessing : bool
            Accepted for old programs; threads are used instead.
        shuffle : bool
            Draw the order of a Sequence's batches anew for each pass. A flow keeps the order it was made with.

        Returns
        -------
        History

        Raises
        ------
        EngineError
            As in `fit`. What the generator itself raises arrives unchanged.
        """
        queue = Queue.asked(workers, max_queue_size, use_multiprocessing)
        feed = self._open(generator, shuffle=check_shuffle(shuffle))
        return self._train(
            generator,
            feed,
            queue,
            steps=count_steps(steps_per_epoch, feed.length, "steps_per_epoch"),
            epochs=epoch_range(initial_epoch, epochs),
            verbose=verbose,
            callbacks=callbacks,
            validate=self._validation(
                validation_data, getattr(generator, "batch_size", None), validation_steps, validation_freq, queue
            ),
            class_weight=class_weight,
            method="fit_generator",
            view_metrics=view_metrics,
        )

    def _train(
        self,
        source: Any,
        feed: Feed,
        queue: Queue,
        *,
        steps: int | None,
        epochs: range,
        verbose: int | str,
        callbacks: Iterable[Callback] | None,
        validate: Callable[[CallbackList, int], loop.Logs],
        class_weight: dict[int, float] | None,
        method: str,
        view_metrics: bool | str,
    ) -> History:
        """What fit and fit_generator share."""
        check = self._check(feed)
        if not any(parameter.requires_grad for parameter in self.network.parameters()):
            raise TrainingError("training.all_frozen")
        if queue.workers > 1 and isinstance(feed, GeneratorFeed):
            warnings.warn(NOTES["one_reader"]("en", workers=queue.workers), stacklevel=3)
        from engine.script_run import viewed  # joins model and runs, and so imports this module

        class_weights = self._class_weights(class_weight, check.n_outputs)
        callbacks = list_callbacks(callbacks)
        self.history = history = next((each for each in callbacks if isinstance(each, History)), None) or History()
        others = [callback for callback in callbacks if callback is not history]
        with viewed(self, view_metrics, method, epochs, verbose) as viewers:
            hooks = self._hooks([*others, *viewers, history], verbose, steps, epochs.stop)
            if verbose and not self._loss_is_told:
                self._tell_loss()
            self.stop_training = False
            self.start_at = loop.Start(epochs.start)
            hooks.on_train_begin({})
            start = self.start_at
            epochs = range(start.epoch, epochs.stop)
            # In the middle of an epoch the stream goes on where it was, else perhaps with a new pass.
            first = self.n_batches if start.step else stream_position(self.n_batches, feed.length, steps)
            numbers = batch_numbers(first, None if steps is None else steps * len(epochs) - start.step)
            batches = stream(feed, self._intake(), check, numbers, queue, self.seed, self._contest_about(source, queue))
            with (
                closing(batches),
                self._own_chance(),
                quicker_layers(self.network, self.device),
                shared_cores(self.device, self.network) as threads,
            ):
                logs = loop.train(
                    self,
                    batches,
                    epochs=epochs,
                    start=start,
                    steps=steps,
                    validate=partial(validate, hooks),
                    class_weights=class_weights,
                    callbacks=hooks,
                    threads=threads,
                )
            self.update.finish()
            hooks.on_train_end(logs)
        return history

    def _contest_about(self, source: Any, queue: Queue) -> Contest:
        """That of the latest training, if it was from this source: short ones find out together what is quicker."""
        about = id(source), queue
        if self.contest is None or self.contest[0] != about:
            self.contest = about, Contest()
        return self.contest[1]

    # --- using ------------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics over data, in evaluation mode, never shuffled.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, callbacks
            As in `fit`.
        steps : int, optional
            Only the first so many batches. None = one pass; of a plain generator, all that it has.
        return_dict : bool
            Give a dict by name instead of a list.

        Returns
        -------
        float, list of float or dict
            As in Keras: the loss; ``[loss, metric, ...]`` if there are metrics.

        Raises
        ------
        EngineError
            As in `fit`.
        """
        check_switch("return_dict", return_dict)
        feed = self._open(x, y, sample_weight, batch_size, evaluation=True)
        wanted = count_once(steps, feed, "steps")
        logs = self._evaluate_alone(feed, wanted, callbacks, verbose, Queue.of(x))
        return logs if return_dict else self._listed(logs)

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int | str = 0,
    ) -> float | list[float]:
        """`evaluate` with the arguments of the classic method.

        Parameters
        ----------
        generator : flow, Sequence, generator or DataLoader
            Gives (x, y) or (x, y, sample_weight) per batch.
        steps : int, optional
            Only the first so many batches; needed for a plain generator.
        callbacks, max_queue_size, workers, use_multiprocessing, verbose
            As in `fit_generator`.

        Returns
        -------
        float or list of float
            The loss; ``[loss, metric, ...]`` if there are metrics.

        Raises
        ------
        EngineError
            As in `fit_generator`.
        """
        queue = Queue.asked(workers, max_queue_size, use_multiprocessing)
        feed = self._open(generator, evaluation=True)
        wanted = count_once(count_steps(steps, feed.length, "steps"), feed, "steps")
        return self._listed(self._evaluate_alone(feed, wanted, callbacks, verbose, queue))

    def _evaluate_alone(
        self, feed: Feed, wanted: int | None, callbacks: Iterable[Callback] | None, verbose: int | str, queue: Queue
    ) -> loop.Logs:
        """An evaluation that is no part of a training."""
        hooks = self._hooks(list_callbacks(callbacks), verbose, wanted)
        return self._evaluate(feed, self._check(feed), wanted, hooks, queue)

    def _listed(self, logs: loop.Logs) -> float | list[float]:
        return list(logs.values()) if self.metrics else logs["loss"]

    def _evaluate(
        self, feed: Feed, check: Callable[[Any], None], wanted: int | None, hooks: CallbackList, queue: Queue
    ) -> loop.Logs:
        batches = stream(feed, self._intake(), check, batch_numbers(0, wanted), queue)
        with closing(batches), loop.evaluation_mode(self.network):
            return loop.evaluate(self, batches, wanted, hooks)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Iterable[Callback] | None = None,
    ) -> np.ndarray:
        """The network's outputs, in the order of the data: a flow is read in its pictures' order, not in its own.

        Parameters
        ----------
        x : array, shape (N, ...), or Sequence, generator, DataLoader
            Labels that come along are ignored.
        batch_size, verbose, steps, callbacks
            As in `evaluate`.

        Returns
        -------
        ndarray, shape (N, D), float32
            What the network gives; for the networks of `engine.networks` that is logits.

        Raises
        ------
        EngineError
            As in `fit`; the model need not be compiled.
        """
        feed = self._open(x, None, None, batch_size, evaluation=True)
        return self._predict(feed, count_once(steps, feed, "steps"), callbacks, verbose, Queue.of(x))

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int | str = 0,
    ) -> np.ndarray:
        """`predict` with the arguments of the classic method.

        Parameters
        ----------
        generator : flow, Sequence, generator or DataLoader
            Labels that come along are ignored.
        steps : int, optional
            Only the first so many batches; needed for a plain generator.
        callbacks, max_queue_size, workers, use_multiprocessing, verbose
            As in `fit_generator`.

        Returns
        -------
        ndarray, shape (N, D), float32
            As `predict` gives.

        Raises
        ------
        EngineError
            As in `fit_generator`; the model need not be compiled.
        """
        queue = Queue.asked(workers, max_queue_size, use_multiprocessing)
        feed = self._open(generator, evaluation=True)
        wanted = count_once(count_steps(steps, feed.length, "steps"), feed, "steps")
        return self._predict(feed, wanted, callbacks, verbose, queue)

    def _predict(
        self, feed: Feed, wanted: int | None, callbacks: Iterable[Callback] | None, verbose: int | str, queue: Queue
    ) -> np.ndarray:
        hooks = self._hooks(list_callbacks(callbacks), verbose, wanted)
        self._show(feed.first())
        feed.check(check_inputs)
        intake = replace(self._intake(), only_inputs=True)
        batches = stream(feed, intake, check_inputs, batch_numbers(0, wanted), queue)
        with closing(batches), loop.evaluation_mode(self.network):
            return loop.predict(self, batches, wanted, hooks).numpy()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _open(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        *,
        shuffle: bool | str = False,
        evaluation: bool = False,
    ) -> Feed:
        size = count_pictures(batch_size, x, None)
        return feeds.open_feed(x, y, sample_weight, Reading(self.device, size, shuffle, evaluation))

    def _intake(self) -> Intake:
        return Intake(self.device, self.data_format, self._loss.target_dtype if self._loss else None)

    def _hooks(
        self, callbacks: Iterable[Callback], verbose: int | str, steps: int | None, epochs: int = 1
    ) -> CallbackList:
        verbose = check_verbose(verbose)
        callbacks = list(callbacks)
        if verbose and not any(isinstance(callback, ProgbarLogger) for callback in callbacks):
            callbacks.append(ProgbarLogger())
        return CallbackList(callbacks, self, {"epochs": epochs, "steps": steps, "verbose": verbose})

    def _check(self, feed: Feed) -> CheckBatch:
        """The check for a feed's batches, after it has seen what can be seen before the first step."""
        loss, outputs = self.loss, self._show(feed.first())
        losses.check_outputs(loss, outputs)
        check = CheckBatch(loss, outputs[0].numel())
        feed.check(check)
        return check

    def _tell_loss(self) -> None:
        """Print, once after `compile`, what a loss chosen by name takes the outputs for."""
        self._loss_is_told = True
        if isinstance(self.loss, losses.Crossentropy):
            note = NOTES["logits_chosen" if self.loss.from_logits else "probabilities_chosen"]
            last = losses.last_module(self.network)
            print(note("en", loss=type(self.loss).__name__, last=type(last).__name__))

    def _show(self, item: Any) -> Tensor:
        """What the network gives for two pictures of a batch, (2, ...)."""
        x = parts(item)[0][:2]
        self.first_shape = tuple(np.shape(x)[1:])
        try:
            check_inputs(x)
            with torch.no_grad(), loop.evaluation_mode(self.network):
                tensors = self._intake().to_host((x,))
                # A copy: a network may change its inputs in place, and these are a person's own data.
                outputs = self.compute(self._intake().to_device(tensors).inputs.clone())
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            if isinstance(error, DataError):
                raise
            problem = str(error).partition("\n")[0]
            raise DataError("training.input_shape", shape=self.first_shape, problem=problem) from error
        if not isinstance(outputs, Tensor):
            raise TrainingError("training.not_outputs", kind=type(outputs).__name__)
        if outputs.shape[:1] != (len(x),):
            raise TrainingError("training.not_outputs", kind=f"shape {tuple(outputs.shape)} for {len(x)} pictures")
        return outputs

    def _validation(
        self, data: Any, batch_size: int | None, steps: int | None, freq: int | Sequence[int], queue: Queue
    ) -> Callable[[CallbackList, int], loop.Logs]:
        """What to call after each epoch; gives the logs with names ``val_...``."""
        is_due = due_epochs(freq)
        if data is None:
            return lambda hooks, epoch: {}
        feed = self._open_validation(data, batch_size, steps)
        wanted = count_once(steps, feed, "validation_steps")
        check = self._check(feed)

        def validate(hooks: CallbackList, epoch: int) -> loop.Logs:
            if not is_due(epoch):
                return {}
            logs = self._evaluate(feed, check, wanted, hooks, queue)
            return {f"val_{name}": value for name, value in logs.items()}

        return validate

    def _open_validation(self, data: Any, batch_size: int | None, steps: int | None) -> Feed:
        if isinstance(data, tuple) or (isinstance(data, list) and is_array(data)):
            if not 2 <= len(data) <= 3:
                raise DataError("training.validation_form", form=f"{type(data).__name__} of {len(data)}")
            x, y, w = (*data, None)[:3]
            return self._open(x, y, w, batch_size, evaluation=True)
        feed = self._open(data, evaluation=True)
        if feed.length is not None:
            return feed
        # A generator cannot be read twice: its first batches are kept, so that every epoch is judged on the same.
        wanted = count_steps(steps, feed.length, "validation_steps")
        kept = list(islice(data, wanted))
        if len(kept) < wanted:
            warnings.warn(NOTES["validation_ended"]("en", wanted=wanted, came=len(kept)), stacklevel=4)
        return feeds.SequenceFeed(kept, Reading(self.device))

    def _class_weights(self, class_weight: dict[int, float] | None, n_outputs: int) -> Tensor | None:
        if class_weight is None or (isinstance(class_weight, dict) and not class_weight):
            return None
        table, silent = class_weight_table(class_weight, n_outputs)
        if silent:
            warnings.warn(NOTES["classes_without_weight"]("en", classes=", ".join(map(str, silent))), stacklevel=4)
        return torch.from_numpy(table).to(self.device)

    @contextmanager
    def _own_chance(self) -> Iterator[None]:
        """Let training use torch's random numbers without disturbing the caller's."""
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            yield


def fit(model: Model, *args: Any, **kwargs: Any) -> History:
    """`Model.fit` as a function: ``fit(model, x, y, epochs=10)``."""
    return model.fit(*args, **kwargs)


def fit_generator(model: Model, *args: Any, **kwargs: Any) -> History:
    """`Model.fit_generator` as a function: ``fit_generator(model, generator, steps_per_epoch=100)``."""
    return model.fit_generator(*args, **kwargs)


def evaluate(model: Model, *args: Any, **kwargs: Any) -> Any:
    """`Model.evaluate` as a function: ``evaluate(model, x, y)``."""
    return model.evaluate(*args, **kwargs)


def evaluate_generator(model: Model, *args: Any, **kwargs: Any) -> Any:
    """`Model.evaluate_generator` as a function: ``evaluate_generator(model, generator, steps=100)``."""
    return model.evaluate_generator(*args, **kwargs)


def predict(model: Model, *args: Any, **kwargs: Any) -> np.ndarray:
    """`Model.predict` as a function: ``predict(model, x)``."""
    return model.predict(*args, **kwargs)


def predict_generator(model: Model, *args: Any, **kwargs: Any) -> np.ndarray:
    """`Model.predict_generator` as a function: ``predict_generator(model, generator, steps=100)``."""
    return model.predict_generator(*args, **kwargs)
