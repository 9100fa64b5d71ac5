"""How many threads PyTorch trains with: all, but for the smallest networks, and where another program wants the cores.

A step of very few products is no faster with all threads, which then only wait for each other. Threads that share an
operation wait for each other at its end. If another program takes one of their cores, all of them wait for it in every
operation, and a training becomes 4 to 20 times as slow; one thread alone hardly notices. So where others want the
cores, one thread is tried, and kept while it is faster.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import psutil
import torch
from torch import nn

from engine.training.notes import say_once

WINDOW_S, TRIAL_S = 0.5, 0.2  # of computing, after which the rate is looked at
GAIN = 1.2  # how much faster one thread must be
RETRY_S = 5.0  # until the other way is tried again
CROWDED = 0.3  # cores that others take from us
N_PRODUCTS = 2**20  # of weights and inputs in a step; one thread does fewer as fast as all


class ThreadCount:
    """Chooses between one thread and all, by the rate at which pictures are learnt from.

    Nothing is tried, so that results are the same to the last bit each time, as long as no other program takes cores
    that PyTorch's threads need, nor after ``torch.use_deterministic_algorithms(True)``.
    """

    def __init__(self) -> None:
        self.all = torch.get_num_threads()
        self.chosen = self.all
        self.n_weights = math.inf
        self._is_small: bool | None = None  # None before a training's first step
        self._left_s = WINDOW_S  # of the window
        self._spent_s, self._pictures = 0.0, 0
        self._choices = self._choose()
        next(self._choices)
        self._children_s: float | None = None
        self.watch()

    @property
    def in_use(self) -> int:
        """How many threads compute."""
        return 1 if self._is_small else self.chosen

    def begin(self, network: nn.Module) -> None:
        """A training of this network begins."""
        holders = [module for module in network.modules() if next(module.parameters(recurse=False), None) is not None]
        is_plain = all(isinstance(module, nn.Linear) for module in holders)  # each weight counts once for each row
        self.n_weights = sum(weight.numel() for weight in network.parameters()) if is_plain else math.inf
        self._is_small = None
        self.watch()

    def watch(self) -> None:
        """Look from now on at who uses the cores."""
        self._clock_s, self._busy_s, self._own_s = time.perf_counter(), _busy_s(), time.process_time()

    def took(self, seconds: float, n_pictures: int) -> None:
        """A step of so many pictures took so long; at the end of a window the number of threads may change."""
        if self._is_small is None:
            self._is_small = n_pictures * self.n_weights < N_PRODUCTS
            torch.set_num_threads(self.in_use)
        if self._is_small:
            return
        self._spent_s += seconds
        self._pictures += n_pictures
        self._left_s -= seconds
        if self._left_s > 0:
            return
        rate = self._pictures / self._spent_s
        self._spent_s, self._pictures = 0.0, 0
        chosen, self._left_s = self._choices.send(rate)
        if chosen != self.chosen:
            self.chosen = chosen
            torch.set_num_threads(chosen)

    def _choose(self) -> Generator[tuple[int, float], float, None]:
        """Gives threads and length of each window, gets its rate."""
        window, alone_window, trial = (self.all, WINDOW_S), (1, WINDOW_S), (self.all, TRIAL_S)
        while True:
            together = yield window
            if torch.are_deterministic_algorithms_enabled() or not self.is_crowded():
                continue
            alone = yield 1, TRIAL_S
            if alone > GAIN * together:
                say_once("fewer_threads", stacklevel=7)  # where the training was called
            while alone > GAIN * together:
                until = time.perf_counter() + RETRY_S
                while time.perf_counter() < until and self.is_crowded():
                    alone = yield alone_window
                together = yield trial
            until = time.perf_counter() + RETRY_S
            while time.perf_counter() < until:
                yield window

    def is_crowded(self) -> bool:
        """Whether other programs took cores from this one's threads since the last call; surely at the second one."""
        clock_s, busy_s, own_s = self._clock_s, self._busy_s, self._own_s
        self.watch()
        others_s = (self._busy_s - busy_s) - (self._own_s - own_s)
        most_s = ((psutil.cpu_count() or 1) - self.all + CROWDED) * (self._clock_s - clock_s)
        if others_s <= most_s:
            self._children_s = None
            return False
        # Perhaps they are this program's own. Looking for those takes a while, so it is done only now, and twice.
        before, self._children_s = self._children_s, _children_s()
        return before is not None and others_s - (self._children_s - before) > most_s


def _busy_s() -> float:
    """Seconds that all cores together were at work since the computer started."""
    times = psutil.cpu_times()._asdict()
    # A guest's time is in its user's already.
    return sum(seconds for name, seconds in times.items() if name not in ("idle", "iowait", "guest", "guest_nice"))


def _children_s() -> float:
    """Seconds that the processes of this program have used that are alive, such as those of a DataLoader."""
    used_s = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue  # it has just ended
        used_s += times.user + times.system
    return used_s


_kept = threading.local()


@contextmanager
def shared_cores(device: torch.device, network: nn.Module) -> Iterator[ThreadCount | None]:
    """While this lasts, the number of threads may change; None where that has no point.

    What is known of the machine is kept for the next training in this thread, which may be a short one.
    """
    n_threads = torch.get_num_threads()
    if device.type != "cpu" or n_threads == 1:
        yield None
        return
    count: ThreadCount | None = getattr(_kept, "count", None)
    if count is None or count.all != n_threads:
        count = _kept.count = ThreadCount()
    count.begin(network)
    torch.set_num_threads(count.in_use)
    try:
        yield count
    finally:
        if torch.get_num_threads() == count.in_use:  # else somebody has set another number meanwhile
            torch.set_num_threads(n_threads)
