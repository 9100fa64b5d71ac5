"""The lane: one run at a time in the order of the queue, and nothing lost when a lane dies."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import pairwise

import psutil
import pytest

from engine.runs import queue
from engine.runs.database import read_state
from engine.runs.process import Identity
from engine.runs.queue import Queue
from engine.runs.status import AT_WORK
from tests.runs.helpers import end_processes_of, fake_spec, phase_is, wait_until


def test_a_run_waits_then_runs_to_its_end(store, start_lane):
    run = store.create(fake_spec(3))
    assert (run.status().phase, run.status().queue_place) == ("queued", 1)
    start_lane()
    status = phase_is(run, "finished")
    assert status.queue_place is None
    assert status.created <= status.started <= status.ended
    assert [row.name for row in run.metrics()][:1] == ["loss"]


def test_runs_of_one_device_take_turns_in_order(store, start_lane):
    runs = [store.create(fake_spec(15)) for _ in range(3)]
    assert [run.status().queue_place for run in runs] == [1, 2, 3]
    start_lane()
    phase_is(runs[0], *AT_WORK)
    wait_until(lambda: runs[1].status().queue_place == 1 and runs[2].status().queue_place == 2)
    ends = [phase_is(run, "finished") for run in runs]
    for earlier, later in pairwise(ends):
        assert earlier.ended <= later.started


def test_the_warm_worker_takes_the_run(store, start_lane):
    lane = start_lane()
    (warm,) = wait_until(lambda: psutil.Process(lane.pid).children())
    run = store.create(fake_spec(100))
    phase_is(run, "running")
    assert _worker(run).pid == warm.pid


def test_a_run_starts_although_the_warm_worker_died(store, start_lane):
    lane = start_lane()
    (warm,) = wait_until(lambda: psutil.Process(lane.pid).children())
    warm.kill()
    run = store.create(fake_spec(2))
    phase_is(run, "finished")


def test_a_killed_lane_leaves_its_run_to_the_next(store, start_lane):
    lane = start_lane()
    first, second = store.create(fake_spec(60)), store.create(fake_spec(2))
    phase_is(first, "running")
    worker = _worker(first)
    lane.kill()
    lane.wait()
    assert worker.is_alive()
    start_lane()
    assert second.status().phase == "queued"
    first_end, second_end = phase_is(first, "finished"), phase_is(second, "finished")
    assert first_end.ended <= second_end.started


def test_a_waiting_run_that_fell_out_of_the_queue_is_found(store, start_lane):
    run = store.create(fake_spec(2))
    Queue(store.root, "cpu").remove(run.run_id)
    start_lane()
    phase_is(run, "finished")


def test_a_waiting_run_can_be_stopped(store, start_lane):
    first, second, third = (store.create(fake_spec(ticks)) for ticks in (30, 2, 2))
    start_lane()
    second.request_stop()
    assert second.status().phase == "stopped"
    assert second.run_id not in Queue(store.root, "cpu").run_ids()
    phase_is(first, "finished")
    phase_is(third, "finished")
    assert second.metrics() == []


def test_a_worker_that_dies_before_it_takes_the_run(store, start_lane):
    run = store.create(fake_spec(2, title="crash"))
    start_lane()
    status = phase_is(run, "failed")
    assert (status.error.key, status.error.params["code"]) == ("runs.did_not_start", 3)
    assert Queue(store.root, "cpu").run_ids() == []


def test_only_one_lane_serves_a_device(store, start_lane):
    lane = start_lane()
    other = subprocess.run(
        [sys.executable, "-m", "engine.runs.lane", "cpu"],
        env={**os.environ, "FITLAB_RUNS": str(store.root)},
        timeout=30,
    )
    assert other.returncode == 0
    assert Queue(store.root, "cpu").server().pid == lane.pid


def test_an_idle_lane_leaves_and_takes_its_warm_worker_along(store, start_lane):
    lane = start_lane(idle_s=0.5)
    (warm,) = wait_until(lambda: psutil.Process(lane.pid).children())
    assert lane.wait(timeout=20) == 0
    assert Queue(store.root, "cpu").server() is None
    assert not warm.is_running()


def test_ensure_starts_a_lane_once(runs_dir):
    try:
        queue.ensure("cpu", runs_dir)
        server = wait_until(lambda: Queue(runs_dir, "cpu").server())
        assert server.is_alive()
        queue.ensure("cpu", runs_dir)
        time.sleep(0.3)
        assert Queue(runs_dir, "cpu").server() == server
        lanes = [p for p in psutil.process_iter() if p.pid == server.pid or _is_lane_of(p, runs_dir)]
        assert len(lanes) == 1
    finally:
        end_processes_of(runs_dir)


@pytest.mark.parametrize(
    ("device", "hidden", "found", "lane"),
    [
        ("auto", None, "/usr/bin/nvidia-smi", "cuda"),
        ("auto", "", "/usr/bin/nvidia-smi", "cpu"),
        ("auto", None, None, "cpu"),
        ("cuda", None, None, "cuda"),
    ],
)
def test_lane_of_a_device(monkeypatch, device, hidden, found, lane):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("shutil.which", lambda name: found)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert queue.lane_of(device) == lane


def _worker(run) -> Identity:
    return Identity(*read_state(run.database)["worker"])


def _is_lane_of(process, runs_dir) -> bool:
    try:
        return "engine.runs.lane" in process.cmdline() and process.environ().get("FITLAB_RUNS") == str(runs_dir)
    except psutil.Error:
        return False
