"""Batches over arrays in memory: which sample comes when, and reading them.

Order and augmentation depend on the seed and the number of the pass alone, so any thread may read any batch. What
happens to pixels is the generator's business.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from engine.augment.arguments import check_count, check_seed
from engine.augment.pixels import check_batch
from engine.errors import DataError, SpecError

if TYPE_CHECKING:
    from engine.augment.generator import ImageDataGenerator


def order(n: int, seed: int, batches_so_far: int, shuffle: bool = True) -> np.ndarray:
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

    Returns
    -------
    np.ndarray
        (n,) int64, a permutation of 0..n-1.

    Notes
    -----
    Keras' formula: the permutation that numpy's `RandomState`, seeded with seed + batches so far, gives first.
    """
    if not shuffle:
        return np.arange(n)
    return np.random.RandomState((seed + batches_so_far) % 2**32).permutation(n)


class NumpyArrayIterator:
    """Batches of a generator's pictures; made by `ImageDataGenerator.flow`.

    Read it as an endless iterator (`next`), or by number: ``flow[k]`` is batch k of the current pass, and
    `on_epoch_end` begins the next one. `batch_indices` and `load` read any batch of any pass, from any thread.

    Parameters
    ----------
    generator : ImageDataGenerator
        What happens to the pictures.
    x : array_like
        (N, H, W, C) or (N, C, H, W): the pictures. A C-contiguous array is not copied.
    y : array_like, optional
        (N, ...): labels, passed along.
    batch_size : int
        Pictures per batch; the last batch of a pass may be smaller.
    shuffle : bool
        Whether each pass has its own random order.
    sample_weight : array_like, optional
        (N,): passed along. Needs `y`.
    seed : int, optional
        Decides order and transforms. None = a fresh one, to be read from the attribute `seed`.
    ignore_class_split : bool
        Whether to accept that a subset lacks classes which the other has.
    subset : {"training", "validation"}, optional
        With the generator's `validation_split` v: "validation" is the first int(N * v) pictures, "training" the rest.

    Attributes
    ----------
    x, y, sample_weight : np.ndarray or None
        The whole data, whatever the subset. Sample indices count in it.
    n : int
        Number of samples in the subset.
    pass_ : int
        Number of the current pass, from 0.

    Raises
    ------
    DataError
        If pictures, labels and weights do not fit together, or a subset is empty or lacks classes.
    SpecError
        If another argument is out of range.

    Notes
    -----
    Unlike Keras, validation pictures are standardized but never transformed, weights are cut along with the subset,
    and numpy's global random numbers are left alone.
    """

    def __init__(
        self,
        generator: ImageDataGenerator,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> None:
        self.generator = generator
        self.x = check_batch(x)
        self.y = self._alongside("y", y)
        self.sample_weight = self._alongside("sample_weight", sample_weight)
        if sample_weight is not None and y is None:
            raise DataError("augment.weights_without_labels")
        self.batch_size = check_count("batch_size", batch_size)
        self.shuffle = bool(shuffle)
        self.seed = secrets.randbits(31) if seed is None else check_seed(seed)
        self.subset = subset
        self._first, last = self._bounds(subset, ignore_class_split)
        self.n = last - self._first
        self.pass_ = 0
        self._next = 0
        self._orders: dict[int, np.ndarray] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Number of batches in a pass."""
        return -(-self.n // self.batch_size)

    def __getitem__(self, k: int) -> Any:
        """Batch k of the current pass: x, (x, y) or (x, y, sample_weight)."""
        return self.load(self.pass_, self.batch_indices(self.pass_, k))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        with self._lock:
            if self._next == len(self):
                self._begin_pass()
            pass_, k = self.pass_, self._next
            self._next += 1
        return self.load(pass_, self.batch_indices(pass_, k))

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
            (batch_size,) int64 or less, positions in `x`.

        Raises
        ------
        SpecError
            If a pass has no batch k.
        """
        if not 0 <= k < len(self):
            raise SpecError("augment.no_such_batch", last=len(self) - 1, value=k)
        return self._order(pass_)[k * self.batch_size : (k + 1) * self.batch_size]

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
        np.ndarray or tuple of np.ndarray
            x (n, H, W, C) of the generator's dtype; (x, y), (x, y, sample_weight) where these were given.
        """
        if self.subset == "validation":
            inputs = self.generator.standardized(self.x, indices)
        else:
            inputs = self.generator.augment(self.x, indices, self.seed, pass_)
        if self.y is None:
            return inputs
        if self.sample_weight is None:
            return inputs, self.y[indices]
        return inputs, self.y[indices], self.sample_weight[indices]

    def _begin_pass(self) -> None:
        self.pass_ += 1
        self._next = 0

    def _order(self, pass_: int) -> np.ndarray:
        """(n,) positions in `x`; two passes are kept, since workers may read the end of one and already the next."""
        kept = self._orders.get(pass_)
        if kept is None:
            kept = self._first + order(self.n, self.seed, pass_ * len(self), self.shuffle)
            self._orders = {**dict(list(self._orders.items())[-1:]), pass_: kept}
        return kept

    def _alongside(self, name: str, values: Any) -> np.ndarray | None:
        if values is None:
            return None
        array = np.asarray(values)
        if array.ndim == 0 or len(array) != len(self.x):
            received = "one value" if array.ndim == 0 else str(len(array))
            raise DataError("augment.length_differs", name=name, n=len(self.x), received=received)
        return array

    def _bounds(self, subset: str | None, ignore_class_split: bool) -> tuple[int, int]:
        """First and one past the last sample of the subset."""
        n, split = len(self.x), self.generator.validation_split
        if subset is None:
            return 0, n
        if subset not in ("training", "validation"):
            raise SpecError("augment.unknown_subset", field="augment.subset", value=repr(subset))
        cut = int(n * split)
        if not 0 < cut < n:
            raise DataError("augment.empty_subset", n=n, split=split)
        if self.y is not None and not ignore_class_split:
            different = set(np.unique(self.y[:cut]).tolist()) ^ set(np.unique(self.y[cut:]).tolist())
            if different:
                raise DataError("augment.classes_differ", classes=", ".join(map(str, sorted(different)[:10])))
        return (0, cut) if subset == "validation" else (cut, n)
