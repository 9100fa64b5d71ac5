"""Image augmentation under Keras' names. Public names are resolved when they are first used: Pillow, pandas and numba
are imported by those who need them alone.
"""

from engine import lazy

_PUBLIC = {
    "DataFrameIterator": "engine.augment.dataframe",
    "DirectoryIterator": "engine.augment.directory",
    "ImageDataGenerator": "engine.augment.generator",
    "Iterator": "engine.augment.iterator",
    "NumpyArrayIterator": "engine.augment.flow",
    "apply_affine_transform": "engine.augment.transforms",
    "apply_brightness_shift": "engine.augment.transforms",
    "apply_channel_shift": "engine.augment.transforms",
    "array_to_img": "engine.augment.pictures",
    "flip_axis": "engine.augment.transforms",
    "img_to_array": "engine.augment.pictures",
    "list_pictures": "engine.augment.directory",
    "load_img": "engine.augment.pictures",
    "random_brightness": "engine.augment.transforms",
    "random_channel_shift": "engine.augment.transforms",
    "random_rotation": "engine.augment.transforms",
    "random_shear": "engine.augment.transforms",
    "random_shift": "engine.augment.transforms",
    "random_zoom": "engine.augment.transforms",
    "save_img": "engine.augment.pictures",
    "transform_matrix_offset_center": "engine.augment.transforms",
    "validate_filename": "engine.augment.files",
}

__all__ = sorted(_PUBLIC)
__getattr__ = lazy.attributes(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return __all__
