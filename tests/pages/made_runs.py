"""Runs in every phase, written as a worker writes them, without one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import RunError
from engine.runs import database
from engine.runs.database import RunWriter
from engine.runs.process import Identity
from engine.runs.status import AT_WORK
from engine.runs.store import Run, RunStore
from engine.spec import RunSpec, TrainSpec

CLASSES = ("circle", "square")
EPOCHS = 4
STEPS = 10  # per epoch
VAL_LOSS = (1.0, 0.4, 0.6, 0.7)  # the second epoch is the best
DEVICE = ("CPU, all of it", "CPU，全部")
NOBODY = Identity(2**22 + 1, 0.0)


def make_run(phase: str, done: int = 3, **state: Any) -> Run:
    """A run in a phase, with `done` epochs behind it; further state as the worker would set it."""
    run = RunStore().create(RunSpec(training=TrainSpec(epochs=EPOCHS)))
    if phase == "queued":
        return run
    run.claim()
    if done:
        _train(run, done)
    if state:
        set_state(run, **state)
    if phase == "lost":
        set_state(run, phase="running", worker=NOBODY)
    elif phase in AT_WORK:
        set_state(run, phase=phase)
    else:
        run.end(phase, RunError("runs.out_of_memory") if phase == "failed" else None)
    return run


def set_state(run: Run, **state: Any) -> None:
    database.change_state(run.database, AT_WORK, state)


def publish(run: Run, epoch: int) -> None:
    """The rows of one epoch."""
    writer = RunWriter(run.database)
    last = epoch * STEPS
    for step in range(last - STEPS + 1, last + 1):
        writer.add_step(step, epoch, {"loss": 2.0 / step, "accuracy": 1 - 1 / step})
    val_loss = VAL_LOSS[epoch - 1]
    writer.add_epoch(last, epoch, "train", {"loss": 1.0 / epoch, "accuracy": 0.7, "learning_rate": 0.003})
    writer.add_epoch(last, epoch, "validation", {"loss": val_loss, "accuracy": 1 - val_loss / 4})
    writer.set_state(epoch=epoch, step=last, loss=1.0 / epoch, val_loss=val_loss, val_accuracy=1 - val_loss / 4)
    if val_loss == min(VAL_LOSS[:epoch]):
        writer.set_state(best_epoch=epoch, best_value=val_loss, best_accuracy=1 - val_loss / 4)
    writer.close()


def _train(run: Run, done: int) -> None:
    run.write_spec(replace(run.spec, manifest={"class_names": CLASSES}))
    set_state(run, epochs=EPOCHS, steps=EPOCHS * STEPS, device=DEVICE, images_per_s=812.3, eta_s=72.0)
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype(np.float32)
    np.savez(run.first_batch, inputs=images, labels=np.arange(6) % 2, indices=np.arange(6))
    for epoch in range(1, done + 1):
        publish(run, epoch)
    run.log.write_text(f"{time.strftime('%H:%M:%S')}  the last line of the log\n", encoding="utf-8")
