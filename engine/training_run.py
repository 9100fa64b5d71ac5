"""What a run's settings mean: from the data to the trained network.

The only module that joins everything: data, augmentation, network, model and callbacks, and the publisher that writes
into the run folder. The process around it is `engine.worker`.
"""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine import catalog
from engine.augment.generator import ImageDataGenerator
from engine.data import load_data
from engine.publisher import RunPublisher, StopRequested
from engine.runs.database import RunWriter
from engine.runs.store import Run
from engine.spec import RunSpec, TrainSpec
from engine.training import callbacks
from engine.training.model import Model

SCHEDULES = {"one_cycle": callbacks.OneCycle, "cosine": callbacks.Cosine}

SHORT_STEP_S, LONG_STEP_S = 0.1, 0.2
"""Steps shorter than the first take all cores only if those are very much faster; longer than the second, always."""

Pictures = tuple[np.ndarray, np.ndarray]
"""Images uint8 (N, H, W, C) and labels int64 (N,)."""


def train(run: Run, writer: RunWriter) -> str:
    """Train a run as its settings say; returns the phase it ends in, "finished" or "stopped".

    Raises
    ------
    EngineError
        If settings or data cannot be used, or the run folder cannot be written.
    """
    spec = run.spec
    spec.check()
    writer.set_state(stage="data")
    data = load_data(spec.data)
    parts = {name: data.part(name) for name in data.parts}
    writer.set_state(stage="network")
    model = build_model(spec, parts["train"], len(data.class_names))
    threads = choose_threads(model, parts["train"][0], spec.training.batch_size)
    spec = replace(spec, manifest=data.manifest, torch_threads=threads)
    run.write_spec(spec)

    publisher = RunPublisher(run, writer, parts["train"][1], spec.training.batch_size, spec.training.seed)
    counts = ", ".join(f"{len(labels)} for {name}" for name, (_, labels) in parts.items())
    publisher.tell("data", f"Data: {spec.data.source} {spec.data.path}".rstrip() + f"; pictures: {counts}.")
    publisher.tell("network", f"Network: {spec.training.network} by {spec.mode}; {model.device_text.en}.")
    writer.set_state(stage="training", device=model.device_text)
    run.begin()
    try:
        fit(model, spec, parts, [*recipe(spec.training), publisher])
    except StopRequested:
        if run.folder.exists():
            model.save(run.last_checkpoint)
        return "stopped"
    try:
        if len(parts["test"][1]):
            writer.set_state(stage="test")
            publisher.publish_test(judge(model, run, parts["test"], publisher))
    except StopRequested:
        return "stopped"
    return "finished"


def judge(model: Model, run: Run, test_part: Pictures, publisher: RunPublisher) -> dict[str, float]:
    """What the test part says of the best weights of the run, which are the ones to take away."""
    if run.best_checkpoint.exists():
        model.load(run.best_checkpoint)
    logs = model.evaluate(
        *test_part, batch_size=publisher.batch_size, verbose=0, callbacks=[publisher], return_dict=True
    )
    assert isinstance(logs, dict)
    return logs


def build_model(spec: RunSpec, pictures: Pictures, n_classes: int) -> Model:
    """The network for these training pictures, with its optimizer; initial weights follow from the seed."""
    training = spec.training
    images, _ = pictures
    torch.manual_seed(training.seed)
    network = catalog.NETWORKS[training.network].load()(images.shape[1:], n_classes, images=images)
    model = Model(network, seed=training.seed, device=training.device)
    optimizer = catalog.OPTIMIZERS[training.optimizer].load()
    model.compile(optimizer(learning_rate=training.learning_rate), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def fit(model: Model, spec: RunSpec, parts: dict[str, Pictures], hooks: list[callbacks.Callback]) -> None:
    """Train by `Model.fit` or `Model.fit_generator`."""
    training = spec.training
    images, labels = parts["train"]
    shared: dict[str, Any] = {
        "epochs": training.epochs,
        "verbose": 0,
        "callbacks": hooks,
        "validation_data": parts["validation"],
        "class_weight": balanced(labels) if training.class_weight == "balanced" else None,
    }
    if spec.mode == "fit":
        model.fit(images, labels, batch_size=training.batch_size, **shared)
        return
    generator = ImageDataGenerator.from_spec(spec.augment)
    flow = generator.flow(images, labels, batch_size=training.batch_size, seed=training.seed)
    model.fit_generator(
        flow,
        steps_per_epoch=training.steps_per_epoch or len(flow),
        workers=training.workers,
        max_queue_size=training.max_queue_size,
        **shared,
    )


def recipe(training: TrainSpec) -> list[callbacks.Callback]:
    """The callbacks that the settings ask for."""
    chosen: list[callbacks.Callback] = []
    if schedule := SCHEDULES.get(training.schedule):
        chosen.append(schedule(training.learning_rate))
    if training.early_stopping:
        chosen.append(callbacks.EarlyStopping(patience=training.patience, restore_best_weights=True))
    return chosen


def balanced(labels: np.ndarray) -> dict[int, float]:
    """Weights with which every class counts the same in all: n / (classes * pictures of the class)."""
    classes, counts = np.unique(labels, return_counts=True)
    return {int(k): len(labels) / (len(classes) * int(count)) for k, count in zip(classes, counts, strict=True)}


def choose_threads(model: Model, images: np.ndarray, batch_size: int) -> int:
    """Set torch to one thread or to all cores, whichever suits the network, and return the count.

    All cores compute a long step faster. In a short one the threads wait for each other more than they compute, and
    when another program (a browser that watches) wants a core too, they wait ten times as long: there, one thread is
    chosen unless all cores are very much faster. Tried on a copy of the network, in less than half a second; on a GPU
    the count is left alone.
    """
    n_cores = torch.get_num_threads()
    if model.device.type != "cpu" or n_cores == 1:
        return n_cores
    n = min(batch_size, 8)
    inputs = torch.from_numpy(images[:n]).permute(0, 3, 1, 2).float()  # (n, C, H, W), channels_last in memory
    network = copy.deepcopy(model.network).train()

    def batch_s(n_threads: int) -> float:
        """Seconds that a step of a whole batch takes."""
        torch.set_num_threads(n_threads)
        taken = [_step_s(network, inputs)]  # the first one also allocates, and starts threads
        if taken[0] < 0.1:
            taken += [_step_s(network, inputs) for _ in range(2)]
        return min(taken) * batch_size / n

    alone = batch_s(1)
    needed = 1.25 if alone > SHORT_STEP_S else 2.0
    if alone > LONG_STEP_S:
        chosen = n_cores
    elif needed >= n_cores:
        chosen = 1
    else:
        chosen = n_cores if alone / batch_s(n_cores) > needed else 1
    torch.set_num_threads(chosen)
    return chosen


def _step_s(network: nn.Module, inputs: Tensor) -> float:
    """Seconds that one forward and backward pass takes."""
    began = time.perf_counter()
    network(inputs).sum().backward()
    return time.perf_counter() - began


def warm_up() -> None:
    """Do once, on noise, what a first training does slowly: load the libraries, compile kernels, take memory."""
    images = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), np.uint8)
    pictures = images, np.arange(64) % 2
    spec = RunSpec(training=TrainSpec(epochs=1))
    spec = replace(spec, augment=replace(spec.augment, rotation_range=10.0, zoom_range=0.1))
    model = build_model(spec, pictures, n_classes=2)
    fit(model, spec, {"train": pictures, "validation": pictures}, recipe(spec.training))
