"""The choice of a device, and how it is called."""

from __future__ import annotations

import pytest
import torch

from engine.errors import TrainingError
from engine.training import device


def test_automatic_takes_the_best_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert device.pick() == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device.pick() == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device.pick() == torch.device("cuda")
    assert device.pick("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "quantum"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="device that this computer has"):
        device.pick(name)


def test_the_cpu_in_words():
    text = device.describe(torch.device("cpu"))
    assert text("en").startswith(f"CPU, {torch.get_num_threads()} of ")
    assert text("zh").startswith("CPU，")
