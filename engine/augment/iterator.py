"""What all iterators over pictures share: which sample comes when, and keeping one's place.

Order and augmentation depend on the seed and the number of the pass alone, so any thread may read any batch. Where the
pictures come from is the business of `flow` (arrays), `directory` and `dataframe` (files).
"""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from collections.abc import Generator
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from engine.augment.arguments import CHECKS, check_count, check_path, check_seed, is_one_of
from engine.augment.mapped import read_ahead
from engine.errors import DataError, SpecError

if TYPE_CHECKING:
    from engine.augment.generator import ImageDataGenerator

SUBSETS = ("training", "validation")


def order(n: int, seed: int, batches_so_far: int, shuffle: bool = True, dtype: Any = np.int64) -> np.ndarray:
    """The order of samples in one pass.

    Parameters
    ----------
    n : int
        Number of samples.
    seed : int
        Below 2**32.
    batches_so_far : int
        How many batches all earlier passes gave.
    shuffle : bool
        False = ascending.
    dtype : dtype
        Of the result; does not change the order.

    Returns
    -------
    np.ndarray
        (n,), a permutation of 0..n-1.

    Notes
    -----
    Keras' formula: the permutation that numpy's `RandomState`, seeded with seed + batches so far, gives first.
    """
    samples = np.arange(n, dtype=dtype)
    if shuffle:
        np.random.RandomState((seed + batches_so_far) % 2**32).shuffle(samples)  # permutation() would copy
    return samples


class Iterator:
    """Batches of n samples, in Keras' order.

    Read it as an endless iterator (`next`), or by number: ``flow[k]`` is batch k of the current pass, and
    `on_epoch_end` begins the next one. `batch_indices` and `load` read any batch of any pass, from any thread. It is a
    map-style data set of batches for PyTorch: ``DataLoader(flow, batch_size=None)``.

    Parameters
    ----------
    n : int
        Number of samples.
    batch_size : int
        Samples per batch; the last batch of a pass may be smaller.
    shuffle : bool
        Whether each pass has its own random order.
    seed : int or None
        Decides order and transforms. None = a fresh one, to be read from the attribute `seed`.
    first : int
        Index of the first sample.

    Attributes
    ----------
    pass_ : int
        Number of the current pass, from 0.
    in_memory : bool
        Whether a batch is nothing but rows of the arrays `x`, `y` and `sample_weight`, the first transformed.
    """

    in_memory = False

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, first: int = 0) -> None:
        self.n = n
        self.batch_size = check_count("batch_size", batch_size) if n else batch_size  # nothing has no batches
        self.shuffle = bool(shuffle)
        self.seed = secrets.randbits(31) if seed is None else check_seed(seed)
        self.pass_ = 0
        self._first = first
        self._next = 0
        self._orders: dict[int, np.ndarray] = {}
        self._new_lock()

    def load(self, pass_: int, indices: np.ndarray) -> Any:
        """Read samples as they are in a pass. Each subclass has its own way.

        Parameters
        ----------
        pass_ : int
            Number of the pass, from 0; decides the transforms.
        indices : np.ndarray
            (n,) int64, as `batch_indices` gives them.
        """
        raise NotImplementedError

    def known(self) -> tuple[Any, ...] | None:
        """All that a batch is made of, (x, y, sample_weight) without what is missing; None if it must be read first."""
        return None

    def __len__(self) -> int:
        """Number of batches in a pass."""
        return -(-self.n // self.batch_size) if self.n else 0

    def __getitem__(self, k: int) -> Any:
        """Batch k of the current pass: x, (x, y) or (x, y, sample_weight)."""
        return self.load(self.pass_, self.batch_indices(self.pass_, k))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if self.n == 0:
            raise DataError("augment.nothing_to_read")
        pass_, k = self._advance()
        return self.load(pass_, self.batch_indices(pass_, k))

    @property
    def index_generator(self) -> Generator[np.ndarray, None, None]:
        """The samples of batch after batch, without end, from the place where `next` is; empty arrays if n is 0."""
        while True:
            yield self.batch_indices(*self._advance()) if self.n else np.zeros(0, np.int64)

    def __getstate__(self) -> dict[str, Any]:
        """For loaders that work in processes: a lock cannot travel."""
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._new_lock()

    def _new_lock(self) -> None:
        self._lock = threading.RLock()
        _ALIVE.add(self)

    def next(self) -> Any:
        """The next batch, as ``next(flow)``."""
        return next(self)

    def reset(self) -> None:
        """Let `next` begin a new pass; it does nothing before the first batch of one."""
        with self._lock:
            if self._next:
                self._begin_pass()

    def on_epoch_end(self) -> None:
        """Begin a new pass, with a new order if the iterator shuffles."""
        with self._lock:
            self._begin_pass()

    def batch_indices(self, pass_: int, k: int) -> np.ndarray:
        """The samples of batch k of a pass.

        Parameters
        ----------
        pass_ : int
            Number of the pass, from 0.
        k : int
            Number of the batch, in [0, len).

        Returns
        -------
        np.ndarray
            (batch_size,) int64 or less.

        Raises
        ------
        SpecError
            If a pass has no batch k.
        """
        if not isinstance(k, Integral) or not 0 <= k < len(self):
            raise SpecError("augment.no_such_batch", last=len(self) - 1, value=repr(k))
        start, end = k * self.batch_size, min((k + 1) * self.batch_size, self.n)
        if not self.shuffle:
            return np.arange(self._first + start, self._first + end)
        return self._first + self._order(pass_)[start:end].astype(np.int64)

    def _advance(self) -> tuple[int, int]:
        """Pass and number of the batch that is next, which is then taken."""
        with self._lock:
            if self._next == len(self):
                self._begin_pass()
            self._next += 1
            return self.pass_, self._next - 1

    def _begin_pass(self) -> None:
        self.pass_ += 1
        self._next = 0

    def _order(self, pass_: int) -> np.ndarray:
        """(n,) the order of a pass; two are kept, since workers may read the end of one and already the next."""
        with self._lock:
            kept = self._orders.get(pass_)
            if kept is None:
                self._orders = dict(list(self._orders.items())[-1:])
                dtype = np.int32 if self.n < 2**31 else np.int64  # half the memory, the same order
                kept = self._orders[pass_] = order(self.n, self.seed, pass_ * len(self), dtype=dtype)
            return kept


_ALIVE: weakref.WeakSet[Iterator] = weakref.WeakSet()


def _renew_locks() -> None:
    """In a forked process: a lock that another thread held would stay held, for that thread is not there."""
    for iterator in list(_ALIVE):
        iterator._new_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


class PictureIterator(Iterator):
    """An iterator whose pictures an `ImageDataGenerator` transforms, wherever they come from.

    Parameters
    ----------
    n, batch_size, shuffle, seed, first
        As for `Iterator`.
    generator : ImageDataGenerator
        What happens to the pictures.
    subset : {"training", "validation"} or None
        Pictures of the validation are standardized, never transformed.
    save_to_dir, save_prefix, save_format
        As for `Saving`, whose folder may be None.
    dtype : str or np.dtype, optional
        Type of the pictures; None = the generator's.
    """

    def __init__(
        self,
        n: int,
        generator: ImageDataGenerator,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        subset: str | None,
        save_to_dir: str | Path | None,
        save_prefix: str,
        save_format: str,
        dtype: Any,
        first: int = 0,
    ) -> None:
        super().__init__(n, batch_size, shuffle, seed, first)
        self.generator = generator
        self.dtype = np.dtype(CHECKS["dtype"]("dtype", dtype) or generator.dtype)
        self.subset = subset
        self.saving = None if save_to_dir is None else Saving(save_to_dir, save_prefix, save_format)

    def _transformed(self, images: np.ndarray, rows: np.ndarray, samples: np.ndarray, pass_: int) -> np.ndarray:
        """Some rows of `images`, as the pictures that they are of a pass: their samples' numbers decide."""
        read_ahead(images, rows)
        if self.subset == "validation":
            batch = self.generator.standardized(images, rows)
        else:
            batch = self.generator.augment(images, rows, self.seed, pass_, samples=samples)
        if self.saving is not None:
            self.saving(batch, samples, self.seed, pass_, self.generator.data_format)
        return batch.astype(self.dtype, copy=False)


class Saving:
    """Writes augmented pictures as files, for people to look at.

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist.
    prefix : str
        Begins each name. Then follow the sample's index, and seed and pass.
    format_ : str
        Ending, which also decides the kind of file: png, jpeg, jpg, bmp, ppm, tif, webp.
    """

    def __init__(self, folder: str | Path, prefix: str, format_: str) -> None:
        from engine.augment.pictures import check_format  # imports Pillow, which nobody else needs

        self.folder = Path(check_path("save_to_dir", folder))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError("augment.not_saved", name=str(folder), reason=str(error)) from error
        self.prefix = prefix
        self.format = format_
        check_format(format_)

    def __call__(self, batch: np.ndarray, indices: np.ndarray, seed: int, pass_: int, data_format: str) -> None:
        """Write each picture, its own smallest value black and its largest white."""
        from engine.augment.pictures import save_img

        for picture, index in zip(batch, indices, strict=True):
            name = f"{self.prefix}_{index}_{seed}-{pass_}.{self.format}"
            save_img(self.folder / name, picture, data_format=data_format)


def check_subset(subset: str | None) -> str | None:
    """Return the name of a subset or None, else raise SpecError."""
    if subset is not None and not is_one_of(subset, SUBSETS):
        raise SpecError("augment.unknown_subset", field="augment.subset", value=repr(subset))
    return subset


def bounds(n: int, split: float, subset: str | None) -> tuple[int, int]:
    """First, and one past the last, of n samples in a subset: the validation is the first int(n * split)."""
    cut = int(n * split)
    return {None: (0, n), "validation": (0, cut), "training": (cut, n)}[subset]
