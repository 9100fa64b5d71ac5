"""Batches over arrays: in memory, or memory-mapped files far larger than it.

What happens to pixels is the generator's business, the order of samples that of `iterator`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.augment.files import settle_generator
from engine.augment.iterator import PictureIterator, bounds, check_subset, order
from engine.augment.mapped import check_whole, is_mapped, take
from engine.augment.pixels import check_batch
from engine.errors import DataError

if TYPE_CHECKING:
    from engine.augment.generator import ImageDataGenerator

__all__ = ["NumpyArrayIterator", "order"]


class NumpyArrayIterator(PictureIterator):
    """Batches of a generator's pictures; made by `ImageDataGenerator.flow`. See `Iterator` for how to read it.

    Parameters
    ----------
    x : array_like, or (array_like, array_like or list of array_like)
        (N, H, W, C) or (N, C, H, W): the pictures. A C-contiguous array is not copied, nor is a memory-mapped one. A
        pair also has other arrays of N rows, which are passed along: x of a batch is then a list.
    y : array_like, optional
        (N, ...): labels, passed along.
    image_data_generator : ImageDataGenerator or None
        What happens to the pictures; None = nothing.
    batch_size : int
        Pictures per batch; the last batch of a pass may be smaller.
    shuffle : bool
        Whether each pass has its own random order.
    sample_weight : array_like, optional
        (N,): passed along. Needs `y`.
    seed : int, optional
        Decides order and transforms. None = a fresh one, to be read from the attribute `seed`.
    data_format : {"channels_last", "channels_first"}, optional
        None = the generator's.
    save_to_dir : str or Path, optional
        Folder for a copy of every picture made, for people to look at: each stretched from black to white.
    save_prefix, save_format : str
        How the copies' names begin, and their kind: ``"png"``, ``"jpeg"``, ...
    subset : {"training", "validation"}, optional
        With the generator's `validation_split` v: "validation" is the first int(N * v) pictures, "training" the rest.
    ignore_class_split : bool
        Whether to accept that a subset lacks classes which the other has.
    dtype : str or np.dtype, optional
        Type of the pictures; None = the generator's.

    Attributes
    ----------
    x, y, sample_weight : np.ndarray or None
        The whole data, whatever the subset. Sample indices count in it.
    others : list of np.ndarray
        What is passed along beside the pictures.
    n : int
        Number of samples in the subset.

    Raises
    ------
    DataError
        If pictures, labels and weights do not fit together, a subset is empty or lacks classes, or a pixel of an array
        in memory is NaN or infinite.
    SpecError
        If another argument is out of range.

    Notes
    -----
    Unlike Keras, validation pictures are standardized but never transformed, weights are cut along with the subset,
    and numpy's global random numbers are left alone.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: ImageDataGenerator | None,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | Path | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:
        generator = settle_generator(image_data_generator, data_format)
        images, others = _split_pair(x)
        self.x = check_batch(images)
        self.others = [self._alongside("x", values) for values in others]
        self.y = None if y is None else self._alongside("y", y)
        self.sample_weight = None if sample_weight is None else self._alongside("sample_weight", sample_weight)
        if sample_weight is not None and y is None:
            raise DataError("augment.weights_without_labels")
        if self.sample_weight is not None and self.sample_weight.dtype.kind not in "uifb":
            raise DataError("augment.not_weights", received=str(self.sample_weight.dtype))
        first, last = bounds(len(self.x), generator.validation_split, check_subset(subset))
        if subset is not None:
            self._check_cut(last if subset == "validation" else first, generator, ignore_class_split)
        super().__init__(
            last - first,
            generator,
            batch_size,
            shuffle,
            seed,
            subset,
            save_to_dir,
            save_prefix,
            save_format,
            dtype,
            first=first,
        )
        self.in_memory = not self.others and self.saving is None and self.dtype == generator.dtype

    def known(self) -> tuple[Any, ...] | None:
        """Pictures, labels and weights, with zeros for floats in a file, too many to read. None beside other arrays."""
        if self.others:
            return None
        is_unread = self.x.dtype.kind == "f" and is_mapped(self.x)
        x = np.broadcast_to(np.uint8(0), self.x.shape) if is_unread else self.x
        return tuple(values for values in (x, self.y, self.sample_weight) if values is not None)

    def load(self, pass_: int, indices: np.ndarray) -> Any:
        """Read samples as they are in a pass.

        Parameters
        ----------
        pass_ : int
            Number of the pass, from 0; decides the transforms.
        indices : np.ndarray
            (n,) int64, positions in `x`.

        Returns
        -------
        np.ndarray or tuple
            x (n, H, W, C) of `dtype`, or a list of it and the other arrays' rows; (x, y),
            (x, y, sample_weight) where these were given.

        Raises
        ------
        DataError
            If a memory-mapped file has become shorter.
        """
        images = self._transformed(self.x, indices, indices, pass_)
        inputs = [images, *(take(values, indices) for values in self.others)] if self.others else images
        if self.y is None:
            return inputs
        if self.sample_weight is None:
            return inputs, take(self.y, indices)
        return inputs, take(self.y, indices), take(self.sample_weight, indices)

    def _alongside(self, name: str, values: Any) -> np.ndarray:
        try:
            array = np.asarray(values)
        except ValueError:
            raise DataError("augment.ragged_rows", name=name) from None
        if array.ndim == 0 or len(array) != len(self.x):
            received = "one value" if array.ndim == 0 else str(len(array))
            raise DataError("augment.length_differs", name=name, n=len(self.x), received=received)
        check_whole(array)
        return array

    def _check_cut(self, cut: int, generator: ImageDataGenerator, ignore_class_split: bool) -> None:
        """Refuse a cut before picture `cut` that leaves a side without pictures, or without a class."""
        n = len(self.x)
        if not 0 < cut < n:
            raise DataError("augment.empty_subset", n=n, split=generator.validation_split)
        if self.y is not None and not ignore_class_split:
            different = _distinct(self.y[:cut]) ^ _distinct(self.y[cut:])
            if different:
                raise DataError("augment.classes_differ", classes=", ".join(map(str, sorted(different)[:10])))


def _distinct(values: np.ndarray) -> set[Any]:
    """The different values of an array; those of objects, which may neither compare nor hash, as they are written."""
    return set(map(repr, values.ravel())) if values.dtype == object else set(np.unique(values).tolist())


def _split_pair(x: Any) -> tuple[Any, list[Any]]:
    """Pictures, and the other arrays of a pair. A list is a pair only if it begins with a whole batch of pictures."""
    is_pair = isinstance(x, tuple | list) and len(x) == 2
    if not is_pair or (isinstance(x, list) and np.ndim(x[0]) != 4):
        return x, []
    images, others = x
    return images, list(others) if isinstance(others, tuple | list) else [others]
