"""The quicker way of getting batches wins. Seconds are played, so that no clock decides."""

from __future__ import annotations

import copy
import threading

import pytest

from engine.training import contest as module
from engine.training.contest import STAY_S, Contest
from engine.training.stream import ahead
from tests.training.pictures import features, linear


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until its `now` is set."""

    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def begun(contest):
    contest.begin(n_unfair=10)
    return contest


def batches(contest, clock, batch_s, n, n_free=0):
    """How many of n batches threads prepared. One takes batch_s[ahead]; the first so many without threads, nothing."""
    prepared, n_alone = 0, 0
    for _ in range(n):
        ahead = contest.ahead
        n_alone = 0 if ahead else n_alone + 1
        is_free = 0 < n_alone <= n_free  # was in the queue
        prepared += ahead
        clock.now += 0 if is_free else batch_s[ahead]
        contest.batch_came(counts=not is_free)
    return prepared


@pytest.mark.parametrize(("ahead_s", "alone_s", "winner"), [(0.01, 0.02, True), (0.02, 0.01, False), (1, 1.01, True)])
def test_the_quicker_way_wins(clock, ahead_s, alone_s, winner):
    contest, batch_s = begun(Contest()), {True: ahead_s, False: alone_s}
    batches(contest, clock, batch_s, 150)
    n = int(0.5 * STAY_S / batch_s[winner])
    assert batches(contest, clock, batch_s, n) == (n if winner else 0)


def test_batches_that_were_ready_anyway_decide_nothing(clock):
    contest = begun(Contest())
    batches(contest, clock, {True: 0.01, False: 0.012}, 200, n_free=10)
    assert batches(contest, clock, {True: 0.01, False: 0.012}, 500) == 500


def test_short_streams_find_out_together(clock):
    contest, batch_s = Contest(), {True: 0.02, False: 0.01}
    for _ in range(8):
        batches(begun(contest), clock, batch_s, 40)  # too few for all tries
    assert batches(begun(contest), clock, batch_s, 40) == 0


def test_what_was_slower_is_tried_again(clock):
    contest = begun(Contest())
    batches(contest, clock, {True: 0.01, False: 0.02}, 200)
    changed = {True: 0.03, False: 0.02}
    batches(contest, clock, changed, int(1.2 * STAY_S / 0.02))
    assert batches(contest, clock, changed, 500) == 0


def test_results_keep_their_order_whoever_computes_them(monkeypatch):
    turns = iter(([True] * 3 + [False] * 9 + [True] * 8) * 20)

    class Turning(Contest):
        def batch_came(self, counts):
            self.ahead = next(turns)

    monkeypatch.setattr("engine.training.stream.Contest", Turning)
    here, at_once = [], []

    def call(k):
        at_once.append(threading.current_thread())
        here.append(threading.current_thread() is threading.main_thread())
        assert here[-1] is False or all(thread is threading.main_thread() for thread in at_once)
        at_once.remove(threading.current_thread())
        return k

    results = list(ahead([lambda k=k: call(k) for k in range(300)], workers=3, max_queue_size=4))
    assert results == list(range(300))
    assert 0 < sum(here) < 300


def test_a_models_trainings_from_one_source_share_what_they_find_out():
    model, source = linear(), [features(4) for _ in range(3)]
    model.fit_generator(source, verbose=0)
    _, contest = model.contest
    model.fit_generator(source, verbose=0)
    assert model.contest[1] is contest
    model.fit_generator([*source], verbose=0)
    assert model.contest[1] is not contest
    copy.deepcopy(model).fit_generator(source, verbose=0)
