"""Keras' compile, fit, fit_generator, evaluate and predict on PyTorch.

The way of a batch: `model.Model.fit` opens a feed (`feeds`), `stream` loads
its batches ahead, and they flow through `loop.train_epoch`.
"""
