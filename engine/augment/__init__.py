"""Image augmentation under Keras' names. Public names are resolved when they are first used: Pillow, pandas and numba
are imported by those who need them alone.
"""

from engine import lazy

_PUBLIC = {
    "ImageDataGenerator": "engine.augment.generator",
    "Iterator": "engine.augment.iterator",
    "NumpyArrayIterator": "engine.augment.flow",
    "array_to_img": "engine.augment.pictures",
    "img_to_array": "engine.augment.pictures",
    "load_img": "engine.augment.pictures",
    "save_img": "engine.augment.pictures",
}

__all__ = sorted(_PUBLIC)
__getattr__ = lazy.attributes(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return __all__
