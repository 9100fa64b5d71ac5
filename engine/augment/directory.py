"""Pictures in a folder, one sub-folder per class: which files count, their order and their classes, as in Keras."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.augment.arguments import check_path
from engine.augment.files import (
    EXTENSIONS,
    FileIterator,
    PictureReader,
    check_class_mode,
    check_class_names,
    check_subset_of,
    has_ending,
    settle_generator,
)
from engine.augment.iterator import bounds
from engine.augment.names import Names
from engine.errors import DataError
from engine.texts.augment import NOTES, WARNINGS

if TYPE_CHECKING:
    from engine.augment.generator import ImageDataGenerator

CLASS_MODES = ("categorical", "binary", "sparse", "input")


class DirectoryIterator(FileIterator):
    """Batches of the pictures in a folder; made by `ImageDataGenerator.flow_from_directory`. See `Iterator`.

    Files are found at any depth below a class's folder: png, jpg, jpeg, bmp, ppm, tif and tiff as in Keras, and webp,
    in any case; a gif counts as no picture. Folders come in the order of their whole paths as text, the files of each
    in the order of their names as text ("img10" before "img2"). Pictures are read as `load_img` reads them, so the
    orientation that cameras store (EXIF) is applied once.

    Their pixels are kept, so that later passes decode nothing, if those of all pictures take at most a quarter of the
    memory that is available at the beginning and half of the free disk space. They lie in a file without a name beside
    the prepared data sets, which is gone with the iterator; the system takes the memory back whenever it is needed. A
    file that changes is read again.

    Parameters
    ----------
    directory : str or path-like
        Holds one folder per class.
    image_data_generator : ImageDataGenerator or None
        What happens to the pictures; None = they become floats.
    target_size : (int, int)
        Height and width in pixels that pictures are resized to.
    color_mode : {"rgb", "rgba", "grayscale"}
        Grey of more than 8 bits is scaled to 0..255.
    classes : sequence of str, optional
        Names of the folders, in the order of the classes; None = all there are, in the order of their names as text.
    class_mode : {"categorical", "binary", "sparse", "input"} or None
        y of a batch: "categorical" one-hot rows; "binary" and "sparse" the numbers of the classes, as floats; "input"
        the pictures once more; None = x alone.
    batch_size : int
        Pictures per batch; the last batch of a pass may be smaller.
    shuffle : bool
        Whether each pass has its own random order.
    seed : int, optional
        Decides order and transforms. None = a fresh one, to be read from the attribute `seed`.
    data_format : {"channels_last", "channels_first"}, optional
        None = the generator's.
    save_to_dir, save_prefix, save_format
        As for `NumpyArrayIterator`.
    follow_links : bool
        Whether to look into folders that are symbolic links, below those of the classes.
    subset : {"training", "validation"}, optional
        With the generator's `validation_split` v: "validation" is the first int(v * files) of each class, "training"
        the rest. Pictures of the validation are standardized, never transformed.
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"}
        How pictures are resized: Pillow's filter of this name.
    keep_aspect_ratio : bool
        Whether to resize the middle part of the target's proportions, rather than to distort.
    dtype : str or np.dtype, optional
        Type of x, and of y unless it is x; None = the generator's.

    Attributes
    ----------
    class_indices : dict of str to int
        The number of each class.
    classes : np.ndarray
        (n,) int32: the class of each file.
    filenames, filepaths : Names
        Sequences of str: the files below `directory`, and with it.
    samples, num_classes : int
        Number of files and of classes.

    Raises
    ------
    DataError
        If there is no such directory; when a batch is read, if a file is gone or damaged, naming it.
    SpecError
        If an argument is out of range.

    Warns
    -----
    UserWarning
        If a folder cannot be read; its pictures are left out.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        image_data_generator: ImageDataGenerator | None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | Path | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ) -> None:
        generator = settle_generator(image_data_generator, data_format)
        reader = PictureReader(target_size, color_mode, interpolation, keep_aspect_ratio)
        check_class_mode(class_mode, CLASS_MODES)
        check_subset_of(generator, subset)
        folder = check_path("directory", directory)
        there = _class_folders(folder)
        class_names = list(dict.fromkeys(check_class_names(classes))) or there  # a name given twice is one class
        of_class = []
        for name in class_names:
            top = os.path.join(folder, name)
            paths = list_pictures(top, follow_links=follow_links)
            start, stop = bounds(len(paths), generator.validation_split, subset)
            of_class.append(Names.of(name + path.removeprefix(top) for path in paths[start:stop]))
        counts = np.array([len(names) for names in of_class], np.int64)
        print(NOTES["found_pictures"]("en", n=counts.sum(), n_classes=len(class_names)))
        super().__init__(
            Names.joined(of_class),
            folder,
            reader,
            class_mode,
            generator,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            dtype=dtype,
            classes=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
            class_indices={name: k for k, name in enumerate(class_names)},
        )


def list_pictures(directory: str, ext: str | Sequence[str] = EXTENSIONS, follow_links: bool = False) -> list[str]:
    """Paths of the picture files in a folder and all below it, in the order that `DirectoryIterator` describes.

    Parameters
    ----------
    directory : str
        Where to look.
    ext : str or sequence of str
        Endings that count, in any case.
    follow_links : bool
        Whether to look into folders that are symbolic links.

    Warns
    -----
    UserWarning
        If a folder cannot be read.
    """
    extensions = (ext,) if isinstance(ext, str) else ext
    folders = sorted(os.walk(directory, onerror=_warn, followlinks=follow_links))
    return [os.path.join(folder, n) for folder, _, names in folders for n in sorted(names) if has_ending(n, extensions)]


def _class_folders(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", str(error))
        raise DataError("augment.no_such_directory", path=directory, reason=reason) from None


def _warn(error: OSError) -> None:
    warnings.warn(WARNINGS["folder_left_out"]("en", path=error.filename, reason=error.strerror), stacklevel=2)
