"""Where batches come from: one adapter ("feed") for each kind of source.

A feed says which batches there are and how to load one, nothing more; `stream` brings them to the training.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.augment import warp_cuda
from engine.augment.flow import NumpyArrayIterator, order
from engine.augment.generator import ImageDataGenerator
from engine.augment.mapped import is_mapped, take
from engine.errors import DataError
from engine.training.blocks import batches_at_once, together
from engine.training.checks import check_lengths, is_array, on_host
from engine.training.stream import BARRIER, END, Call, Item, is_known, to_tensor


@dataclass(frozen=True)
class Reading:
    """How a source is read: `shuffle` decides the order, `batch_size` how arrays are cut.

    ``"batch"`` shuffles the rows within each batch. For `evaluation` nothing is shuffled, and a flow is read in the
    order of its pictures.
    """

    device: torch.device
    batch_size: int = 32
    shuffle: bool | str = False
    evaluation: bool = False


class Feed(ABC):
    """One kind of source. `length` is the number of batches in one pass, None if the source does not say."""

    length: int | None
    max_workers: int = 2**16  # how many threads may load at the same time
    at_once: int = 1  # batches that one call gives at most
    trusted = False  # whether `check` looked at everything already
    ends = True  # whether a stream of unknown length ends by itself

    @classmethod
    @abstractmethod
    def accepts(cls, source: Any, reading: Reading) -> bool:
        """Whether this adapter reads such a source."""

    @abstractmethod
    def first(self) -> Item:
        """A batch, or part of one, to see what the source brings. Takes nothing from the stream.

        Raises
        ------
        DataError
            If there is none.
        """

    @abstractmethod
    def calls(self, numbers: Iterable[int], seed: int) -> Iterator[Call]:
        """One call per batch, or per `at_once`, for consecutive `numbers` in the endless stream.

        `seed` decides what is shuffled.
        """

    def one_by_one(self) -> None:  # noqa: B027 - nothing to do is a good answer
        """Make each batch when its turn comes: what it is made of may change until then."""

    def check(self, check: Callable[[Item], None]) -> None:  # noqa: B027 - nothing to do is a good answer
        """Look at all data at once, where that is possible; a stream's batches are checked as they come."""


class ArrayFeed(Feed):
    """Arrays, cut into batches by index. On a GPU they live on the device, if they fit.

    Parameters
    ----------
    x : ndarray, shape (N, ...)
        Pictures or features; a memory-mapped array is read batch by batch, by a thread, and never as a whole.
    y, sample_weight : ndarray, shape (N, ...), or None
    reading : Reading
    """

    length: int

    def __init__(self, x: Any, y: Any, sample_weight: Any, reading: Reading) -> None:
        self.reading = reading
        self.arrays = [on_host(values) for values in (x, y, sample_weight) if values is not None]
        if sample_weight is not None and y is None:
            raise DataError("training.no_labels")
        check_lengths(*self.arrays)
        self.n = len(self.arrays[0]) if self.arrays[0].ndim else 0
        if self.n == 0:
            raise DataError("training.empty")
        self.length = -(-self.n // reading.batch_size)
        is_file = is_mapped(self.arrays[0])
        self.max_workers = 1 if is_file else 0  # taking rows in memory is quicker than handing it to a thread
        self.trusted = not (is_file and self.arrays[0].dtype.kind == "f")
        self._is_file = is_file
        self._source = [values if is_mapped(values) else _shared(values) for values in self.arrays]
        self._resident: list[Tensor] | None = None

    @classmethod
    def accepts(cls, source: Any, reading: Reading) -> bool:
        """See `is_array`."""
        return is_array(source)

    def first(self) -> Item:
        """The first two rows."""
        return tuple(values[:2] for values in self.arrays)

    def check(self, check: Callable[[Item], None]) -> None:
        """Look at every row, but for floats in a file: those are checked as they come, so that it is read once."""
        x, *others = self.arrays
        # The stand-in has the same shape and takes no memory.
        check((x if self.trusted else np.broadcast_to(np.uint8(0), x.shape), *others))

    @property
    def at_once(self) -> int:  # type: ignore[override]
        """Several, unless rows come from a file or must be pinned for their way to the GPU."""
        on_gpu = self._on_device() is not None
        if not on_gpu and (self._is_file or self.reading.device.type != "cpu"):
            return 1
        return batches_at_once(self.reading.batch_size, 4 * self.arrays[0][0].size, on_gpu=on_gpu)

    def calls(self, numbers: Iterable[int], seed: int) -> Iterator[Call]:
        """Slices of one order per pass."""
        load = self._load if self._on_device() is None else self._load_resident
        return together(self._rows(numbers, seed), load, self.at_once)

    def _rows(self, numbers: Iterable[int], seed: int) -> Iterator[tuple[int, np.ndarray]]:
        """Pass and rows of each batch."""
        size, rows = self.reading.batch_size, None
        for pass_, k in _positions(numbers, self.length):
            if rows is None or k == 0:
                rows = self._order(seed, pass_)
            yield pass_, rows[k * size : (k + 1) * size]

    def _load(self, pass_: int, rows: np.ndarray) -> tuple[Any, ...]:
        return _take(self._source, torch.from_numpy(rows))

    def _load_resident(self, pass_: int, rows: np.ndarray) -> tuple[Tensor, ...]:
        assert self._resident is not None
        return _take(self._resident, *warp_cuda.upload(self.reading.device, rows))

    def _order(self, seed: int, pass_: int) -> np.ndarray:
        """(N,) the order of all rows in a pass."""
        first, size = pass_ * self.length, self.reading.batch_size
        if self.reading.shuffle != "batch":
            return order(self.n, seed, first, bool(self.reading.shuffle))
        starts = range(0, self.n, size)
        return np.concatenate([at + order(min(size, self.n - at), seed, first + k) for k, at in enumerate(starts)])

    def _on_device(self) -> list[Tensor] | None:
        """The arrays as tensors on the GPU, uploaded at the first use; None where that has no point or no room."""
        if self._resident is None and _has_room(self.reading.device, sum(values.nbytes for values in self.arrays)):
            self._resident = [to_tensor(values).to(self.reading.device) for values in self.arrays]
        return self._resident


class SequenceFeed(Feed):
    """An object with ``len`` (batches) and ``[k]`` (batch k), such as a Keras Sequence or a list of batches.

    With shuffle, the order of the batches is drawn anew for each pass. `on_epoch_begin` is called before each pass and
    `on_epoch_end` after each full one, when no batch of it is being loaded any more.
    """

    length: int

    def __init__(self, source: Any, reading: Reading) -> None:
        self.source = source
        self.reading = reading
        self.length = len(source)
        if self.length == 0:
            raise DataError("training.empty")
        self._listens = hasattr(source, "on_epoch_begin") or hasattr(source, "on_epoch_end")
        self._first: Item = None  # batch 0, until the stream asks for it

    @classmethod
    def accepts(cls, source: Any, reading: Reading) -> bool:
        """Anything with a length and an index."""
        return hasattr(source, "__len__") and hasattr(source, "__getitem__")

    def first(self) -> Item:
        """Batch 0, kept for the first pass."""
        if self._first is None:
            self._first = self.source[0]
        return self._first

    def calls(self, numbers: Iterable[int], seed: int) -> Iterator[Call]:
        """``source[k]`` for the k of one order per pass."""
        order_: np.ndarray | None = None
        for pass_, k in _positions(numbers, self.length):
            if order_ is None or k == 0:
                self._tell("on_epoch_begin")
                order_ = order(self.length, seed, pass_ * self.length, bool(self.reading.shuffle))
            yield partial(self._load, int(order_[k]))
            if k == self.length - 1 and self._listens:
                yield BARRIER  # type: ignore[misc]
                self._tell("on_epoch_end")

    def _load(self, k: int) -> Item:
        kept = self._first if k == 0 else None
        if kept is None:
            return self.source[k]
        self._first = None
        return kept

    def _tell(self, hook: str) -> None:
        if hasattr(self.source, hook):
            self._first = None  # what the source hears may change what it gives
            getattr(self.source, hook)()


class FlowFeed(Feed):
    """A flow of our `ImageDataGenerator`: a batch depends on (seed, pass, position) alone, so any thread may make it.

    The flow's own shuffle and seed decide the order. For evaluation pass 0 is read, in the order of its pictures. Small
    pictures in memory are transformed for several batches at once, which then share what a call costs; not where code
    of the user's sees batches, or whitening, which is a product of all rows.
    """

    length: int

    def __init__(self, source: Any, reading: Reading) -> None:
        self.source = source
        self.length = len(source)
        if self.length == 0:
            raise DataError("training.empty")
        self._in_order: np.ndarray | None = None
        if reading.evaluation:
            self._in_order = np.sort(np.concatenate([source.batch_indices(0, k) for k in range(self.length)]))
        if reading.device.type == "cpu" and _is_in_memory(source):
            self.at_once = batches_at_once(source.batch_size, 4 * source.x[0].size, on_gpu=False)

    @classmethod
    def accepts(cls, source: Any, reading: Reading) -> bool:
        """Whatever knows its batches by pass and position."""
        return hasattr(source, "batch_indices") and hasattr(source, "load")

    def first(self) -> Item:
        """The first two pictures."""
        return self.source.load(0, self._indices(0, 0)[:2])

    def check(self, check: Callable[[Item], None]) -> None:
        """Look at every row that is in memory; what augmentation makes of it is checked as it comes, as files are."""
        if (known := self.source.known()) is not None:
            check(known)

    def calls(self, numbers: Iterable[int], seed: int) -> Iterator[Call]:
        """Batch k of each pass."""
        positions = _positions(numbers, self.length)
        if self.at_once == 1:
            return (partial(self._load, pass_, k) for pass_, k in positions)
        batches = ((pass_, self._indices(pass_, k)) for pass_, k in positions)
        return together(batches, self.source.load, self.at_once)

    def one_by_one(self) -> None:
        self.at_once = 1

    def _load(self, pass_: int, k: int) -> Item:
        return self.source.load(pass_, self._indices(pass_, k))

    def _indices(self, pass_: int, k: int) -> np.ndarray:
        if self._in_order is None:
            return self.source.batch_indices(pass_, k)
        size = self.source.batch_size
        return self._in_order[k * size : (k + 1) * size]


class DeviceFlowFeed(FlowFeed):
    """A flow that fits on the GPU: its arrays live there, and one kernel transforms the pictures of several batches."""

    trusted = True  # looking at a batch would wait for the device

    def __init__(self, source: Any, reading: Reading) -> None:
        super().__init__(source, reading)
        self._device = reading.device
        self._resident: list[Tensor] = []  # pictures, labels and weights, those that there are
        self.at_once = batches_at_once(source.batch_size, 4 * source.x[0].size, on_gpu=True)

    @classmethod
    def accepts(cls, source: Any, reading: Reading) -> bool:
        """A flow with transforms that the GPU can do, and arrays that it has room for."""
        return (
            reading.device.type == "cuda"
            and FlowFeed.accepts(source, reading)
            and source.in_memory
            and source.x.dtype in (np.uint8, np.float32)
            and all(values.dtype.kind in "biuf" for values in _arrays(source))
            and warp_cuda.supports(source.generator)
            and _has_room(reading.device, sum(values.nbytes for values in _arrays(source)))
        )

    def calls(self, numbers: Iterable[int], seed: int) -> Iterator[Call]:
        """Batch k of each pass, after the arrays are on the device."""
        if not self._resident:
            self._resident = [to_tensor(values).to(self._device) for values in _arrays(self.source)]
        batches = ((pass_, self._indices(pass_, k)) for pass_, k in _positions(numbers, self.length))
        return together(batches, self._load_rows, self.at_once)

    def one_by_one(self) -> None:
        """Several batches are one launch here."""

    def _load_rows(self, pass_: int, indices: np.ndarray) -> tuple[Tensor, ...]:
        flow = self.source
        images, *others = self._resident
        if flow.subset == "validation":
            inputs = warp_cuda.standardized(flow.generator, images, indices)
        else:
            inputs = warp_cuda.augment(flow.generator, images, indices, flow.seed, pass_)
        return (inputs, *_take(others, *warp_cuda.upload(self._device, indices)))


def _is_in_memory(source: Any) -> bool:
    """Whether a flow gives the rows of arrays in memory, and calls no function of the user's, which may take long."""
    if (
        type(source) is not NumpyArrayIterator
        or type(source.generator) is not ImageDataGenerator
        or "load" in vars(source)
    ):
        return False
    steps = source.generator.standardization
    by_picture = steps.preprocessing_function is None and not steps.zca_whitening  # which is one product for all rows
    return source.in_memory and by_picture and not is_mapped(source.x)


class GeneratorFeed(Feed):
    """A plain generator or iterator: read by one thread, in order, until it ends.

    A list is refused, as in Keras: whether it means (x, y) or rows of x, only the person who wrote it knows. Lists of
    tensors are what PyTorch's loaders give for (x, y).
    """

    length: int | None = None
    max_workers = 1
    takes_lists = False

    def __init__(self, source: Iterator[Item], reading: Reading) -> None:
        self.iterator = source
        self._seen: list[Item] = []

    @classmethod
    def accepts(cls, source: Any, reading: Reading) -> bool:
        """Anything with ``next``."""
        return hasattr(source, "__next__")

    def first(self) -> Item:
        """The first batch, kept for the stream."""
        if not self._seen:
            item = self._next()
            if item is END:
                raise DataError("training.no_batches")
            self._seen.append(item)
        return self._seen[0]

    def calls(self, numbers: Iterable[int], seed: int) -> Iterator[Call]:
        """As many times ``next``: a generator cannot be wound forward."""
        for _ in numbers:
            yield self._next

    def _next(self) -> Item:
        item = self._seen.pop() if self._seen else next(self.iterator, END)
        if isinstance(item, list) and not self.takes_lists and not all(isinstance(v, Tensor) for v in item):
            raise DataError("training.batch_form", form=f"list of {len(item)}")
        return item


class LoaderFeed(GeneratorFeed):
    """A `torch.utils.data.DataLoader`, or anything else that can be iterated again and again.

    Each stream begins with a pass of its own, so that every validation sees the same batches. A loader with processes
    of its own prepares batches ahead itself and is read in the training's thread: processes forked in a thread of a
    pool end with an error, for which PyTorch stops the program.
    """

    ends = False
    takes_lists = True

    def __init__(self, source: Iterable[Item], reading: Reading) -> None:
        super().__init__(_again_and_again(source), reading)
        self.source = source
        self._is_begun = False
        self.length = _length(source)
        self.max_workers = 0 if getattr(source, "num_workers", 0) else 1

    @classmethod
    def accepts(cls, source: Any, reading: Reading) -> bool:
        """Anything that can be iterated."""
        return hasattr(source, "__iter__")

    def calls(self, numbers: Iterable[int], seed: int) -> Iterator[Call]:
        """As many times ``next``, from the beginning of a pass."""
        if self._is_begun:
            self.iterator = _again_and_again(self.source)
        self._is_begun = True
        return super().calls(numbers, seed)


# The first that accepts a source reads it.
STREAMS: tuple[type[Any], ...] = (DeviceFlowFeed, FlowFeed, SequenceFeed, GeneratorFeed, LoaderFeed)


def open_feed(x: Any, y: Any, sample_weight: Any, reading: Reading) -> Feed:
    """The feed for a source.

    Raises
    ------
    DataError
        If nothing reads such a source, arrays are empty or of different lengths, or a stream comes with `y`.
    """
    if is_array(x):
        return ArrayFeed(x, y, sample_weight, reading)
    kind = next((kind for kind in STREAMS if kind.accepts(x, reading)), None)
    if kind is None or isinstance(x, Mapping | str | bytes):
        raise DataError("training.not_a_source", kind=type(x).__name__)
    if y is not None or sample_weight is not None:
        raise DataError("training.labels_beside_stream")
    return kind(x, reading)


def _arrays(flow: Any) -> list[np.ndarray]:
    """Pictures, labels and weights of a flow, those that there are."""
    return [values for values in (flow.x, flow.y, flow.sample_weight) if values is not None]


def _positions(numbers: Iterable[int], length: int) -> Iterator[tuple[int, int]]:
    """(pass, batch of the pass) for these numbers of batches in the endless stream."""
    return (divmod(number, length) for number in numbers)


def _shared(values: np.ndarray) -> Tensor | np.ndarray:
    """A tensor on the array's own memory, of which torch takes rows quickest; the array where there is no such tensor.

    That is: read-only memory, strides below zero, types that torch lacks.
    """
    try:
        return torch.from_numpy(values) if values.flags.writeable and is_known(values.dtype) else values
    except (TypeError, ValueError):
        return values


def _take(source: Sequence[Any], rows: Tensor) -> tuple[Any, ...]:
    return tuple(v.index_select(0, rows) if isinstance(v, Tensor) else take(v, rows.numpy()) for v in source)


def _again_and_again(source: Iterable[Item]) -> Iterator[Item]:
    while True:
        empty = True
        for item in source:
            empty = False
            yield item
        if empty:
            return


def _length(source: Iterable[Item]) -> int | None:
    """Batches of a pass; a loader of a stream (`IterableDataset`) has a ``len`` that raises TypeError."""
    try:
        return len(source) if isinstance(source, Sized) else None
    except TypeError:
        return None


def _has_room(device: torch.device, n_bytes: int) -> bool:
    """Whether data of this size may live on the device: a GPU with at least twice that much memory free."""
    if device.type == "mps":
        return n_bytes < torch.mps.recommended_max_memory() // 4
    return device.type == "cuda" and 2 * n_bytes < torch.cuda.mem_get_info(device)[0]
