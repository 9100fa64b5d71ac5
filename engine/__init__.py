"""FitLab's engine: Keras' fit, fit_generator and ImageDataGenerator on PyTorch.

Public names are resolved when they are first used, so that importing a part that needs no torch (settings, runs,
augmentation on the CPU) does not import torch.
"""

from engine import lazy

_PUBLIC = {
    "AugmentSpec": "engine.spec",
    "DataError": "engine.errors",
    "DataSpec": "engine.spec",
    "EngineError": "engine.errors",
    "History": "engine.training.callbacks",
    "ImageDataGenerator": "engine.augment.generator",
    "Model": "engine.training.model",
    "RunError": "engine.errors",
    "RunSpec": "engine.spec",
    "SpecError": "engine.errors",
    "TrainSpec": "engine.spec",
    "TrainingError": "engine.errors",
    "callbacks": "engine.callbacks",
    "evaluate": "engine.training.model",
    "evaluate_generator": "engine.training.model",
    "fit": "engine.training.model",
    "fit_generator": "engine.training.model",
    "load_data": "engine.data",
    "map_npz": "engine.data.mapped",
    "losses": "engine.losses",
    "metrics": "engine.metrics",
    "networks": "engine.networks",
    "optimizers": "engine.optimizers",
    "predict": "engine.training.model",
    "predict_generator": "engine.training.model",
}

__all__ = sorted(_PUBLIC)
__getattr__ = lazy.attributes(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return __all__
