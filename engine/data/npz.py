"""Pictures and labels as arrays in a NumPy file, named as in Keras: x_train, y_train, x_test, y_test.

Pixels of integer type are taken as 0..255. Pixels of a float type are taken as 0..1 if none in the whole file is above
1, else as 0..255. Anything outside is refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import psutil

from engine.data.archive import file_identity, find_file, open_archive
from engine.data.source import NO_PART, PARTS, Pictures, Source
from engine.errors import DataError

_SUFFIXES = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
_PREFIXES = ("x", "y", "x_", "y_")  # of the arrays that are read


class Npz(Source):
    """The source ``"npz"``: x_train and y_train, with or without x_val, y_val, x_test, y_test; or only x and y.

    Pictures are (n, height, width) or (n, height, width, channels) with 1, 3 or 4 channels. Labels are whole numbers
    or names (n,) or (n, 1), or one-hot rows (n, classes).
    """

    def identity(self) -> str:
        return file_identity(self.spec.path)

    def pictures(self) -> Pictures:
        arrays = _load(self.spec.path)
        pairs = _pairs(arrays)
        images = {x: _images(x, arrays[x]) for x, _ in pairs.values()}
        labels = {x: _labels(y, arrays[y]) for x, y in pairs.values()}
        for x, y in pairs.values():
            if len(images[x]) != len(labels[x]):
                raise DataError("data.npz_lengths", field="data.path", x=x, n_x=len(images[x]), y=y, n_y=len(labels[x]))
        values, codes = np.unique(np.concatenate(list(labels.values())), return_inverse=True)
        whites = _whites(images)
        places = [(x, i) for x, pixels in images.items() for i in range(len(pixels))]
        parts = [PARTS.index(part) if len(pairs) > 1 else NO_PART for part in pairs]
        return Pictures(
            class_names=[str(value) for value in values],
            names=[f"{x}/{i:06d}" for x, i in places],
            labels=codes.astype(np.int64),
            part_of=np.repeat(np.array(parts, dtype=np.int8), [len(pixels) for pixels in images.values()]),
            read=lambda indices: (_to_uint8(images[x][i], whites[x]) for x, i in (places[k] for k in indices)),
        )


def _load(path: str) -> dict[str, np.ndarray]:
    """All arrays of the file that could be pictures or labels, in memory."""
    with open_archive(path, "npz") as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > psutil.virtual_memory().available:
        raise DataError("data.npz_memory", field="data.path", path=path, size_gb=unpacked / 2**30)
    try:
        with np.load(find_file(path), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files if name[:2] in _PREFIXES}
    except Exception as error:  # numpy raises many kinds for a damaged file
        raise DataError("data.npz_unreadable", field="data.path", path=path, problem=str(error)) from None


def _pairs(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[str, str]]:
    """Names of pictures and labels for each part, train first."""
    pairs = {part: (f"x_{suffix}", f"y_{suffix}") for suffix, part in _SUFFIXES.items() if f"x_{suffix}" in arrays}
    if not pairs and "x" in arrays:
        pairs = {"train": ("x", "y")}
    missing = {name for pair in pairs.values() for name in pair} - arrays.keys()
    if "train" not in pairs or missing:
        raise DataError("data.npz_names", field="data.path", found=", ".join(sorted(arrays)) or "-")
    return pairs


def _images(name: str, x: np.ndarray) -> np.ndarray:
    """The pictures as (n, height, width, channels), values unchanged."""
    pixels = x[..., None] if x.ndim == 3 else x
    if pixels.ndim != 4 or pixels.shape[3] not in (1, 3, 4) or 0 in pixels.shape[1:]:
        raise DataError("data.npz_shape", field="data.path", name=name, shape=str(x.shape))
    if x.dtype.kind not in "buif":
        raise DataError("data.npz_type", field="data.path", name=name, dtype=str(x.dtype))
    return pixels


def _labels(name: str, y: np.ndarray) -> np.ndarray:
    """The labels as whole numbers or names, shape (n,)."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "buif":
        if not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
            raise DataError("data.labels_not_one_hot", field="data.path", name=name)
        y = y.argmax(axis=1)
    if y.ndim != 1:
        raise DataError("data.labels_shape", field="data.path", name=name, shape=str(y.shape))
    if y.dtype.kind == "U":
        return y
    if y.dtype.kind not in "buif":
        raise DataError("data.labels_type", field="data.path", name=name, dtype=str(y.dtype))
    wrong = ~((y >= 0) & (y == np.floor(y)) & np.isfinite(y))
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            "data.labels_range", field="data.path", name=name, n=int(wrong.sum()), first=first, value=str(y[first])
        )
    return y.astype(np.int64)


def _whites(images: Mapping[str, np.ndarray]) -> dict[str, int]:
    """The value that stands for white in each array, 1 or 255, after checking that all values fit."""
    highest = {name: _highest(name, pixels) for name, pixels in images.items() if pixels.size}
    floats = [high for name, high in highest.items() if images[name].dtype.kind == "f"]
    float_white = 1 if max(floats, default=0) <= 1 else 255
    by_kind = {"b": 1, "f": float_white}
    return {name: by_kind.get(pixels.dtype.kind, 255) for name, pixels in images.items()}


def _highest(name: str, pixels: np.ndarray) -> float:
    if pixels.dtype.kind == "f" and not (finite := np.isfinite(pixels).all(axis=(1, 2, 3))).all():
        raise DataError(
            "data.npz_nan", field="data.path", name=name, n=int((~finite).sum()), first=int(finite.argmin())
        )
    low, high = pixels.min(), pixels.max()
    if low < 0 or high > 255:
        raise DataError("data.npz_range", field="data.path", name=name, low=float(low), high=float(high))
    return float(high)


def _to_uint8(picture: np.ndarray, white: int) -> np.ndarray:
    if picture.dtype == np.uint8:
        return picture
    return np.rint(picture * (255 / white)).astype(np.uint8)
