"""The fill modes of the CPU warp: where a pixel is read whose place lies outside of the picture.

Steps of the kernel as those of `warp_steps`, for LANES pixels at once; each follows scipy's formula to the last bit.
Mode "nearest" has none: its places are kept within bounds when they are made.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

from numba import types

from engine.augment.simd import DOUBLE, Vector
from engine.augment.warp_steps import X, Y, addresses_of, intrinsic

FILL_MODES = {"nearest": 0, "reflect": 1, "wrap": 2, "constant": 3}
NEAREST, REFLECT, WRAP, _ = FILL_MODES.values()

FAR = 1e15  # pixels; beyond, a float has no fraction left to tell neighbours apart


def _bring_inside(fold: Callable[[Vector, Any], Vector]) -> Any:
    """An intrinsic that brings places to where a picture has values, by a function of a coordinate and the side."""

    @intrinsic
    def bring_inside(typing: Any, piece: Any, j: Any, height: Any, width: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            piece, j, *sides = arguments
            lines = addresses_of(context, builder, signature.args[0], piece, j)
            for line, side in zip((Y, X), sides, strict=True):
                q = Vector.load(builder, lines[line])
                last = builder.fsub(side, DOUBLE(1))
                at_edge = Vector.repeated(builder, last).masked_fill(q < 0, 0)
                nearest = builder.select(builder.fcmp_ordered("==", last, DOUBLE(0)), DOUBLE(-1), DOUBLE(FAR))
                folded = fold(q, side).masked_fill(q.absolute() > nearest, at_edge)
                folded.masked_fill(_is_inside(q, last), q).store(lines[line])
            return context.get_dummy_value()

        return types.void(piece, types.int64, types.float64, types.float64), generate

    return bring_inside


def _wrapped(q: Vector, side: Any) -> Vector:
    """With a period of side - 1: the first and the last pixel coincide."""
    period = q.builder.fsub(side, DOUBLE(1))
    n_periods = (q.absolute() / period).truncate()
    return (q - n_periods * period).masked_fill(q < 0, q + (n_periods + 1) * period)


def _reflected(q: Vector, side: Any) -> Vector:
    """About the outer edges of the first and the last pixel, to (-1, side)."""
    period = q.builder.fmul(side, DOUBLE(2))
    whole = (q.absolute() / period).truncate() * period
    below = q.masked_fill(0 - q > period, q + whole)
    below = ((0 - below).masked_fill(below > -1e-15, 1e-15) - 1).masked_fill(0 - below > side, below + period)
    above = q - whole
    above = above.masked_fill(above >= side, 0 - (above - period) - 1)
    return above.masked_fill(q < 0, below)


reflect, wrap = _bring_inside(_reflected), _bring_inside(_wrapped)


@intrinsic
def mark_outside(typing: Any, piece: Any, j: Any, height: Any, width: Any) -> Any:
    """Make the row coordinate of what lies outside of a picture not a number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        piece, j, height, width = arguments
        lines = addresses_of(context, builder, signature.args[0], piece, j)
        y, x = Vector.load(builder, lines[Y]), Vector.load(builder, lines[X])
        last_row, last_column = (builder.fsub(side, DOUBLE(1)) for side in (height, width))
        inside = _is_inside(y, last_row) & _is_inside(x, last_column)
        Vector.repeated(builder, DOUBLE(nan)).masked_fill(inside, y).store(lines[Y])
        return context.get_dummy_value()

    return types.void(piece, types.int64, types.float64, types.float64), generate


def _is_inside(q: Vector, last: Any) -> Vector:
    return (q >= 0) & (q <= last)
