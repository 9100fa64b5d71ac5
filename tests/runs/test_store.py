"""Run folders: whole or not there, listed even when damaged, and their status told from the folder alone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from engine.errors import RunError, SpecError
from engine.runs import Run, RunStore, database, status
from engine.runs.process import Identity
from engine.runs.queue import Queue
from engine.spec import AugmentSpec, DataSpec, RunSpec, TrainSpec
from tests.runs.helpers import fake_spec


@pytest.fixture
def run(store):
    return store.create(fake_spec(5))


@pytest.fixture
def gone():
    """The identity of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = Identity.of(process.pid)
    process.communicate()
    return identity


def _at_work(run, identity, phase="running", **state):
    database.change_state(
        run.database, ["queued"], {"phase": phase, "worker": identity, "started": 100.0, "heartbeat": 200.0, **state}
    )


def test_a_new_run_holds_its_settings_and_waits(store):
    spec = RunSpec(augment=AugmentSpec.preset("light"), title="猫与狗")
    run = store.create(spec)
    assert run.folder.parent == store.root
    assert store.get(run.run_id).spec == spec
    found = run.status()
    assert (found.phase, found.epoch, found.epochs, found.is_active) == ("queued", 0, spec.training.epochs, True)


def test_runs_are_listed_newest_first(store):
    made = [store.create(fake_spec(1)).run_id for _ in range(3)]
    assert [run.run_id for run in store.list()] == made[::-1]


def test_two_who_create_at_once_get_two_runs(store):
    made = []
    threads = [threading.Thread(target=lambda: made.append(store.create(fake_spec(1)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.run_id for run in made}) == len(store.list()) == 8


def test_contradicting_settings_make_no_run(store):
    with pytest.raises(SpecError):
        store.create(RunSpec(data=DataSpec(source="folder")))
    with pytest.raises(SpecError):
        store.create(RunSpec(training=TrainSpec(mode="fit"), augment=AugmentSpec.preset("light")))
    assert store.list() == []


@pytest.mark.parametrize("name", ["20200101-000000-000", "..", "../x", "", ".fitlab", "a/b"])
def test_a_run_that_is_not_there(store, name):
    with pytest.raises(RunError) as caught:
        store.get(name)
    assert caught.value.key == "runs.missing"


@pytest.mark.parametrize(
    "content", [b"", b'{"data": {"sou', b"[]", b"\xff\xfe\x00", b'{"data": {"source": "moon"}}', None]
)
def test_a_damaged_spec_is_an_error_of_that_run_alone(store, run, content):
    good = store.create(fake_spec(1))
    path = run.folder / "spec.json"
    path.unlink() if content is None else path.write_bytes(content)
    assert [found.run_id for found in store.list()] == [good.run_id, run.run_id]
    assert run.status().error is not None
    assert run.status().error.text("zh")
    assert good.status().error is None
    with pytest.raises((SpecError, RunError)):
        run.spec  # noqa: B018


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 torn", b"nonsense" * 1000, None])
def test_a_damaged_database_is_an_error_of_that_run_alone(store, run, content):
    for extra in run.folder.glob("run.db-*"):
        extra.unlink()
    run.database.unlink() if content is None else run.database.write_bytes(content)
    assert [found.run_id for found in store.list()] == [run.run_id]
    found = run.status()
    key = "runs.database_gone" if content is None else "runs.no_database"
    assert (found.phase, found.error.key) == ("failed", key)
    assert run.metrics() == run.events() == run.log_tail() == []


def test_foreign_files_among_the_runs_do_no_harm(store, run):
    (store.root / "notes.txt").write_text("hello")
    (store.root / ".hidden").mkdir()
    (store.root / "my folder").mkdir()
    (store.root / "empty").mkdir()
    assert {found.run_id for found in store.list()} == {run.run_id, "empty"}
    assert store.get("empty").status().error.key == "runs.no_spec"


def test_a_run_without_its_process_is_lost_for_everyone(store, run, gone):
    _at_work(run, gone)
    found = run.status()
    assert (found.phase, found.error.key, found.ended) == ("lost", "runs.lost", 200.0)
    assert database.read_state(run.database)["phase"] == "lost"


def test_a_run_whose_pid_belongs_to_another_is_lost(run):
    mine = Identity.mine()
    _at_work(run, Identity(mine.pid, mine.started_s - 5))
    assert run.status().phase == "lost"


def test_a_run_whose_process_ended_after_a_request_to_stop_is_stopped(run, gone):
    _at_work(run, gone, "stopping", stop_requested=150.0)
    found = run.status()
    assert (found.phase, found.error) == ("stopped", None)


def test_a_run_with_its_process_is_not_lost_however_silent(run):
    _at_work(run, Identity.mine())
    assert run.status().phase == "running"


def test_a_run_that_does_not_stop_is_killed_by_who_looks(run, monkeypatch):
    stubborn = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        _at_work(run, Identity.of(stubborn.pid))
        run.request_stop()
        assert run.status().phase == "stopping"
        assert stubborn.poll() is None
        monkeypatch.setattr(status, "STOP_PATIENCE_S", 0.0)
        run.status()
        stubborn.wait(timeout=10)
        assert run.status().phase == "stopped"
    finally:
        stubborn.kill()
        stubborn.wait()


def test_an_end_is_final(run):
    _at_work(run, Identity.mine())
    run.end("finished")
    run.end("failed", RunError("runs.out_of_memory"))
    run.request_stop()
    assert (run.status().phase, run.status().error) == ("finished", None)


def test_only_one_worker_gets_a_run(run):
    run.claim()
    assert run.status().phase == "starting"
    with pytest.raises(RunError) as caught:
        run.claim()
    assert caught.value.key == "runs.not_waiting"


def test_a_folder_made_by_hand_can_be_taken(store):
    folder = store.root / "mine"
    folder.mkdir()
    Run(folder).write_spec(fake_spec(1))
    Run(folder).claim()
    assert store.get("mine").status().phase == "starting"


def test_a_waiting_run_is_deleted_and_leaves_nothing(store, run):
    store.delete(run.run_id)
    assert store.list() == []
    assert not list(store.root.rglob(f"*{run.run_id}*"))


def test_a_run_at_work_is_not_deleted(store, run):
    _at_work(run, Identity.mine())
    with pytest.raises(RunError) as caught:
        store.delete(run.run_id)
    assert caught.value.key == "runs.still_active"
    assert run.folder.exists()


def test_a_damaged_run_can_be_deleted(store, run):
    run.database.write_bytes(b"torn")
    store.delete(run.run_id)
    assert store.list() == []


def test_log_tail_gives_the_last_lines(run):
    run.log.write_text("".join(f"line {i} 行\n" for i in range(1000)), encoding="utf-8")
    assert run.log_tail(3) == ["line 997 行", "line 998 行", "line 999 行"]


def test_an_end_on_a_full_disk_uses_the_space_set_aside(run):
    assert (run.folder / "reserve").stat().st_size > 100_000
    _at_work(run, Identity.mine())
    run.end("failed", RunError("runs.out_of_memory"))
    assert not (run.folder / "reserve").exists()


def test_a_store_elsewhere_keeps_its_queue_there(tmp_path, store):
    other = RunStore(tmp_path / "elsewhere")
    run = other.create(fake_spec(1))
    assert Queue(other.root, "cpu").run_ids() == [run.run_id]
    assert Queue(store.root, "cpu").run_ids() == []
    assert time.time() - run.status().created < 60
