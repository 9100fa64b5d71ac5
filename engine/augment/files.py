"""What iterators over picture files share: reading a batch, its targets, and what is known before a file is read.

Which files there are, and of what class, is the business of `directory` and `dataframe`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.augment.arguments import is_one_of
from engine.augment.cache import PixelCache, cache_for
from engine.augment.iterator import PictureIterator, check_subset
from engine.augment.names import Names
from engine.augment.pictures import CHANNELS, check_color_mode, check_interpolation, check_size, read_pixels
from engine.augment.threads import for_each
from engine.errors import SpecError, SpecTypeError

if TYPE_CHECKING:
    from engine.augment.generator import ImageDataGenerator

EXTENSIONS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff", "webp")
"""Endings of picture files, in any case. Keras has no webp; a gif counts as no picture, as there."""


def has_ending(name: str, extensions: Sequence[str] = EXTENSIONS) -> bool:
    """Whether a file's name ends in one of some extensions, in any case."""
    return name.lower().endswith(tuple(f".{extension}" for extension in extensions))


def validate_filename(filename: str, white_list_formats: Sequence[str] = EXTENSIONS) -> bool:
    """Whether there is such a file, and its name ends in one of some extensions, in any case."""
    return has_ending(filename, white_list_formats) and os.path.isfile(filename)


def check_class_mode(value: Any, allowed: tuple[str, ...]) -> str | None:
    """Return a class mode or None, else raise SpecError."""
    if value is not None and not is_one_of(value, allowed):
        names = ", ".join(map(repr, allowed))
        raise SpecError("augment.unknown_class_mode", field="augment.class_mode", names=names, value=repr(value))
    return value


def check_class_names(value: Any, types: Any = str) -> list[Any]:
    """Return names of classes, of some types, as a list, empty for None, else raise SpecError."""
    if value is None:
        return []
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(value, list | tuple) or not all(isinstance(name, types) for name in value):
        raise SpecError("augment.not_class_names", field="augment.classes", value=repr(value))
    return list(value)


def settle_generator(generator: ImageDataGenerator | None, data_format: str | None) -> ImageDataGenerator:
    """The generator of an iterator: a neutral one for None, else itself; its data format must not be contradicted."""
    from engine.augment.generator import ImageDataGenerator  # which imports the iterators

    if generator is None:
        return ImageDataGenerator(data_format=data_format)
    if not isinstance(generator, ImageDataGenerator):
        raise SpecTypeError("augment.not_a_generator", value=repr(generator))
    if data_format not in (None, generator.data_format):
        raise SpecError("augment.two_data_formats", expected=generator.data_format, value=repr(data_format))
    return generator


def check_subset_of(generator: ImageDataGenerator, subset: Any) -> None:
    """Refuse a subset that does not exist, or any where the generator has no `validation_split`."""
    if check_subset(subset) is not None and not generator.validation_split:
        raise SpecError("augment.no_split", field="augment.validation_split", value=repr(subset))


@dataclass(frozen=True)
class PictureReader:
    """Reads picture files as arrays of one shape. Parameters as in `load_img`; (H, W) = `target_size`.

    Raises
    ------
    SpecError
        If a parameter is unknown.
    """

    target_size: tuple[int, int]
    color_mode: str
    interpolation: str
    keep_aspect_ratio: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "target_size", check_size(self.target_size))
        check_color_mode(self.color_mode)
        check_interpolation(self.interpolation)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a picture: (H, W, C)."""
        return (*self.target_size, CHANNELS[self.color_mode])

    def __call__(self, paths: list[str]) -> np.ndarray:
        """(n, H, W, C) uint8; DataError, naming the file, where one is gone or damaged."""
        batch = np.empty((len(paths), *self.shape), np.uint8)

        def read(row: int) -> None:
            batch[row] = read_pixels(
                paths[row], self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio
            )

        for_each(read, len(paths))
        return batch


class FileIterator(PictureIterator):
    """Batches of pictures from files, whose pixels are kept where there is room. See `Iterator` for how to read it.

    Parameters
    ----------
    filenames : Names
        The files, in the order of the samples.
    directory : str
        Where they lie.
    reader : PictureReader
        How they become pictures.
    class_mode : str or None
        What comes with the pictures: "categorical" one row of zeros and ones per picture, "binary" and "sparse" the
        number of its class, "input" the pictures again, "raw" and "multi_output" `columns`, None nothing.
    generator : ImageDataGenerator
        What happens to the pictures.
    batch_size, shuffle, seed, save_to_dir, save_prefix, save_format, subset
        As for `PictureIterator`.
    dtype : str or np.dtype, optional
        Type of pictures and classes in a batch; None = the generator's.
    classes : np.ndarray or list, optional
        (n,) int32: the classes' numbers; or n lists of them.
    class_indices : dict, optional
        The number of each class.
    columns : np.ndarray or list of np.ndarray, optional
        (n, ...): targets that are passed along.
    sample_weight : np.ndarray, optional
        (n,).

    Attributes
    ----------
    samples, n : int
        Number of files.
    filenames, filepaths : Names
        Without and with the directory, in the order of the samples, whatever the shuffle.
    labels
        `classes`, or `columns` in the modes that have them.
    num_classes : int
        Number of classes, also of those without pictures.
    image_shape : tuple of int
        Shape of one picture in a batch.
    """

    def __init__(
        self,
        filenames: Names,
        directory: str,
        reader: PictureReader,
        class_mode: str | None,
        generator: ImageDataGenerator,
        *,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        save_to_dir: str | Path | None,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        dtype: Any,
        classes: Any = None,
        class_indices: dict[Any, int] | None = None,
        columns: Any = None,
        sample_weight: np.ndarray | None = None,
    ) -> None:
        super().__init__(
            len(filenames), generator, batch_size, shuffle, seed, subset, save_to_dir, save_prefix, save_format, dtype
        )
        self.directory = directory
        self.filenames = filenames
        self.filepaths = filenames.inside(directory)
        self.reader = reader
        self.class_mode = class_mode
        self.classes = classes
        self.class_indices = class_indices or {}
        self.labels = classes if columns is None else columns
        self.sample_weight = sample_weight
        self._cache = cache_for(self.n, reader.shape)

    def __getstate__(self) -> dict[str, Any]:
        """For loaders that work in processes: what is kept cannot travel, and is too much for each to keep anew."""
        return super().__getstate__() | {"_cache": None}

    @property
    def samples(self) -> int:
        """Number of files."""
        return self.n

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_indices)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one picture in a batch: (H, W, C) or (C, H, W)."""
        height, width, channels = self.reader.shape
        first = self.generator.data_format == "channels_first"
        return (channels, height, width) if first else (height, width, channels)

    def load(self, pass_: int, indices: np.ndarray) -> Any:
        """Read samples as they are in a pass.

        Parameters
        ----------
        pass_ : int
            Number of the pass, from 0; decides the transforms.
        indices : np.ndarray
            (n,) int64: which files.

        Returns
        -------
        np.ndarray or tuple
            x (n, H, W, C) of `dtype`, transformed and standardized; (x, y) or (x, y, sample_weight) where the class
            mode and the table give these.

        Raises
        ------
        DataError
            If a file is gone or damaged, naming it.
        """
        pixels, rows = self._pixels(indices)
        if self.generator.data_format == "channels_first":
            pixels = np.moveaxis(pixels, 3, 1)
        x = self._transformed(pixels, rows, indices, pass_)
        return self._with_targets(x, indices)

    def known(self) -> tuple[Any, ...] | None:
        """Targets and weights, without reading a file: zeros stand for the pictures, whose 8 bits are always finite.

        One row stands for all where targets are rows of zeros and ones. None where the pictures are the targets.
        """
        if self.class_mode == "input":
            return None
        indices = np.arange(min(self.n, 1) if self.class_mode == "categorical" else self.n)
        zeros = np.broadcast_to(np.uint8(0), (len(indices), *self.image_shape))
        item = self._with_targets(zeros, indices)
        return item if isinstance(item, tuple) else (item,)

    def _pixels(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An array of pictures (N, H, W, C), and which of its rows are those asked for."""
        paths = [self.filepaths[int(index)] for index in indices]
        cache: PixelCache | None = self._cache
        if cache is not None:
            try:
                cache.fill(indices, paths, self.reader)
                return cache.images, indices
            except OSError:  # the disk is full or fails, or a file may not be as large
                self._cache = None
        return self.reader(paths), np.arange(len(indices))

    def _with_targets(self, x: np.ndarray, indices: np.ndarray) -> Any:
        if self.class_mode is None:
            return x
        y = x.copy() if self.class_mode == "input" else self._targets(indices)
        return (x, y) if self.sample_weight is None else (x, y, self.sample_weight[indices])

    def _targets(self, indices: np.ndarray) -> Any:
        if self.class_mode == "multi_output":
            return [column[indices] for column in self.labels]
        if self.class_mode == "raw":
            return self.labels[indices]
        if self.class_mode != "categorical":
            return self.classes[indices].astype(self.dtype)
        rows = np.zeros((len(indices), self.num_classes), self.dtype)
        for row, index in zip(rows, indices, strict=True):
            row[self.classes[index]] = 1  # one class, or a list of them
        return rows
