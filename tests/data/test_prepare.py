"""Preparing in the background: one process at a time, progress to see, death noticed, no half set left behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engine import DataSpec, load_data
from engine.data import cache, prepare
from engine.errors import DataError
from engine.runs.process import Identity
from tests.data.files import write_tree

pytestmark = pytest.mark.usefixtures("runs_dir")

SPEC = DataSpec(n_pictures=100)


def _wait(spec, *states, limit_s=60):
    end_s = time.monotonic() + limit_s
    while (found := prepare.preparation(spec)).state not in states:
        assert time.monotonic() < end_s, found
        time.sleep(0.02)
    return found


def _owner(spec):
    return json.loads((cache.folder(spec) / "owner.json").read_text())


def test_detached_process_prepares_what_this_process_then_reads(monkeypatch):
    assert prepare.preparation(SPEC).state == "missing"
    prepare.start(SPEC)
    found = _wait(SPEC, "ready", "failed")
    assert (found.state, found.done, found.total, found.key) == ("ready", 100, 100, cache.folder(SPEC).name)
    monkeypatch.setattr(cache, "write", lambda *_: pytest.fail("prepared a second time"))
    assert load_data(SPEC).images.shape == (100, 32, 32, 3)
    prepare.start(SPEC)
    assert sorted(path.name for path in cache.folder(SPEC).iterdir()) == [
        "images.npy",
        "index.json",
        "prepare.log",
        "progress.json",
        "rows.npz",
        "spec.json",
    ]


def test_failure_is_kept_until_it_is_forgotten(tmp_path):
    spec = DataSpec(source="folder", path=str(write_tree(tmp_path / "set", {"cats/1.png": b"x"})))
    prepare.start(spec)
    found = _wait(spec, "ready", "failed")
    assert found.state == "failed"
    assert found.error.key == "data.no_pictures"
    assert found.error.text("zh")
    prepare.start(spec)
    assert prepare.preparation(spec).state == "failed"
    prepare.forget(spec)
    assert prepare.preparation(spec).state == "missing"


def test_no_such_path_is_a_failure_and_starts_nothing(tmp_path):
    spec = DataSpec(source="zip", path=str(tmp_path / "nowhere.zip"))
    assert prepare.preparation(spec).error.key == "data.no_such_file"
    prepare.start(spec)
    prepare.forget(spec)
    assert list(cache.paths.home_dir("data").iterdir()) == []


def test_killed_process_is_noticed_and_replaced():
    spec = DataSpec(n_pictures=100_000)
    prepare.start(spec)
    first = _owner(spec)
    assert Identity(first["pid"], first["started_s"]).is_alive()
    prepare.start(spec)  # while it works, nothing happens
    assert _owner(spec) == first
    os.kill(first["pid"], signal.SIGKILL)
    _wait(spec, "missing")
    prepare.start(spec)
    second = _owner(spec)
    assert second["pid"] != first["pid"]
    assert second["attempt"] == 2
    os.kill(second["pid"], signal.SIGKILL)
    _wait(spec, "missing")
    (cache.folder(spec) / "owner.json").write_text(json.dumps({**second, "attempt": 3}))
    assert prepare.preparation(spec).error.key == "data.preparer_died"
    prepare.forget(spec)
    assert prepare.preparation(spec).state == "missing"


def test_a_reused_pid_is_not_taken_for_the_preparer():
    folder = cache.folder(SPEC)
    folder.mkdir()
    me = Identity.mine()
    (folder / "owner.json").write_text(json.dumps({"pid": me.pid, "started_s": me.started_s - 100, "attempt": 1}))
    assert prepare.preparation(SPEC).state == "missing"
    assert len(load_data(SPEC).names) == 100


def test_many_threads_prepare_once(monkeypatch):
    calls = []
    write = cache.write

    def count(*arguments):
        calls.append(arguments)
        time.sleep(0.1)
        write(*arguments)

    monkeypatch.setattr(cache, "write", count)
    found = []
    threads = [threading.Thread(target=lambda: found.append(load_data(SPEC))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert all(np.array_equal(data.images, found[0].images) for data in found)
    assert len(found) == 6


def test_waiting_for_another_process_gives_its_error(monkeypatch):
    error = DataError("data.memory")

    def fail(*_):
        time.sleep(0.3)
        raise error

    monkeypatch.setattr(cache, "write", fail)
    raised = []

    def load():
        with pytest.raises(DataError) as caught:
            load_data(SPEC)
        raised.append(caught.value.key)

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == ["data.memory", "data.memory"]


def test_too_little_room_is_said_before_writing(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(DataError) as caught:
        load_data(SPEC)
    assert caught.value.key == "data.disk_full"


@pytest.mark.parametrize(
    ("problem", "key"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "data.disk_full_while_writing"),
        (OSError(errno.EIO, "Input/output error"), "data.not_prepared"),
        (MemoryError(), "data.memory"),
        (RuntimeError("a surprise"), "data.not_prepared"),
    ],
)
def test_failing_write_leaves_no_half_set(monkeypatch, capfd, problem, key):
    def fail(file, layout, n):
        file.write(b"half a header")
        if n:
            raise problem

    with monkeypatch.context() as patch:
        patch.setattr(cache, "_write_header", fail)
        with pytest.raises(DataError) as caught:
            load_data(SPEC)
    assert caught.value.key == key
    assert sorted(path.name for path in cache.folder(SPEC).iterdir()) == ["error.json", "progress.json"]
    assert prepare.preparation(SPEC).error.key == key
    assert len(load_data(SPEC).names) == 100  # asked for again, it is tried again


def test_interrupted_preparation_counts_as_missing(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load_data(SPEC)
    assert prepare.preparation(SPEC).state == "missing"


def test_cache_that_cannot_be_written(monkeypatch):
    make, folder = Path.mkdir, cache.folder(SPEC)

    def full(self, *arguments, **options):
        if self == folder:
            raise OSError(errno.ENOSPC, "No space left on device")
        make(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    for function in (prepare.start, load_data):
        with pytest.raises(DataError) as caught:
            function(SPEC)
        assert caught.value.key == "data.disk_full_while_writing"


def test_sets_not_used_for_longest_are_pruned(monkeypatch):
    specs = [DataSpec(n_pictures=n) for n in (100, 120, 140)]
    folders = [cache.folder(spec) for spec in specs]
    for spec in specs[:2]:
        load_data(spec)
    for folder, used_s in zip(folders, (2000, 1000), strict=False):
        os.utime(folder / cache.INDEX, (used_s, used_s))
    opened = np.load(folders[1] / cache.IMAGES, mmap_mode="r")
    expected = int(opened.sum())
    monkeypatch.setattr(cache, "_KEEP_BYTES", 250 * 32 * 32 * 3)
    load_data(specs[2])
    assert [prepare.preparation(spec).state for spec in specs] == ["ready", "missing", "ready"]
    assert int(opened.sum()) == expected  # whoever had it open still reads it
