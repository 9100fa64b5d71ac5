"""The parameters of random transforms: their ranges, and drawing them for many pictures at once.

A picture's parameters depend on the seed, the pass over the data and the picture's number, and on nothing else. What
the parameters do to pixels stands in `affine`, the warps and `colour`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np

from engine.errors import SpecError, SpecTypeError

Shift = float | tuple[float, ...]
"""A largest shift, or the shifts to choose from; below 1 shares of the picture's side, else pixels."""

NEUTRAL = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1, "flip_horizontal": 0, "flip_vertical": 0}


class Slot(IntEnum):
    """Which of a picture's random numbers decides what: switching one transform on never changes another's draw.

    The order is that in which Keras' `get_random_transform` draws.
    """

    THETA = 0
    TY = 1
    TY_SIGN = 2
    TX = 3
    TX_SIGN = 4
    SHEAR = 5
    ZX = 6
    ZY = 7
    FLIP_HORIZONTAL = 8
    FLIP_VERTICAL = 9
    CHANNEL_SHIFT = 10
    BRIGHTNESS = 11


@dataclass(frozen=True)
class Ranges:
    """How far each transform may go. The defaults switch everything off.

    Parameters
    ----------
    rotation, shear : float
        Largest angle in degrees, either way.
    width_shift, height_shift : float or tuple of float
        Largest shift sideways, and up or down; or the shifts to choose from, each with a random sign. All values below
        1: shares of the width or height; else pixels.
    zoom : (float, float)
        Smallest and largest factor; width and height draw their own. Below 1 enlarges.
    horizontal_flip, vertical_flip : bool
        Whether half of the pictures are mirrored.
    channel_shift : float
        Largest value added to all channels of a picture, in its own unit, either way.
    brightness : (float, float) or None
        Smallest and largest factor; None = off.
    """

    rotation: float = 0.0
    width_shift: Shift = 0.0
    height_shift: Shift = 0.0
    shear: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    horizontal_flip: bool = False
    vertical_flip: bool = False
    channel_shift: float = 0.0
    brightness: tuple[float, float] | None = None

    @cached_property
    def active(self) -> bool:
        """Whether any transform is on."""
        return self != Ranges()

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest value, and largest minus smallest, of what each slot draws from a range; (slots, 1) float64."""
        low, high = np.zeros((2, len(Slot), 1))
        either_way = {
            Slot.THETA: self.rotation,
            Slot.TY: self.height_shift,
            Slot.TX: self.width_shift,
            Slot.SHEAR: self.shear,
            Slot.CHANNEL_SHIFT: self.channel_shift,
        }
        for slot, largest in either_way.items():
            if not isinstance(largest, tuple):
                low[slot], high[slot] = -largest, largest
        for slot in (Slot.ZX, Slot.ZY):
            low[slot], high[slot] = self.zoom
        if self.brightness is not None:
            low[Slot.BRIGHTNESS], high[Slot.BRIGHTNESS] = self.brightness
        return low, high - low


@dataclass(frozen=True)
class TransformParameters:
    """The drawn parameters of n pictures, one array each; Keras' names and signs.

    Parameters
    ----------
    theta, shear : np.ndarray
        (n,) float64, degrees. Positive theta turns counter-clockwise.
    tx, ty : np.ndarray
        (n,) float64, pixels. Positive values move the picture left, and up.
    zx, zy : np.ndarray
        (n,) float64, factors of width and height; below 1 enlarges.
    flip_horizontal, flip_vertical : np.ndarray
        (n,) bool.
    channel_shift_intensity, brightness : np.ndarray or None
        (n,) float64; None = off.
    """

    theta: np.ndarray
    tx: np.ndarray
    ty: np.ndarray
    shear: np.ndarray
    zx: np.ndarray
    zy: np.ndarray
    flip_horizontal: np.ndarray
    flip_vertical: np.ndarray
    channel_shift_intensity: np.ndarray | None = None
    brightness: np.ndarray | None = None

    @property
    def flips(self) -> np.ndarray:
        """(n, 2) bool: horizontal, vertical."""
        return np.stack([self.flip_horizontal, self.flip_vertical], axis=1)

    def of(self, picture: int) -> dict[str, Any]:
        """One picture's parameters as the dictionary that Keras' `get_random_transform` returns."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        values = {name: None if array is None else array[picture].item() for name, array in arrays.items()}
        return {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TransformParameters:
        """The parameters of one picture from a dictionary like `of`'s; what is missing or None is neutral.

        Raises
        ------
        SpecError
            If the dictionary has other names, or a value is not a finite number.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(values, Mapping):
            raise SpecTypeError("augment.not_parameters", known=", ".join(known), value=repr(values))
        if unknown := sorted(set(values) - set(known)):
            raise SpecError("augment.unknown_parameters", known=", ".join(known), unknown=", ".join(map(str, unknown)))
        given = {name: _number(name, value) for name, value in values.items() if value is not None}
        arrays = {name: np.array([value], np.float64) for name, value in (NEUTRAL | given).items()}
        return cls(**arrays | {name: arrays[name] != 0 for name in ("flip_horizontal", "flip_vertical")})


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not np.isfinite(number):
        raise SpecError("augment.not_a_number", name=name, value=repr(value))
    return number


def draw(ranges: Ranges, seed: int, pass_: int, indices: np.ndarray, height: int, width: int) -> TransformParameters:
    """Draw the parameters of some samples.

    Parameters
    ----------
    ranges : Ranges
        What may happen, and how far.
    seed, pass_ : int
        Seed and number of the pass over the data, from 0.
    indices : np.ndarray
        (n,) int64: the samples' numbers.
    height, width : int
        Size of the pictures in pixels.

    Returns
    -------
    TransformParameters
        Row k depends on seed, pass, ``indices[k]``, and the ranges alone.
    """
    from engine.augment.philox import uniforms  # imports numba, which pages that only show settings do not need

    return parameters(ranges, uniforms(seed, pass_, indices, len(Slot)), height, width)


def draw_like_keras(ranges: Ranges, seed: int | None, height: int, width: int) -> TransformParameters:
    """Draw one picture's parameters from numpy's `RandomState`, as Keras' `get_random_transform` does.

    The numbers are Keras' own, except that the one drawn from the height's range is `ty` and that from the width's is
    `tx`: Keras exchanges the two, against its documentation. `seed` None takes fresh entropy.
    """
    random = np.random.RandomState(seed)
    numbers = np.full((1, len(Slot)), 0.5)

    def take(slot: Slot, on: object) -> None:
        if on:
            numbers[0, slot] = random.random_sample()

    def take_shift(slot: Slot, sign: Slot, shift: Shift) -> None:
        if isinstance(shift, tuple):
            numbers[0, slot] = (random.choice(len(shift)) + 0.5) / len(shift)
            numbers[0, sign] = (random.choice(2) + 0.5) / 2
        else:
            take(slot, shift)

    take(Slot.THETA, ranges.rotation)
    take_shift(Slot.TY, Slot.TY_SIGN, ranges.height_shift)
    take_shift(Slot.TX, Slot.TX_SIGN, ranges.width_shift)
    take(Slot.SHEAR, ranges.shear)
    take(Slot.ZX, ranges.zoom != (1, 1))
    take(Slot.ZY, ranges.zoom != (1, 1))
    take(Slot.FLIP_HORIZONTAL, True)
    take(Slot.FLIP_VERTICAL, True)
    take(Slot.CHANNEL_SHIFT, ranges.channel_shift)
    take(Slot.BRIGHTNESS, ranges.brightness)
    return parameters(ranges, numbers, height, width)


def parameters(ranges: Ranges, numbers: np.ndarray, height: int, width: int) -> TransformParameters:
    """Turn random numbers into parameters.

    Parameters
    ----------
    ranges : Ranges
        What may happen, and how far.
    numbers : np.ndarray
        (n, len(Slot)) float64 in [0, 1).
    height, width : int
        Size of the pictures in pixels.
    """
    u = numbers.T  # (slots, n)
    low, span = ranges.bounds
    drawn = low + span * u
    return TransformParameters(
        theta=drawn[Slot.THETA],
        tx=_shift(ranges.width_shift, drawn[Slot.TX], u[Slot.TX], u[Slot.TX_SIGN], width),
        ty=_shift(ranges.height_shift, drawn[Slot.TY], u[Slot.TY], u[Slot.TY_SIGN], height),
        shear=drawn[Slot.SHEAR],
        zx=drawn[Slot.ZX],
        zy=drawn[Slot.ZY],
        flip_horizontal=u[Slot.FLIP_HORIZONTAL] < (0.5 if ranges.horizontal_flip else 0),
        flip_vertical=u[Slot.FLIP_VERTICAL] < (0.5 if ranges.vertical_flip else 0),
        channel_shift_intensity=drawn[Slot.CHANNEL_SHIFT] if ranges.channel_shift else None,
        brightness=drawn[Slot.BRIGHTNESS] if ranges.brightness else None,
    )


def _shift(shift: Shift, drawn: np.ndarray, number: np.ndarray, sign: np.ndarray, side: int) -> np.ndarray:
    if not isinstance(shift, tuple):
        return drawn * side if shift < 1 else drawn
    chosen = np.array(shift, np.float64)[(number * len(shift)).astype(np.int64)]
    drawn = np.where(sign < 0.5, -chosen, chosen)
    return drawn * side if max(shift) < 1 else drawn
