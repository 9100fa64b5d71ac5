"""Reads the recorded results of real Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


def recorded(name: str, part: str = "cases") -> tuple[dict[str, np.ndarray], Any]:
    """All arrays of `name`.npz, and the facts that stand in its JSON entry `part`."""
    with np.load(Path(__file__).with_name(f"{name}.npz"), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return arrays, json.loads(str(arrays[part]))
