"""The costly steps of the CPU warp, each for LANES pixels at once: numba intrinsics, written with `simd`.

They share a piece: what is known so far of up to CHUNK pixels of a row. `warp_kernel` calls them in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numba.extending
from llvmlite import ir
from numba import types
from numba.core import cgutils

from engine.augment.simd import DOUBLE, FLOAT, INT32, INT64, LANES, Vector, pointer, store_interleaved

intrinsic: Any = numba.extending.intrinsic  # its type does not know that callers leave the first argument out

CHUNK = 8 * LANES  # pixels
WORD = 8  # bytes that are read at once: two neighbours of uint8
MOST_BYTES = WORD // 2  # channels that a picture of uint8 may have, then

# The lines of a piece, CHUNK numbers each. As float64: the pixels' coordinates, and the weights of their upper and left
# neighbours. As int64: the upper and the lower left neighbour, as offsets from the picture's first value; how many bits
# earlier the word begins that is read for it; and how many values after the left neighbour the right one stands.
Y, X, TO_TOP, TO_LEFT, TOP, BOTTOM, TOP_SHIFT, BOTTOM_SHIFT, APART = range(9)
N_LINES = 9


@intrinsic
def prefetch(typing: Any, images: Any, at: Any) -> Any:
    """Ask for the cache line of a value that will be read soon."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = pointer(context, builder, signature.args[0], *arguments)
        address = builder.bitcast(address, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [address.type, INT32, INT32, INT32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [address, INT32(0), INT32(2), INT32(1)])  # to read, into the second level, data
        return context.get_dummy_value()

    return types.void(images, types.int64), generate


@intrinsic
def place(typing: Any, piece: Any, at: Any, start: Any, slope: Any, column: Any, step: Any, low: Any, high: Any) -> Any:
    """Coordinates of LANES pixels, `start` + column * `slope`, within bounds; `column` is that of the first pixel."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        piece, at, start, slope, column, step, low, high = arguments
        lanes = Vector.of(builder, DOUBLE, range(LANES))
        columns = lanes * builder.sitofp(step, DOUBLE) + builder.sitofp(column, DOUBLE)
        # In scipy's order: offset, row's term (both in `start`), column's term.
        places = (columns * slope + start).at_least(low).at_most(high)
        places.store(pointer(context, builder, signature.args[0], piece, at))
        return context.get_dummy_value()

    integer, real = types.int64, types.float64
    return types.void(piece, integer, real, real, integer, integer, real, real), generate


@intrinsic
def find_neighbours(typing: Any, piece: Any, j: Any, height: Any, width: Any, n_channels: Any, last: Any) -> Any:
    """Weights and offsets of LANES pixels' neighbours. No word is read from beyond `last`: it is shifted instead."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        piece, j, height, width, n_channels, last = arguments
        lines = addresses_of(context, builder, signature.args[0], piece, j)
        y, x = Vector.load(builder, lines[Y]), Vector.load(builder, lines[X])
        top, left = y.floor(), x.floor()
        # The second weight is one minus the first, not the fraction itself: so scipy rounds.
        (1.0 - (y - top)).store(lines[TO_TOP])
        (1.0 - (x - left)).store(lines[TO_LEFT])
        # A neighbour beyond the edge has weight zero, or is the edge pixel again (reflect).
        last_row, last_column = (builder.fsub(side, DOUBLE(1)) for side in (height, width))
        top, bottom = (q.at_least(0).at_most(last_row) for q in (top, top + 1))
        left, right = (q.at_least(0).at_most(last_column) for q in (left, left + 1))
        ((right - left) * n_channels).to_int64().store(lines[APART])
        for row, offset, shift in ((top, TOP, TOP_SHIFT), (bottom, BOTTOM, BOTTOM_SHIFT)):
            wanted = row * builder.fmul(width, n_channels) + left * n_channels
            read = wanted.at_most(last)
            read.to_int64().store(lines[offset])
            ((wanted - read) * 8).to_int64().store(lines[shift])
        return context.get_dummy_value()

    real = types.float64
    return types.void(piece, types.int64, real, real, real, real), generate


def _blend_of(n_channels: int) -> Any:
    """An intrinsic that writes LANES pixels: `n_channels` adjacent values of each."""

    @intrinsic
    def blend(
        typing: Any, images: Any, start: Any, piece: Any, j: Any, scale: Any, fill: Any, out: Any, at: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            channels = [INT64(channel) for channel in range(n_channels)]
            values = _blended(context, builder, signature.args, arguments, channels)
            store_interleaved(values, pointer(context, builder, signature.args[6], *arguments[6:]))
            return context.get_dummy_value()

        integer = types.int64
        return types.void(images, integer, piece, integer, types.float32, types.float32, out, integer), generate

    return blend


blend_1, blend_3, blend_4 = _blend_of(1), _blend_of(3), _blend_of(4)


@intrinsic
def blend_some(
    typing: Any,
    images: Any,
    start: Any,
    piece: Any,
    j: Any,
    scale: Any,
    fill: Any,
    out: Any,
    at: Any,
    n_channels: Any,
    channel: Any,
    n: Any,
) -> Any:
    """Write one channel of the first n of LANES pixels."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *arguments, out, at, n_channels, channel, n = arguments
        (values,) = _blended(context, builder, signature.args, arguments, [channel])
        values.store_some(pointer(context, builder, signature.args[6], out, at, channel), n_channels, n)
        return context.get_dummy_value()

    integer = types.int64
    return types.void(images, integer, piece, integer, types.float32, types.float32, out, *[integer] * 4), generate


def _blended(context: Any, builder: Any, kinds: Any, arguments: Any, channels: list[Any]) -> list[Vector]:
    """LANES pixels, a vector per channel: each from its four neighbours, in float64 and in scipy's order."""
    images, start, piece, j, scale, fill = arguments[:6]
    picture = pointer(context, builder, kinds[0], images, start)
    lines = addresses_of(context, builder, kinds[2], piece, j)
    to_top, to_left = Vector.load(builder, lines[TO_TOP]), Vector.load(builder, lines[TO_LEFT])
    to_bottom, to_right = 1.0 - to_top, 1.0 - to_left
    has_no_place = Vector.load(builder, lines[Y]).is_nan()
    read = _bytes if kinds[0].dtype == types.uint8 else _floats
    values = []
    for top_left, top_right, bottom_left, bottom_right in read(builder, picture, lines, channels):
        value = top_left * to_top * to_left
        value += top_right * to_top * to_right
        value += bottom_left * to_bottom * to_left
        value += bottom_right * to_bottom * to_right
        values.append((value.to_float() * scale).masked_fill(has_no_place, fill))
    return values


def addresses_of(context: Any, builder: Any, kind: Any, piece: Any, j: Any) -> list[Any]:
    """Addresses of pixel j in all lines of a piece."""
    lines = [pointer(context, builder, kind, piece, line * CHUNK, j) for line in range(N_LINES)]
    return lines[:TOP] + [builder.bitcast(line, INT64.as_pointer()) for line in lines[TOP:]]


Corners = Iterator[list[Vector]]  # per channel: upper left, upper right, lower left, lower right neighbours, as float64


def _bytes(builder: Any, picture: Any, lines: list[Any], channels: list[Any]) -> Corners:
    """Neighbours in a picture of uint8. One word holds the left and the right one, with all of their channels."""
    apart = Vector.load(builder, lines[APART]) << 3
    corners = []
    for offset, shift in ((TOP, TOP_SHIFT), (BOTTOM, BOTTOM_SHIFT)):
        words = Vector.gather(builder, _addresses(builder, picture, lines[offset]), INT64)
        words >>= Vector.load(builder, lines[shift])
        corners += [words.to_int32(), (words >> apart).to_int32()]
    for channel in channels:
        bits = builder.trunc(builder.mul(channel, INT64(8)), INT32)
        yield [((corner >> bits) & 0xFF).to_double() for corner in corners]


def _floats(builder: Any, picture: Any, lines: list[Any], channels: list[Any]) -> Corners:
    """Neighbours in a picture of float32, read one by one."""
    corners = []
    for offset in (TOP, BOTTOM):
        left = _addresses(builder, picture, lines[offset])
        apart = _numbers(builder, lines[APART])
        right = [builder.gep(address, [distance]) for address, distance in zip(left, apart, strict=True)]
        corners += [left, right]
    for channel in channels:
        here = [[builder.gep(address, [channel]) for address in corner] for corner in corners]
        yield [Vector.gather(builder, addresses, FLOAT).to_double() for addresses in here]


def _addresses(builder: Any, picture: Any, offsets: Any) -> list[Any]:
    return [builder.gep(picture, [offset]) for offset in _numbers(builder, offsets)]


def _numbers(builder: Any, address: Any) -> list[Any]:
    return [builder.load(builder.gep(address, [INT64(lane)])) for lane in range(LANES)]
