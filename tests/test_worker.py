"""The process of a run: it takes the run, trains it alone, and always writes how that ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from engine import training_run, worker
from engine.errors import DataError, RunError
from engine.runs import Run, database
from engine.spec import AugmentSpec, DataSpec, RunSpec, TrainSpec
from tests.runs.helpers import phase_is, wait_until

SPEC = RunSpec(
    data=DataSpec(n_pictures=60, image_size=16),
    augment=AugmentSpec.preset("light"),
    training=TrainSpec(network="mlp", epochs=2, device="cpu"),
)
ENDLESS = RunSpec(data=SPEC.data, training=TrainSpec(network="mlp", epochs=1000, device="cpu"))


def _folder(runs_dir, spec):
    """A run folder made by hand: settings, nothing else."""
    run = Run(runs_dir / "mine")
    run.folder.mkdir()
    run.write_spec(spec)
    return run


@pytest.fixture
def start():
    """Start workers; those that still run at the end of the test are killed."""
    started = []

    def start(*arguments, **options):
        process = subprocess.Popen([sys.executable, "-m", "engine.worker", *arguments], **options)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run(runs_dir, monkeypatch):
    """A run for a worker in this very process, whose output and signals stay as they are."""
    monkeypatch.setattr(worker, "capture_output", lambda path: None)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    return _folder(runs_dir, SPEC)


def test_a_folder_with_settings_is_enough(runs_dir, start):
    run = _folder(runs_dir, SPEC)
    assert start(str(run.folder)).wait(timeout=120) == 0
    status = run.status()
    assert (status.phase, status.epoch, status.error) == ("finished", 2, None)
    log = run.log.read_text()
    assert "Epoch 2/2" in log
    assert "Finished after" in log
    assert not (run.folder / "run.db-wal").exists()


def test_a_warm_worker_takes_what_it_is_handed_and_sigterm_stops_it(runs_dir, start):
    run = _folder(runs_dir, ENDLESS)
    warm = start("--warm", stdin=subprocess.PIPE)
    warm.stdin.write(f"{run.folder}\n".encode())
    warm.stdin.flush()
    phase_is(run, "starting")  # taken at once, before everything is warm
    wait_until(lambda: run.status().step > 3, 90)
    os.kill(warm.pid, signal.SIGTERM)
    assert warm.wait(timeout=30) == 0
    assert run.status().phase == "stopped"
    assert run.last_checkpoint.exists()


def test_a_warm_worker_leaves_when_nobody_is_left_to_hand_it_a_run(start):
    warm = start("--warm", stdin=subprocess.PIPE)
    warm.stdin.close()
    assert warm.wait(timeout=60) == 0


def test_a_run_is_not_started_twice(run, capsys):
    run.claim()
    assert worker.main([str(run.folder)]) == 1
    assert "started before" in capsys.readouterr().err
    assert run.status().phase == "starting"


def test_a_wrong_call_says_how_it_is_done(capsys):
    assert worker.main([]) == 2
    assert "RUN_DIR" in capsys.readouterr().err


def test_the_log_tells_the_same_duration_as_the_pages(run, monkeypatch, capsys):
    run.claim()
    database.change_state(run.database, ("starting",), {"started": run.status().started - 5})  # it got warm meanwhile
    monkeypatch.setattr(training_run, "train", lambda run, writer: "finished")
    assert worker.work(run) == 0
    assert f"Finished after {run.status().duration_s:.1f} s." in capsys.readouterr().out


def test_an_error_of_the_engine_is_kept_as_it_is(run, monkeypatch, capsys):
    monkeypatch.setattr(training_run, "train", _raise(RunError("runs.out_of_memory")))
    assert worker.main([str(run.folder)]) == 1
    status = run.status()
    assert (status.phase, status.error.key) == ("failed", "runs.out_of_memory")
    assert "Traceback" not in capsys.readouterr().err


def test_settings_that_cannot_be_read_fail_the_run(run):
    (run.folder / "spec.json").write_text("{")
    assert worker.main([str(run.folder)]) == 1
    assert run.status().error.key == "spec.not_a_spec"


def test_data_that_is_gone_fails_the_run(run, tmp_path):
    run.write_spec(RunSpec(data=DataSpec(source="folder", path=str(tmp_path / "gone"))))
    assert worker.main([str(run.folder)]) == 1
    assert isinstance(run.status().error, DataError)


@pytest.mark.parametrize(
    ("problem", "key"),
    [
        (ZeroDivisionError("division by zero"), "runs.unexpected"),
        (MemoryError(), "runs.out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), "runs.out_of_memory"),
        (OSError(28, "No space left on device"), "runs.cannot_write"),
    ],
)
def test_any_other_error_becomes_a_sentence_and_its_details_go_to_the_log(run, monkeypatch, capsys, problem, key):
    monkeypatch.setattr(training_run, "train", _raise(problem))
    assert worker.main([str(run.folder)]) == 1
    status = run.status()
    assert (status.phase, status.error.key) == ("failed", key)
    assert "Traceback" not in status.error.text("en")
    assert "Traceback" in capsys.readouterr().err


def _raise(problem):
    def train(run, writer):
        raise problem

    return train
