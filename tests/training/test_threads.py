"""Threads give way where another program wants the cores, and only there. Rates are played: no clock decides."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings

import numpy as np
import psutil
import pytest
import torch
from torch import nn

from engine.training import notes, threads
from engine.training.threads import RETRY_S, ThreadCount, shared_cores
from tests.training.pictures import features, linear

CPU, LARGE = torch.device("cpu"), nn.Conv2d(3, 8, 3)


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(threads, "_kept", threads.threading.local())
    monkeypatch.setattr(notes, "_said", set())
    yield
    torch.set_num_threads(before)


class Played(ThreadCount):
    """A machine on which one and two threads have these rates, and others do or do not want the cores."""

    def __init__(self, monkeypatch, alone, together, crowded):
        self.rates, self.crowded, self.now = {1: alone, 2: together}, crowded, 0.0
        monkeypatch.setattr(threads.time, "perf_counter", lambda: self.now)
        super().__init__()

    def is_crowded(self):
        return self.crowded

    def compute(self, seconds):
        """Steps of ten milliseconds; returns for how long each number of threads was in use."""
        used = {1: 0.0, 2: 0.0}
        end = self.now + seconds
        while self.now < end:
            used[self.chosen] += 0.01
            self.now += 0.01
            self.took(0.01, self.rates[self.chosen])
            assert torch.get_num_threads() == self.chosen
        return used


def test_nothing_is_tried_while_nobody_else_wants_the_cores(monkeypatch):
    assert Played(monkeypatch, alone=1000, together=1, crowded=False).compute(20)[1] == 0


def test_nothing_is_tried_where_results_must_be_the_same_each_time(monkeypatch):
    played = Played(monkeypatch, alone=1000, together=1, crowded=True)
    torch.use_deterministic_algorithms(True)
    try:
        assert played.compute(20)[1] == 0
    finally:
        torch.use_deterministic_algorithms(False)


def test_one_thread_takes_over_in_a_crowd_and_hands_back_after_it(monkeypatch):
    played = Played(monkeypatch, alone=100, together=20, crowded=True)
    with pytest.warns(UserWarning, match="one thread, which is faster then"):
        used = played.compute(60)
    assert used[1] > 0.9 * 60
    played.crowded, played.rates[2] = False, 200
    assert played.compute(2 * RETRY_S)[2] > RETRY_S
    assert played.chosen == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it was said
        played.crowded, played.rates[2] = True, 20
        played.compute(60)
    assert played.chosen == 1


def test_all_threads_stay_where_they_are_faster_even_in_a_crowd(monkeypatch):
    used = Played(monkeypatch, alone=100, together=150, crowded=True).compute(60)
    assert used[1] < 0.1 * 60


def test_what_is_known_outlives_a_training_and_the_callers_count_comes_back():
    with shared_cores(CPU, LARGE) as first:
        first.chosen = 1
    assert torch.get_num_threads() == 2
    with shared_cores(CPU, LARGE) as second:
        assert second is first
        assert torch.get_num_threads() == 1
    with shared_cores(CPU, LARGE):
        torch.set_num_threads(5)  # a callback's own choice
    assert torch.get_num_threads() == 5
    torch.set_num_threads(3)
    with shared_cores(CPU, LARGE) as other:
        assert other is not first
        assert torch.get_num_threads() == 3
    torch.set_num_threads(1)
    with shared_cores(CPU, LARGE) as none:
        assert none is None


@pytest.mark.parametrize(
    ("network", "rows", "n_threads"),
    [
        (nn.Linear(784, 10), 32, 1),
        (nn.Linear(784, 10), 512, 2),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10)), 32, 2),
        (nn.Conv2d(1, 2, 3), 32, 2),
        (nn.LSTM(8, 8), 32, 2),
    ],
    ids=str,
)
def test_the_smallest_networks_train_with_one_thread(network, rows, n_threads):
    for _ in range(2):
        with shared_cores(CPU, network) as count:
            assert torch.get_num_threads() == 2
            count.took(0.001, rows)
            assert torch.get_num_threads() == n_threads
        assert torch.get_num_threads() == 2


def test_a_busy_program_is_noticed(monkeypatch):
    n = psutil.cpu_count()
    torch.set_num_threads(n)
    count = ThreadCount()
    monkeypatch.setattr(threads, "_children_s", lambda: 0.0)  # these are ours only in a test
    count.watch()
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        for _ in range(300):
            time.sleep(0.1)
            if count.is_crowded():
                return
        pytest.fail("nobody noticed")
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def test_a_programs_own_processes_are_no_others(monkeypatch):
    now, used = [0.0], {"busy": 0.0, "own": 0.0, "children": 0.0}
    monkeypatch.setattr(threads, "_busy_s", lambda: used["busy"])
    monkeypatch.setattr(threads, "_children_s", lambda: used["children"])
    monkeypatch.setattr(threads.time, "process_time", lambda: used["own"])
    monkeypatch.setattr(threads.time, "perf_counter", lambda: now[0])
    torch.set_num_threads(psutil.cpu_count())
    count = ThreadCount()

    def after_a_second(children, others):
        now[0] += 1
        used["own"] += 1.5
        used["children"] += children
        used["busy"] += 1.5 + children + others
        return count.is_crowded()

    assert [after_a_second(0.0, 0.2) for _ in range(3)] == [False] * 3
    assert [after_a_second(0.5, 0.2) for _ in range(3)] == [False] * 3
    assert [after_a_second(0.5, 0.6) for _ in range(3)] == [True] * 3
    assert [after_a_second(0.0, 0.0), after_a_second(0.0, 0.6), after_a_second(0.0, 0.6)] == [False, False, True]
    now[0], used["busy"] = now[0] + 100, used["busy"] + 100  # between two trainings
    count.watch()
    assert not after_a_second(0.0, 0.2)


def test_own_processes_are_counted():
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        before = threads._children_s()
        for _ in range(300):
            time.sleep(0.1)
            if threads._children_s() - before > 0.1:
                return
        pytest.fail("nobody noticed")
    finally:
        spinner.kill()
        spinner.wait()


def test_a_training_reports_its_steps(monkeypatch):
    taken = []
    monkeypatch.setattr(ThreadCount, "took", lambda self, seconds, n: taken.append((seconds > 0, n)))
    model = linear()
    x, y = features(50)
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    assert taken == [(True, 32), (True, 18)] * 2
    assert np.isfinite(model.get_weights()[0]).all()
