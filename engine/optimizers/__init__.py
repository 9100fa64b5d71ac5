"""Keras' optimizers, such as ``optimizers.Adam(0.01)``: the public names of `engine.training.optimizers`."""

from engine.optimizers import schedules
from engine.training.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "schedules"]
