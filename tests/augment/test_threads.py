"""Work that is shared out is done once each, its errors arrive, and a forked process has threads of its own."""

from __future__ import annotations

import os
import threading
import time

import pytest

from engine.augment import threads


@pytest.fixture(autouse=True)
def three_threads(monkeypatch):
    """As on a machine of three cores."""
    monkeypatch.setattr(threads, "n_cores", lambda: 3)
    threads.pool.cache_clear()
    yield
    threads.pool().shutdown()
    threads.pool.cache_clear()


@pytest.mark.parametrize("n", [0, 1, 2, 100])
def test_each_number_comes_once(n):
    done = []
    threads.for_each(done.append, n)
    assert sorted(done) == list(range(n))


def test_all_threads_take_part():
    meeting = threading.Barrier(3, timeout=10)
    threads.for_each(lambda _: meeting.wait(), 3)


def test_nobody_waits_for_a_thread_that_never_begins():
    done, free = [], threading.Event()
    busy = [threads.pool().submit(free.wait, 10) for _ in range(3)]
    threads.for_each(done.append, 100)
    assert done == list(range(100))
    assert not any(other.done() for other in busy)
    free.set()


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_an_error_of_any_thread_arrives_when_no_call_is_running_any_more(bad):
    meeting, running = threading.Barrier(3, timeout=10), set()

    def work(k):
        running.add(k)
        try:
            if k < 3:
                meeting.wait()  # all three threads have one
            if k == bad:
                raise KeyError(k)
        finally:
            running.remove(k)

    with pytest.raises(KeyError, match=str(bad)):
        threads.for_each(work, 1000)
    assert not running


def test_one_thread_does_all_where_there_can_be_no_other():
    threads.pool().shutdown()  # as at the end of the interpreter
    done = []
    threads.for_each(done.append, 100)
    assert done == list(range(100))


def test_nobody_works_any_more_when_the_system_has_no_thread_left(monkeypatch):
    meeting, running, calls, as_before = threading.Barrier(3, timeout=10), {1, 2, 3}, [], threads.pool().submit

    def refuse_the_second(*arguments):
        as_before(*arguments)  # a pool has put the work into its queue when it finds that no thread can be started
        calls.append(arguments)
        if len(calls) == 2:
            raise RuntimeError("can't start new thread")

    def work(_):
        meeting.wait()
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.1)
        running.pop()

    monkeypatch.setattr(threads.pool(), "submit", refuse_the_second)
    threads.for_each(work, 3)
    assert len(calls) == 2 and not running


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_has_threads_of_its_own():
    threads.for_each(lambda _: None, 3)
    if (child := os.fork()) == 0:
        try:
            meeting = threading.Barrier(3, timeout=10)
            threads.for_each(lambda _: meeting.wait(), 3)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
