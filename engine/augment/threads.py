"""The threads that share the work on a batch: one small pool per process, for warping and for reading files.

What they run should leave the interpreter's lock alone for most of its time, and must not itself wait for the pool.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cache


def n_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def pool() -> ThreadPoolExecutor:
    """The pool of this process, of as many threads as cores."""
    return ThreadPoolExecutor(n_cores(), thread_name_prefix="fitlab-batch")


if hasattr(os, "register_at_fork"):
    # A forked process (a worker of PyTorch's DataLoader) has the pool, but none of its threads: it would wait for ever.
    os.register_at_fork(after_in_child=pool.cache_clear)


def for_each(function: Callable[[int], None], n: int) -> None:
    """Call ``function(k)`` for each k in 0..n-1: this thread and the pool's take the next k whenever they are free.

    It waits for no thread that has not begun, say because another process has its core, and this thread does all where
    there can be no other. An error is raised when no call is running any more; what has not begun by then is left out.
    """
    numbers = iter(range(n))

    def work() -> None:
        try:
            for k in numbers:
                function(k)
        except BaseException:
            for _ in numbers:  # nothing is left for the others
                pass
            raise

    others: list[Future[None]] = [Future() for _ in range(min(n, n_cores()) - 1)]
    try:
        with suppress(RuntimeError):  # the interpreter ends, or the system has no more threads
            for other in others:
                pool().submit(_run, other, work)
        work()
    finally:
        if begun := [other for other in others if not other.cancel()]:
            wait(begun)
    for other in begun:
        other.result()


def _run(future: Future[None], work: Callable[[], None]) -> None:
    """Do some work unless its future was cancelled. The pool's own would be lost if no thread can be started for it."""
    if future.set_running_or_notify_cancel():
        try:
            work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(None)
