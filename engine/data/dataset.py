"""A prepared data set as pages and training use it. Reads the cache; how it comes about is `engine.data.prepare`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data import cache, prepare
from engine.data.decode import to_channels
from engine.data.source import PARTS, LeftOut, UnusablePicture
from engine.data.split import split
from engine.errors import DataError
from engine.spec import DataSpec


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures of one size with their labels, split into train, validation and test.

    Parameters
    ----------
    spec : DataSpec
        What it was made from.
    images : array of uint8, shape (n, height, width, 1 or 3)
        A read-only view of the file; rows are read when they are used.
    labels : array of int64, shape (n,)
        Indices into `class_names`.
    class_names : tuple of str
    names : sequence of str
        Path of each picture inside its source, such as ``"train/cats/7.jpg"`` or ``"shapes/000007"``.
    sizes : array of int32, shape (n, 2)
        Width and height of each picture before it was resized.
    parts : dict of array of int64
        Ascending indices for "train", "validation" and "test"; test may be empty.
    left_out : tuple of LeftOut
        Files that are not used, each with the reason.
    manifest : dict
        What the data is, in JSON: see `_manifest`.
    """

    spec: DataSpec
    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    names: Sequence[str]
    sizes: np.ndarray
    parts: dict[str, np.ndarray]
    left_out: tuple[LeftOut, ...]
    manifest: dict[str, Any]

    def part(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Images (n, height, width, c) and labels (n,) of one part, copied into memory."""
        indices = self.parts[name]
        return np.asarray(self.images[indices]), self.labels[indices]

    def original(self, index: int) -> np.ndarray:
        """One picture in its full size, uint8 (height, width, 3), read from its source again.

        Raises
        ------
        DataError
            If it cannot be read any more.
        """
        try:
            image = cache.open_source(self.spec).original(self.names[index])
        except UnusablePicture as problem:
            raise DataError("data.picture_gone", name=self.names[index]) from problem
        return to_channels(np.asarray(self.images[index]), 3) if image is None else image


def load_data(spec: DataSpec) -> Dataset:
    """The data set that `spec` describes; prepared in this process if it is not in the cache yet.

    Raises
    ------
    DataError
        If the data is missing or cannot be used.
    """
    folder = prepare.ensure(spec)
    try:
        return _read(folder, spec)
    except DataError:
        raise
    except (OSError, ValueError, KeyError):
        cache.remove(folder)  # somebody tidied up or cut a file short: once more from the source
        return _read(prepare.ensure(spec), spec)


def _read(folder: Path, spec: DataSpec) -> Dataset:
    index = json.loads((folder / cache.INDEX).read_text())
    os.utime(folder / cache.INDEX)  # what was used last is pruned last
    images = np.load(folder / cache.IMAGES, mmap_mode="r", allow_pickle=False)
    with np.load(folder / cache.ROWS, allow_pickle=False) as rows:
        labels, sizes, part_of = rows["labels"], rows["sizes"], rows["part_of"]
    given = {name: np.flatnonzero(part_of == code) for code, name in enumerate(PARTS)}
    parts = split(labels, given, spec)
    return Dataset(
        spec=spec,
        images=images,
        labels=labels,
        class_names=tuple(index["class_names"]),
        names=tuple(index["names"]),
        sizes=sizes,
        parts=parts,
        left_out=tuple(LeftOut(**item) for item in index["left_out"]),
        manifest=_manifest(spec, images, labels, parts, index),
    )


def _manifest(
    spec: DataSpec, images: np.ndarray, labels: np.ndarray, parts: dict[str, np.ndarray], index: dict[str, Any]
) -> dict[str, Any]:
    """Facts by which a run knows its data again.

    `fingerprint` is equal if and only if pixels, labels and class names are; `files` changes when a file of the source
    was touched; `parts` changes when a picture moved to another part.
    """
    n, height, width, n_channels = images.shape
    class_names = index["class_names"]
    counts = {name: np.bincount(labels[part], minlength=len(class_names)).tolist() for name, part in parts.items()}
    return {
        "source": spec.source,
        "path": spec.path,
        "n": n,
        "height": height,
        "width": width,
        "channels": n_channels,
        "class_names": class_names,
        "counts": counts,
        "left_out": len(index["left_out"]),
        "fingerprint": index["fingerprint"],
        "files": index["files"],
        "parts": cache.digest(b"".join(len(part).to_bytes(8, "little") + part.tobytes() for part in parts.values())),
    }
