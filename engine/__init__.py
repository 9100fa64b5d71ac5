"""FitLab's engine: Keras' fit, fit_generator and ImageDataGenerator on PyTorch.

Public names are resolved when they are first used, so that importing a part that needs no torch (settings, runs,
augmentation on the CPU) does not import torch.
"""

from importlib import import_module
from typing import Any

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
    "callbacks": "engine.training",
    "fit": "engine.training.model",
    "fit_generator": "engine.training.model",
    "load_data": "engine.data",
    "losses": "engine.training",
    "networks": "engine",
    "optimizers": "engine.training",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    home = _PUBLIC[name]
    module = import_module(home)
    # A public name may be a module of its own rather than an attribute of one.
    is_module = name in {"callbacks", "losses", "networks", "optimizers"}
    value = import_module(f"{home}.{name}") if is_module else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
