"""Whether batches come sooner when threads prepare them ahead, found out by trying both ways now and then.

Threads pay where cores are free or a GPU computes. Where the training itself uses all cores, they take from it what
they give. Knows neither threads nor batches.
"""

from __future__ import annotations

import time
from collections.abc import Generator

WINDOW_S, WINDOW_BATCHES = 0.2, 8  # a try lasts at least so long, and for so many batches
MOST_UNFAIR = 32  # batches; a larger queue would never come to an end of being filled
ROUNDS = 2  # both ways are tried so often, and each is judged by its best
STAY_S = 30.0  # with the quicker way, until both are tried again
GAIN = 1.02  # how much quicker it must be without threads


class Contest:
    """Decides before each batch; results are the same either way.

    Of use to several streams of one source, one after the other: what was found out stays true.

    Attributes
    ----------
    ahead : bool
        Whether threads should prepare batches now.
    """

    def __init__(self) -> None:
        self.ahead = True
        self._n_unfair = self._skipped = 0
        self._tries = self._try()
        next(self._tries)
        self._begin()

    def begin(self, n_unfair: int) -> None:
        """A stream begins.

        Parameters
        ----------
        n_unfair : int
            Batches at the beginning of a try with threads that do not count: they fill the queue. MOST_UNFAIR at most.
        """
        self._n_unfair = min(n_unfair, MOST_UNFAIR)
        self._begin()

    def batch_came(self, counts: bool) -> None:
        """Another batch was handed over; one that does not count belongs to neither way."""
        if not counts:
            self._begin()
            return
        self._n += 1
        if self._n == self._skipped:
            self._since = time.perf_counter()
        n, seconds = self._n - self._skipped, time.perf_counter() - self._since
        if n >= WINDOW_BATCHES and seconds >= WINDOW_S:
            before = self.ahead
            self.ahead = self._tries.send(n / seconds)
            self._begin(fair=self.ahead == before)

    def _begin(self, fair: bool = False) -> None:
        self._n, self._since = 0, time.perf_counter()
        self._skipped = 0 if fair or not self.ahead else self._n_unfair

    def _try(self) -> Generator[bool, float, None]:
        """Gives what to do in each window, gets its batches per second."""
        while True:
            rates = {True: 0.0, False: 0.0}
            for _ in range(ROUNDS):
                for ahead in rates:
                    rates[ahead] = max(rates[ahead], (yield ahead))
            until = time.perf_counter() + STAY_S
            while time.perf_counter() < until:
                yield rates[False] < GAIN * rates[True]
