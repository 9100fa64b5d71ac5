"""Data: sources of pictures, safe decoding, the prepared cache and the split. Imports no torch.

Names are resolved when they are first used, so that ``python -m engine.data.prepare`` runs a module that this package
has not imported already.
"""

from engine import lazy

_PUBLIC = {"Dataset": "engine.data.dataset", "load_data": "engine.data.dataset", "map_npz": "engine.data.mapped"}

__all__ = sorted(_PUBLIC)
__getattr__ = lazy.attributes(__name__, _PUBLIC)
