"""Which numbers the arguments of losses, metrics, optimizers, schedules and callbacks may be: one check per kind."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from engine.errors import SpecError


def check_positive(name: str, value: Any) -> float:
    """Return a finite number above 0, else raise SpecError."""
    if not _is_number(value) or value <= 0:
        raise SpecError("training.not_positive", field=f"training.{name}", name=name, value=repr(value))
    return float(value)


def check_not_negative(name: str, value: Any) -> float:
    """Return a finite number of at least 0, else raise SpecError."""
    if not _is_number(value) or value < 0:
        raise SpecError("training.negative", field=f"training.{name}", name=name, value=repr(value))
    return float(value)


def check_share(name: str, value: Any) -> float:
    """Return a number from 0 to 1, else raise SpecError."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise SpecError("training.not_a_share", field=f"training.{name}", name=name, value=repr(value))
    return float(value)


def check_below_one(name: str, value: Any) -> float:
    """Return a number of at least 0 and below 1, else raise SpecError."""
    if not _is_number(value) or not 0 <= value < 1:
        raise SpecError("training.not_below_one", field=f"training.{name}", name=name, value=repr(value))
    return float(value)


def check_switch(name: str, value: Any) -> bool:
    """Return True or False, else raise SpecError."""
    if not isinstance(value, bool):
        raise SpecError("spec.not_a_switch", field=f"training.{name}", name=name, value=value)
    return value


def check_whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number of at least `least`, else raise SpecError."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise SpecError("training.not_a_count", field=f"training.{name}", name=name, least=least, value=repr(value))
    return int(value)


def check_number(name: str, value: Any) -> float:
    """Return a finite number, else raise SpecError."""
    if not _is_number(value):
        raise SpecError("spec.not_a_number", field=f"training.{name}", name=name, value=value, example=0.5)
    return float(value)


def check_frequency(name: str, value: Any) -> str | int:
    """Return "epoch" or a whole number of at least 1 (batches), else raise SpecError."""
    return value if isinstance(value, str) and value == "epoch" else check_whole(name, value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
