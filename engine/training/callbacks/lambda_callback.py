"""A callback from plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.errors import SpecError
from engine.training.callbacks.base import HOOKS, Callback


class LambdaCallback(Callback):
    """Calls the functions given by the names of hooks: ``LambdaCallback(on_epoch_end=lambda epoch, logs: ...)``.

    Raises
    ------
    SpecError
        If a name is no hook, or what it gets is no function.
    """

    def __init__(self, **functions: Callable[..., Any]) -> None:
        for hook, function in functions.items():
            if hook not in HOOKS:
                raise SpecError("spec.not_a_choice", name="LambdaCallback", value=hook, choices=", ".join(HOOKS))
            if not callable(function):
                raise SpecError("training.not_a_function", name=hook, kind=type(function).__name__)
            setattr(self, hook, function)
