"""How parts of a model are found by name: one rule for losses, metrics, optimizers and schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from engine.errors import SpecError

Part = TypeVar("Part")


def lookup(table: Mapping[str, Part], name: str, what: str) -> Part:
    """The entry of a table, whether its name is written ``"mean_squared_error"`` or ``"MeanSquaredError"``.

    Raises
    ------
    SpecError
        If there is none. `what` names the argument.
    """
    found = {_bare(known): part for known, part in table.items()}.get(_bare(name))
    if found is None:
        raise SpecError("spec.not_a_choice", field=f"training.{what}", name=what, value=name, choices=", ".join(table))
    return found


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Refuse what is not among the choices of argument `name`, with SpecError."""
    if value not in choices:
        raise SpecError(
            "spec.not_a_choice", field=f"training.{name}", name=name, value=value, choices=", ".join(choices)
        )


def _bare(name: str) -> str:
    return name.replace("_", "").lower()
