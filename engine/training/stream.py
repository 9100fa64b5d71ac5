"""The way of batches from a feed to the training: loaded ahead by threads, checked, made tensors, put on the device.

Owns the queue and the threads. Where the batches come from is the business of `feeds`; knows no network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine import catalog
from engine.training.blocks import Several
from engine.training.checks import is_array, parts
from engine.training.contest import Contest
from engine.training.device import to_device
from engine.training.notes import say_once

if TYPE_CHECKING:
    from engine.training.feeds import Feed

# What a source gives for one batch, on the host: x alone, (x, y) or (x, y, sample_weight); or `Several`.
Item = Any
Call = Callable[[], Item]
# Types that torch lacks, or has in name only, and what takes their place.
_KNOWN_TO_TORCH = {"u2": np.int32, "u4": np.int64, "u8": np.int64, "f16": np.float64, "f12": np.float64}
END = object()  # a source's answer when it has no further batch
BARRIER = object()  # in place of a call: go on only when every call before it is done


class Batch(NamedTuple):
    """One batch on the device. `inputs` (B, C, H, W) or (B, F) float32; `targets` (B, ...); `weights` (B,) float32.

    `targets` is None only in a prediction.
    """

    inputs: Tensor
    targets: Tensor
    weights: Tensor | None

    def split(self, sizes: list[int]) -> Iterator[Batch]:
        """Batches of so many rows each."""
        # Not by Tensor.split: a network may change its inputs in place, which autograd forbids for such views.
        columns = (repeat(None) if t is None else torch.unsafe_split_with_sizes(t, sizes) for t in self)
        return map(Batch, *columns)  # type: ignore[arg-type]  # as in this one


@dataclass(frozen=True)
class Queue:
    """Who prepares a stream's batches: `workers` threads, at most `max_queue_size` batches ahead."""

    workers: int = 1
    max_queue_size: int = 10

    @classmethod
    def asked(cls, workers: int, max_queue_size: int, use_multiprocessing: bool = False) -> Queue:
        """As the classic methods' arguments say; threads stand in for processes, which is said once.

        Raises
        ------
        SpecError
            If a number is out of its range.
        """
        if use_multiprocessing:
            say_once("threads_instead", stacklevel=3)
        return cls(
            catalog.TRAINING["workers"].check(workers, "training.workers"),
            catalog.TRAINING["max_queue_size"].check(max_queue_size, "training.max_queue_size"),
        )

    @classmethod
    def of(cls, source: Any) -> Queue:
        """As a Sequence's own attributes say."""
        if is_array(source):  # of which a table may have columns of any name
            return cls()
        return cls.asked(getattr(source, "workers", cls.workers), getattr(source, "max_queue_size", cls.max_queue_size))


@dataclass(frozen=True)
class Intake:
    """Turns what sources give into tensors: `to_host` in the loading threads, `to_device` in the training's.

    Parameters
    ----------
    device : torch.device
    data_format : str
        ``"channels_last"``: pictures come as (B, H, W, C). ``"channels_first"``: as (B, C, H, W).
    target_dtype : torch.dtype or None
        What targets are turned into; None keeps theirs, but whole numbers become int64, which PyTorch's losses want.
    only_inputs : bool
        Whether targets and weights stay behind: a prediction needs none.
    """

    device: torch.device
    data_format: str
    target_dtype: torch.dtype | None
    only_inputs: bool = False

    def to_host(self, item: Item) -> list[Tensor | None]:
        """``[x, y, w]`` on the host, or still on the device where the source keeps them there."""
        x, y, w = (parts(item)[0], None, None) if self.only_inputs else parts(item)
        if y is not None:
            y = to_tensor(y, self.target_dtype)
            if self.target_dtype is None and not y.is_floating_point():
                y = y.long()
        tensors = [to_tensor(x), y, None if w is None else to_tensor(w, torch.float32)]
        if self.device.type == "cuda":
            # Pinned memory is what lets the copy to the GPU run beside the computing.
            tensors = [t if t is None or t.is_cuda else t.pin_memory() for t in tensors]
        return tensors

    def to_device(self, tensors: list[Tensor | None]) -> Batch:
        """A batch for the network. Pixels become floats here, at the last moment, as the values they are."""
        x, y, w = to_device(tensors, self.device)
        assert x is not None
        return Batch(self.inputs(x), y, w)  # type: ignore[arg-type]  # y is None only in a prediction

    def inputs(self, x: Tensor) -> Tensor:
        """The network's inputs, float32: (B, H, W, C) pictures as (B, C, H, W), without a copy (channels_last)."""
        if x.ndim == 4 and self.data_format == "channels_last":
            x = x.permute(0, 3, 1, 2)
        return x.to(torch.float32)


def stream(
    feed: Feed,
    intake: Intake,
    check: Callable[[Item], None],
    numbers: Iterable[int],
    queue: Queue,
    seed: int = 0,
    contest: Contest | None = None,
) -> Generator[Batch, None, None]:
    """The feed's batches of these `numbers` on the device, in order; fewer only if the source ends.

    Close it (``contextlib.closing``) to end its threads. `contest` knows what earlier streams of this source found out.
    """

    def load(call: Call) -> Any:
        item = call()
        if item is END:
            return END
        item, sizes = item if isinstance(item, Several) else (item, None)
        if not feed.trusted:
            check(item)
        return intake.to_host(item), sizes

    if queue.workers == 0:
        feed.one_by_one()
    with_load = (call if call is BARRIER else partial(load, call) for call in feed.calls(numbers, seed))
    n_ahead = -(-queue.max_queue_size // feed.at_once)
    with closing(ahead(with_load, min(queue.workers, feed.max_workers), n_ahead, contest)) as results:
        for loaded in results:
            if loaded is END:
                return
            tensors, sizes = loaded
            batch = intake.to_device(tensors)
            if sizes is None:
                yield batch
            else:
                yield from batch.split(sizes)


def ahead(
    calls: Iterable[Any], workers: int, max_queue_size: int, contest: Contest | None = None
) -> Generator[Any, None, None]:
    """The calls' results in their order, up to `max_queue_size` of them computed ahead by `workers` threads.

    An exception of a call is raised here, unchanged, when its turn comes. No thread is left when this ends, whichever
    way it ends. With 0 workers, and for as long as that proves quicker, each call is made here when its result is
    wanted; never while a thread is at another one.
    """
    if workers == 0:
        yield from (call() for call in calls if call is not BARRIER)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fitlab-feed")
    queue: deque[Future[Any]] = deque()
    remaining, at_barrier = iter(calls), False
    contest = contest or Contest()
    contest.begin(max_queue_size)

    def refill() -> None:
        nonlocal at_barrier
        while len(queue) < max_queue_size:
            if at_barrier and not all(future.done() for future in queue):
                return
            call = next(remaining, None)
            if call is None:
                return
            at_barrier = call is BARRIER
            if not at_barrier:
                queue.append(pool.submit(call))

    try:
        while True:
            if contest.ahead:
                refill()
            is_drained = not queue
            if queue:
                result = queue.popleft().result()
                if contest.ahead:
                    refill()  # work for the threads while this result is used
            else:
                call = next((call for call in remaining if call is not BARRIER), None)
                if call is None:
                    return
                result = call()
            yield result
            contest.batch_came(counts=contest.ahead or is_drained)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def is_known(dtype: np.dtype) -> bool:
    """Whether torch computes with this type of numbers as it is."""
    return dtype.kind in "biuf" and dtype.isnative and dtype.str[1:] not in _KNOWN_TO_TORCH


def to_tensor(values: Any, dtype: torch.dtype | None = None) -> Tensor:
    """A tensor of the values: a copy only where torch cannot share them (read-only memory, another dtype)."""
    if not isinstance(values, Tensor):
        values = np.asarray(values)
        wanted = _KNOWN_TO_TORCH.get(values.dtype.str[1:], values.dtype.newbyteorder("="))
        values = torch.from_numpy(np.require(values, wanted, ["C", "W"]))
    # float64 becomes float32: networks compute in float32, and Apple's GPU has no float64.
    return values.to(dtype or (torch.float32 if values.dtype == torch.float64 else values.dtype))
