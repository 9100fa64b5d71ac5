"""The hooks, and how a list of callbacks is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.training.model import Model

Logs = Mapping[str, Any]


class Callback:
    """Base of all callbacks; every hook does nothing until a subclass overrides it.

    Callbacks written for Keras need not derive from it: any object with some of these methods will do.

    Attributes
    ----------
    model : Model
        The model in training. ``model.stop_training = True`` ends it after this batch.
    params : dict
        ``epochs`` (index at which to stop), ``steps`` (batches per epoch) and ``verbose`` of this call.
    """

    model: Model
    params: dict[str, Any]

    def set_model(self, model: Model) -> None:
        """Called first, with the model."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called first, with the call's parameters."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, with its logs."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch; `epoch` is its index, counted over all calls that give `initial_epoch`."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch and its validation. What is written into `logs`, later callbacks and History see."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training batch; `batch` starts at 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training batch; `logs` are the epoch's averages so far, copied from the device when read."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Older name of `on_train_batch_begin`, which calls it unless overridden."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Older name of `on_train_batch_end`, which calls it unless overridden."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before a validation or evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After a validation or evaluation; names have no ``val_``."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of validation or evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of validation or evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction; ``logs["outputs"]`` is on the device."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
_OLDER = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class CallbackList:
    """Calls a hook of all callbacks, in their order. A hook that nobody overrides costs an empty loop.

    Parameters
    ----------
    callbacks : iterable of Callback
        Or other objects that have some of its methods.
    model : Model
    params : dict
        What `Callback.params` gets.

    Attributes
    ----------
    see_batches : bool
        Whether a function from outside of the engine is called at each batch of a training.
    """

    see_batches = False

    def __init__(self, callbacks: Iterable[Any], model: Model, params: dict[str, Any]) -> None:
        callbacks = list(callbacks)
        for callback in callbacks:
            for name, value in (("set_params", params), ("set_model", model)):
                if hasattr(callback, name):
                    getattr(callback, name)(value)
        for hook in HOOKS:
            methods = [method for callback in callbacks if (method := _find(callback, hook)) is not None]
            setattr(self, hook, _caller(methods))
            if hook in _OLDER and not all(map(_is_ours, methods)):
                self.see_batches = True

    if TYPE_CHECKING:
        # One method per hook, set above.
        def __getattr__(self, name: str) -> Callable[..., None]: ...


def _find(callback: Any, hook: str) -> Callable[..., None] | None:
    """What to call for a hook, perhaps under its older name; None if that would do nothing."""
    if hook in _OLDER.values():
        return None
    names = (hook, _OLDER[hook]) if hook in _OLDER else (hook,)
    methods = (getattr(callback, name, None) for name in names)
    own = (
        method
        for name, method in zip(names, methods, strict=True)
        if method is not None and getattr(method, "__func__", method) is not getattr(Callback, name)
    )
    return next(own, None)


def _is_ours(method: Callable[..., None]) -> bool:
    return (getattr(method, "__module__", None) or "").partition(".")[0] == __name__.partition(".")[0]


def _caller(methods: list[Callable[..., None]]) -> Callable[..., None]:
    def call(*args: Any) -> None:
        for method in methods:
            method(*args)

    return call
