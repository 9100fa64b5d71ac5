"""The prepared form of a data set on disk: every picture at one size in one file, read back without copying.

A prepared set is a folder named by a key of everything that decides its pixels. It holds ``images.npy``, ``rows.npz``
(label, size and given part of each picture) and, written last, ``index.json``: the set is complete if and only if that
file is there. Which process may write, and when, is decided in `engine.data.prepare`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np

from engine import catalog, paths
from engine.data.decode import is_gray, resize, to_channels
from engine.data.source import LeftOut, Pictures, Source, UnusablePicture
from engine.errors import DataError
from engine.spec import DataSpec

IMAGES = "images.npy"
ROWS = "rows.npz"
INDEX = "index.json"

_VERSION = 1  # counted up when the same settings would give other pixels
_KEEP_BYTES = 8 * 2**30  # beyond this, sets that have not been used for longest are removed
_CHUNK = 64  # pictures per task of the thread pool
_N_THREADS = min(8, os.cpu_count() or 1)

# The automatic size: pictures of one common size up to the first number keep it, others get the second.
_AUTO_KEEP, _AUTO_SIDE = 128, 96

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Layout(NamedTuple):
    """Shape of every picture in a prepared set."""

    height: int
    width: int
    n_channels: int


class _OtherLayout(Exception):
    """A picture shows that the automatic layout, guessed from the first picture, must be another."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout


@dataclass
class _Stored:
    """What is known of the pictures written so far; `kept` are their indices in the source."""

    layout: Layout
    kept: list[int] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)  # (width, height) before resizing
    left_out: list[LeftOut] = field(default_factory=list)
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))


def open_source(spec: DataSpec) -> Source:
    """The source that the catalog names for `spec.source`."""
    return catalog.SOURCES[spec.source].load()(spec)


def folder(spec: DataSpec) -> Path:
    """Where the prepared form of this data lies, or would lie.

    Raises
    ------
    DataError
        If there is nothing at `spec.path`.
    """
    facts = [_VERSION, spec.source, spec.image_size, spec.color, open_source(spec).identity()]
    return paths.home_dir("data") / digest(json.dumps(facts).encode())


def digest(content: bytes) -> str:
    """A short hash."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def write(spec: DataSpec, target: Path, report: Callable[[int, int], None]) -> None:
    """Read all pictures, bring them to one size and write them into the folder `target`.

    Parameters
    ----------
    spec : DataSpec
    target : Path
        An existing folder.
    report : callable
        Called again and again with the number of pictures done and of all.

    Raises
    ------
    DataError
        If the data cannot be used as a whole: no picture, one class, not enough room.
    OSError
        If writing fails.
    """
    source = open_source(spec)
    files = digest(source.identity().encode())
    pictures = source.pictures()
    images = target / f"{IMAGES}.part"
    stored = _store(pictures, spec, images, report)
    source.identity()  # raises if the folder or file is gone, which left out all the rest
    rows, index = _describe(pictures, stored)
    images.replace(target / IMAGES)
    np.savez(target / ROWS, **rows)
    write_json(target / INDEX, {**index, "files": files})


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file so that readers see either the old content or the new."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(json.dumps(value))
    unfinished.replace(path)


def prune(keep: Path) -> None:
    """Remove prepared sets not used for longest while all together are too large; `keep` stays."""
    sets = sorted((index.stat().st_mtime, index.parent) for index in keep.parent.glob(f"*/{INDEX}"))
    sizes = {path: (path / IMAGES).stat().st_size for _, path in sets}
    total = sum(sizes.values())
    for _, path in sets:
        if total > _KEEP_BYTES and path != keep:
            total -= sizes[path]
            remove(path)


def remove(target: Path) -> None:
    """Delete a prepared set; a process that has it open keeps its view."""
    (target / INDEX).unlink(missing_ok=True)  # first, so that it is never taken for complete
    shutil.rmtree(target, ignore_errors=True)


def _store(pictures: Pictures, spec: DataSpec, file: Path, report: Callable[[int, int], None]) -> _Stored:
    """Write all pictures; starts again, at most twice, when the first picture was not like the others."""
    layout = _first_layout(pictures, spec)
    while True:
        try:
            return _store_as(layout, pictures, spec, file, report)
        except _OtherLayout as other:
            layout = other.layout


def _first_layout(pictures: Pictures, spec: DataSpec) -> Layout:
    """The layout if all pictures are like the first one that can be read."""
    for i in range(len(pictures.names)):
        (image,) = pictures.read(np.array([i]))
        if not isinstance(image, UnusablePicture):
            break
    else:
        return Layout(_AUTO_SIDE, _AUTO_SIDE, 3)  # nothing will be written
    height, width = image.shape[:2]
    if spec.image_size:
        height = width = spec.image_size
    elif max(height, width) > _AUTO_KEEP:
        height = width = _AUTO_SIDE
    n_channels = {"rgb": 3, "grayscale": 1}.get(spec.color) or (1 if is_gray(image) else 3)
    return Layout(height, width, n_channels)


def _store_as(
    layout: Layout, pictures: Pictures, spec: DataSpec, file: Path, report: Callable[[int, int], None]
) -> _Stored:
    stored = _Stored(layout)
    n = len(pictures.names)
    _check_room(file.parent, n * layout.height * layout.width * layout.n_channels)

    def prepare(indices: np.ndarray) -> tuple[np.ndarray, list[tuple[np.ndarray, Any] | UnusablePicture]]:
        return indices, [_fit(image, layout, spec) for image in pictures.read(indices)]

    chunks = (np.arange(start, min(start + _CHUNK, n)) for start in range(0, n, _CHUNK))
    # Written one after the other, not into a memory map: a full disk is then an error, and not the end of the process.
    with file.open("wb") as out, ThreadPoolExecutor(_N_THREADS) as pool:
        _write_header(out, layout, 0)
        for indices, results in _in_order(pool, prepare, chunks):
            for i, result in zip(indices.tolist(), results, strict=True):
                _add(stored, out, i, pictures.names[i], result)
            report(int(indices[-1]) + 1, n)
        out.seek(0)
        _write_header(out, layout, len(stored.kept))
    return stored


def _add(stored: _Stored, out: BinaryIO, i: int, name: str, result: tuple[np.ndarray, Any] | UnusablePicture) -> None:
    if isinstance(result, UnusablePicture):
        stored.left_out.append(LeftOut(name, result.key, result.params))
        return
    image, size = result
    pixels = image.tobytes()
    out.write(pixels)
    stored.digest.update(pixels)
    stored.kept.append(i)
    stored.sizes.append(size)


def _fit(
    image: np.ndarray | UnusablePicture, layout: Layout, spec: DataSpec
) -> tuple[np.ndarray, tuple[int, int]] | UnusablePicture:
    """The picture in the given layout, and its own (width, height)."""
    if isinstance(image, UnusablePicture):
        return image
    height, width = image.shape[:2]
    automatic = (_AUTO_SIDE, _AUTO_SIDE)
    if not spec.image_size and (height, width) != layout[:2] and layout[:2] != automatic:
        raise _OtherLayout(layout._replace(height=_AUTO_SIDE, width=_AUTO_SIDE))
    if image.shape[2] == 4:
        image = to_channels(image, 3)
    image = resize(image, layout[:2])
    if spec.color == "auto" and layout.n_channels == 1 and not is_gray(image):
        raise _OtherLayout(layout._replace(n_channels=3))
    return to_channels(image, layout.n_channels), (width, height)


def _in_order(
    pool: ThreadPoolExecutor, function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """Like ``pool.map``, but only a few results wait at a time, however large they are."""
    waiting: deque[Future[_Result]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > 2 * _N_THREADS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _write_header(out: BinaryIO, layout: Layout, n: int) -> None:
    """The npy header; numpy leaves room in it for the first number to grow, so it can be written over."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (n, *layout)}
    np.lib.format.write_array_header_1_0(out, header)


def _check_room(target: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(target).free
    if n_bytes > free:
        raise DataError("data.disk_full", path=str(target), need_mb=n_bytes / 2**20, free_mb=free / 2**20)


def _describe(pictures: Pictures, stored: _Stored) -> tuple[dict[str, Any], dict[str, Any]]:
    """All but the pixels: arrays with one row per picture, and JSON. Classes without a usable picture are named."""
    left_out = [*pictures.left_out, *stored.left_out]
    labels = pictures.labels[stored.kept]
    used, labels = np.unique(labels, return_inverse=True)
    empty = [name for label, name in enumerate(pictures.class_names) if label not in set(used.tolist())]
    left_out += [LeftOut(f"{name}/", "empty_class") for name in empty]
    class_names = [pictures.class_names[label] for label in used]
    _check_classes(class_names, len(stored.kept), left_out)
    labels = labels.astype(np.int64)
    stored.digest.update(labels.tobytes() + json.dumps([class_names, stored.layout]).encode())
    rows = {
        "labels": labels,
        "sizes": np.array(stored.sizes, dtype=np.int32),
        "part_of": pictures.part_of[stored.kept],
    }
    index = {
        "class_names": class_names,
        "names": [pictures.names[i] for i in stored.kept],
        "left_out": [item.to_json() for item in left_out],
        "fingerprint": stored.digest.hexdigest(),
    }
    return rows, index


def _check_classes(class_names: list[str], n: int, left_out: list[LeftOut]) -> None:
    if not n and not left_out:
        raise DataError("data.nothing_there", field="data.path")
    if not n:
        examples = ", ".join(item.name for item in left_out[:3]) or "-"
        raise DataError("data.no_pictures", field="data.path", n=len(left_out), examples=examples)
    if len(class_names) == 1:
        raise DataError("data.one_class", field="data.path", n=n, name=class_names[0])
