"""Real faults done to real trainings: kills, a full disk. What was trained until then is kept, and said."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file

from engine.runs import RunStore
from engine.runs.database import read_state
from engine.runs.process import Identity
from engine.runs.queue import Queue
from engine.spec import DataSpec, RunSpec, TrainSpec
from tests.runs.helpers import end_processes_of, phase_is, wait_until

DATA = DataSpec(n_pictures=60, image_size=16)
ENDLESS = RunSpec(data=DATA, training=TrainSpec(network="mlp", epochs=1000, device="cpu"))
SHORT = RunSpec(data=DATA, training=TrainSpec(network="mlp", epochs=1, device="cpu"))

LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
sys.argv[0] = "engine.worker"
runpy.run_module("engine.worker", run_name="__main__")
"""


@pytest.fixture
def store(runs_dir):
    yield RunStore(runs_dir)
    end_processes_of(runs_dir)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 60 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system of its own needs the right to mount one")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def _without_lane(monkeypatch):
    monkeypatch.setattr("engine.runs.store.ensure", lambda device, runs: None)


def _start(run, *, file_bytes=None):
    command = ["-m", "engine.worker"] if file_bytes is None else ["-c", LIMITED, str(file_bytes)]
    environment = {**os.environ, "FITLAB_RUNS": str(run.folder.parent)}
    return subprocess.Popen([sys.executable, *command, str(run.folder)], env=environment, start_new_session=True)


def _worker(run):
    return Identity(*read_state(run.database)["worker"])


def _is_whole(checkpoint):
    weights = load_file(checkpoint)
    return bool(weights) and all(np.isfinite(values).all() for values in weights.values())


def test_kills_of_lane_and_worker(store):
    """One story, because each start of a real lane costs seconds: nothing that is killed takes anything else along."""
    first, second = store.create(ENDLESS), store.create(ENDLESS)
    wait_until(lambda: first.status().epoch >= 2, 90)
    assert second.status().queue_place == 1

    server = Queue(store.root, "cpu").server()
    assert server.kill()
    wait_until(lambda: not server.is_alive())
    step = first.status().step
    wait_until(lambda: first.status().step > step)  # it trains on without a lane

    assert second.status().queue_place == 1  # whoever looks at a waiting run starts a new lane
    wait_until(lambda: (new := Queue(store.root, "cpu").server()) and new != server and new.is_alive())
    assert first.status().phase == "running"

    rows = len(first.metrics())
    killed = time.monotonic()
    assert _worker(first).kill()
    status = phase_is(first, "lost", timeout_s=10)
    assert time.monotonic() - killed < 10
    assert status.error.key == "runs.lost"
    assert any(line.split("  ")[1].startswith("Epoch") for line in first.log_tail(5))
    assert len(first.metrics()) >= rows
    assert _is_whole(first.last_checkpoint)

    wait_until(lambda: second.status().epoch >= 2, 90)  # it started by itself
    worker = _worker(second)
    second.request_stop()
    phase_is(second, "stopped")
    wait_until(lambda: not worker.is_alive())
    assert _is_whole(second.last_checkpoint)
    assert _is_whole(second.best_checkpoint)


def test_a_disk_that_fills_up_ends_the_run_with_a_sentence(small_disk, monkeypatch):
    _without_lane(monkeypatch)
    run = RunStore(small_disk).create(ENDLESS)
    process = _start(run)
    wait_until(lambda: run.status().epoch >= 2, 90)
    with open(small_disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(bytes(1 << 20))
    assert process.wait(timeout=60) == 1
    status = run.status()
    assert (status.phase, status.error.key) == ("failed", "runs.cannot_write")
    assert _is_whole(run.last_checkpoint)
    assert _is_whole(run.best_checkpoint)
    assert [row for row in run.metrics() if row.split == "validation"]


def test_a_checkpoint_that_cannot_be_written_ends_the_run_with_a_sentence(store, monkeypatch):
    _without_lane(monkeypatch)
    run = store.create(SHORT)
    process = _start(run, file_bytes=600_000)  # enough for everything but the weights
    assert process.wait(timeout=90) == 1
    status = run.status()
    assert (status.phase, status.error.key) == ("failed", "runs.cannot_write")
    assert status.epoch == 1
    assert [row for row in run.metrics() if row.split == "validation"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY  # the limit was the worker's alone
