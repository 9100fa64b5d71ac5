"""Keras' optimizers, such as ``optimizers.Adam(learning_rate=0.01)``: public names of `engine.training.optimizers`."""

from engine.training.optimizers import SGD, Adam, AdamW, RMSprop

__all__ = ["SGD", "Adam", "AdamW", "RMSprop"]
