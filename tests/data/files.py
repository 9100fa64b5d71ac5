"""Makes the small pictures, folders and zip files that the tests of `engine.data` read."""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
from PIL import Image


def pixels(seed=0, height=12, width=16, n_channels=3):
    """Smooth random colours, so that JPEG keeps them nearly."""
    small = np.random.RandomState(seed).randint(0, 256, (3, 4, n_channels)).astype(np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, n_channels)


def encoded(image, kind="PNG", **options):
    """A picture file as bytes; `image` is an array or a Pillow picture."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def write_tree(root, tree):
    """Write files {relative path: bytes}; a path with a final slash is an empty folder."""
    root.mkdir(exist_ok=True)
    for name, content in tree.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def write_zip(file, tree):
    """Write a zip file of members {name: bytes}."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    return file


def two_classes(n=6, prefix="", **options):
    """Files of two classes with `n` pictures each."""
    names = [f"{prefix}{name}/{i}.png" for name in ("cats", "dogs") for i in range(n)]
    return {name: encoded(pixels(seed, **options)) for seed, name in enumerate(names)}


def reasons(left_out):
    """{name: reason key} of what was left out."""
    return {item.name: item.key for item in left_out}
