"""The run database: what is added arrives, in order, without the training ever waiting."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

from engine.errors import RunError
from engine.runs import database
from engine.runs.database import RunWriter
from tests.runs.helpers import wait_until


@pytest.fixture
def path(tmp_path):
    database.create(tmp_path / "run.db", {"phase": "running"})
    return tmp_path / "run.db"


@pytest.fixture
def writer(path):
    writer = RunWriter(path)
    yield writer
    writer.close()


def test_values_arrive_in_order_and_are_read_from_where_one_left_off(path, writer):
    writer.add_step(0, 1, {"loss": 2.0, "accuracy": 0.25})
    writer.add_epoch(10, 1, "validation", {"loss": 1.5})
    writer.close()
    rows = database.read_metrics(path)
    assert [(row.name, row.split, row.step, row.epoch, row.value) for row in rows] == [
        ("loss", "batch", 0, 1, 2.0),
        ("accuracy", "batch", 0, 1, 0.25),
        ("loss", "validation", 10, 1, 1.5),
    ]
    assert database.read_metrics(path, rows[1].id) == rows[2:]


def test_values_are_readable_while_the_writer_works(path, writer):
    writer.add_step(0, 1, {"loss": 2.0})
    assert wait_until(lambda: database.read_metrics(path))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_numbers_survive(path, writer, value):
    writer.add_step(0, 1, {"loss": value})
    writer.set_state(loss=value)
    writer.close()
    (row,) = database.read_metrics(path)
    assert row.value == pytest.approx(value, nan_ok=True)
    assert database.read_state(path)["loss"] == pytest.approx(value, nan_ok=True)


def test_of_several_states_the_last_one_counts(path, writer):
    for step in range(5):
        writer.set_state(step=step)
    writer.close()
    assert database.read_state(path)["step"] == 4


def test_events_are_kept(path, writer):
    writer.add_event("best", "Epoch 3 is the best so far.")
    writer.close()
    (event,) = database.read_events(path)
    assert (event.level, event.kind, event.text) == ("info", "best", "Epoch 3 is the best so far.")
    assert database.read_events(path, event.id) == []


def test_the_heart_beats_without_anything_else_to_say(path, writer):
    first = wait_until(lambda: database.read_state(path).get("heartbeat"))
    wait_until(lambda: database.read_state(path)["heartbeat"] > first)


def test_the_writer_notices_a_request_to_stop(path, writer):
    assert not writer.stop_requested.is_set()
    database.change_state(path, ["running"], {"phase": "stopping"})
    assert writer.stop_requested.wait(10)


def test_a_state_changes_for_one_of_two_only(path):
    results = []
    go = threading.Barrier(8)

    def change(name):
        go.wait()
        results.append(database.change_state(path, ["running"], {"phase": "finished", "by": name}))

    threads = [threading.Thread(target=change, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]


def test_steps_are_written_ten_times_a_second_at_most(writer):
    assert writer.step_due()
    writer.add_step(0, 1, {"loss": 1.0})
    assert not writer.step_due()
    wait_until(writer.step_due)


def test_a_disk_that_does_not_keep_up_costs_steps_but_no_epochs(path, writer, monkeypatch):
    monkeypatch.setattr(database, "MAX_WAITING", 10)
    with database.connect(path) as db, database.transaction(db):  # holds the write lock: nothing can be stored
        writer.add_event("note", "makes the sink wait for the lock")
        wait_until(lambda: not writer._events)
        for step in range(30):
            writer.add_step(step, 1, {"loss": 1.0})
        writer.add_epoch(30, 1, "train", {"loss": 0.5})
    writer.close()
    rows = database.read_metrics(path)
    assert len([row for row in rows if row.split == "batch"]) == 10
    assert writer.dropped == 20
    assert [row.value for row in rows if row.split == "train"] == [0.5]


def test_a_write_that_fails_is_reported_and_tried_again(path, writer, monkeypatch):
    true_write = RunWriter._write

    def fail(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(RunWriter, "_write", fail)
    writer.add_epoch(1, 1, "train", {"loss": 0.5})
    writer.set_state(step=1)
    wait_until(lambda: writer._error)
    with pytest.raises(RunError, match="disk is full"):
        writer.check()
    writer.set_state(step=2)
    monkeypatch.setattr(RunWriter, "_write", true_write)
    writer.close()
    assert [row.value for row in database.read_metrics(path)] == [0.5]
    assert database.read_state(path)["step"] == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from engine.runs.database import RunWriter, read_metrics
path = Path(sys.argv[1])
writer = RunWriter(path)
for step in range(500):
    writer.add_epoch(step, 1, "train", {"loss": float(step)})
while len(read_metrics(path)) < 500:
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_written_survives_a_kill(path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=os.environ, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert [row.value for row in database.read_metrics(path)] == list(range(500))


def test_reading_makes_no_file(tmp_path):
    with pytest.raises(sqlite3.Error):
        database.read_metrics(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
