"""Lanes that serve with a fake worker, and are gone when the test ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.runs import RunStore
from engine.runs.queue import Queue
from tests.runs.helpers import end_processes_of, wait_until

START_LANE = """
import sys
from pathlib import Path
from engine.runs.lane import Lane
Lane(Path(sys.argv[1]), "cpu", worker="tests.runs.fake_worker", idle_s=float(sys.argv[2])).serve()
"""


@pytest.fixture
def store(runs_dir, monkeypatch):
    """A store whose runs wait until the test starts a lane."""
    monkeypatch.setattr("engine.runs.store.ensure", lambda device, runs: None)
    return RunStore(runs_dir)


@pytest.fixture
def start_lane(store):
    """Start a lane with the fake worker, and return its process once it serves."""
    lanes = []

    def start(idle_s=60.0):
        lane = subprocess.Popen(
            [sys.executable, "-c", START_LANE, str(store.root), str(idle_s)], stdin=subprocess.DEVNULL
        )
        lanes.append(lane)
        wait_until(lambda: (server := Queue(store.root, "cpu").server()) and server.pid == lane.pid)
        return lane

    yield start
    end_processes_of(store.root)
    for lane in lanes:
        lane.wait()
