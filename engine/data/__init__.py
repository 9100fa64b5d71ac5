"""Data: sources of pictures, safe decoding, the prepared cache and the split. Imports no torch.

`load_data` is resolved when it is first used, so that ``python -m engine.data.prepare`` runs a module that this package
has not imported already.
"""

from typing import Any

__all__ = ["Dataset", "load_data"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'engine.data' has no attribute {name!r}")
    from engine.data import dataset

    return getattr(dataset, name)
