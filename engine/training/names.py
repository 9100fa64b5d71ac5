"""How parts of a model are found by name: one rule for losses, metrics, optimizers and schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

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


def check_part(part: Any, what: str, *, is_one: bool, choices: Iterable[str]) -> None:
    """Refuse an object that is no loss, metric or optimizer (`what`), or a class instead of an object of it.

    Raises
    ------
    SpecError
        Naming what it is, and the names in `choices`.
    """
    if not is_one or isinstance(part, type):
        kind = f"the class {part.__name__}" if isinstance(part, type) else type(part).__name__
        raise SpecError("training.not_a_part", what=what, kind=kind, choices=", ".join(choices))


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Refuse what is not among the choices of argument `name`, with SpecError."""
    if not isinstance(value, str) or value not in choices:
        raise SpecError(
            "spec.not_a_choice", field=f"training.{name}", name=name, value=value, choices=", ".join(choices)
        )


def _bare(name: str) -> str:
    return name.replace("_", "").lower()
