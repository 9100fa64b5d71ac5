"""`ImageDataGenerator`: joins drawing, geometry, warp, colour and standardization under Keras' names.

It holds settings and no data; the iterators (`flow`, `directory`, `dataframe`) hold the data and its order. Everything
here runs on the CPU without torch, and imports numba only when the first picture is drawn for or warped.
"""

from __future__ import annotations

import inspect
import os
import secrets
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from engine.augment import affine, arguments
from engine.augment.colour import recolour
from engine.augment.dataframe import DataFrameIterator
from engine.augment.directory import DirectoryIterator
from engine.augment.draw import TransformParameters, draw, draw_like_keras
from engine.augment.flow import NumpyArrayIterator
from engine.augment.mapped import check_whole
from engine.augment.pixels import as_numbers, check_batch, check_picture, note_channels
from engine.augment.standardize import Standardization
from engine.augment.warp import warp
from engine.errors import SpecError
from engine.spec import AugmentSpec
from engine.texts.augment import WARNINGS

STEPS = (
    "preprocessing_function",
    "samplewise_center",
    "samplewise_std_normalization",
    "featurewise_center",
    "featurewise_std_normalization",
    "zca_whitening",
    "zca_epsilon",
)


def _learned(name: str) -> Any:
    """An attribute of the generator that lies with its standardization."""

    def find(self: ImageDataGenerator) -> Any:
        return getattr(self.standardization, name)

    def put(self: ImageDataGenerator, value: Any) -> None:
        try:
            array = None if value is None else np.asarray(value, self.standardization.dtype)
        except (TypeError, ValueError, OverflowError):
            raise SpecError("augment.not_statistics", name=name, value=repr(value)) from None
        setattr(self.standardization, name, array)

    return property(find, put)


def _check_shape(shape: Any) -> tuple[int, ...]:
    """Return the shape of one picture, else raise SpecError."""
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise SpecError("augment.not_a_shape", value=repr(shape))
    return tuple(arguments.check_count("img_shape", side) for side in shape)


class ImageDataGenerator:
    """Makes batches of randomly transformed pictures.

    Parameters
    ----------
    featurewise_center, featurewise_std_normalization : bool
        Subtract the mean of each channel over the data given to `fit`; divide by its standard deviation (switches
        centring on).
    samplewise_center, samplewise_std_normalization : bool
        Subtract each picture's own mean; divide by its standard deviation (switches centring on).
    zca_whitening : bool
        Whiten pictures with a matrix learned by `fit`; switches featurewise centring on, and dividing off.
    zca_epsilon : float
        Above 0; softens the whitening.
    rotation_range : float
        Largest angle in degrees, either way.
    width_shift_range, height_shift_range : float, int or list of numbers
        Largest shift sideways, and up or down. A float below 1 is a share of the width or height, from 1 on a number
        of pixels. An int k means a whole number of 0 to k - 1 pixels. A list gives the shifts to choose from (shares,
        if all are below 1). The direction is random.
    brightness_range : (float, float), optional
        Smallest and largest factor; 1 = unchanged, 0 = black.
    shear_range : float
        Largest angle in **degrees**, below 90, either way. (Old tutorials mean radians: their 0.2 is 11.5 degrees.)
    zoom_range : float or (float, float)
        z below 1 means factors from 1 - z to 1 + z; or the smallest and largest factor. Width and height draw their
        own. Factors below 1 enlarge.
    channel_shift_range : float
        Largest value added to all channels of a picture, in its own unit, either way.
    fill_mode : {"nearest", "reflect", "wrap", "constant"}
        What fills places that the picture leaves empty.
    cval : float
        The value of fill mode "constant", in the unit of the pictures as given.
    horizontal_flip, vertical_flip : bool
        Mirror half of the pictures.
    rescale : float, optional
        Factor applied after all transforms, such as ``1 / 255``. None or 0 = off.
    preprocessing_function : callable, optional
        Called on each picture after the transforms and before `rescale`; gets floats, and returns the same shape.
    data_format : {"channels_last", "channels_first"}, optional
        Axes of pictures: (H, W, C), the default, or (C, H, W).
    validation_split : float
        Share of the pictures that ``flow(subset="validation")`` gets, from the beginning.
    interpolation_order : int
        1 bilinear, 0 nearest pixel (for masks of class numbers), 2 to 5 splines: sharper, many times slower, and they
        overshoot the values of a picture at sharp edges.
    dtype : str or np.dtype, optional
        Type of the batches, by default float32. With "float64", standardization computes in it; transforms are float32.

    Attributes
    ----------
    mean, std, zca_whitening_matrix : np.ndarray or None
        What the featurewise steps use: measured by `fit`, or set by hand, as in ``generator.mean = [104, 117, 124]``.

    Raises
    ------
    SpecError
        If an argument is of another type or out of range.

    Warns
    -----
    UserWarning
        If ``0 < shear_range < 1``, if a shift is the whole number 1, which never shifts, or if one switch of
        standardization changes another.

    Notes
    -----
    Transforms come in this order: one resampling for rotation, shift, shear and zoom; flips; channel shift;
    brightness; standardization. Where classic Keras has a defect, this class does what its documentation promises:
    width means sideways, oblong pictures turn about their own centre, brightness works in floats, validation pictures
    are not augmented.
    """

    mean, std, zca_whitening_matrix = _learned("mean"), _learned("std"), _learned("zca_whitening_matrix")

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: float | list[float] = 0.0,
        height_shift_range: float | list[float] = 0.0,
        brightness_range: tuple[float, float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | tuple[float, float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        given = locals().copy()
        self.arguments = checked = arguments.check({name: given[name] for name in arguments.CHECKS})
        arguments.warn(checked)
        self.ranges = arguments.ranges(checked)
        self.fill_mode, self.cval = checked["fill_mode"], float(checked["cval"])
        self.interpolation_order = checked["interpolation_order"]
        self.validation_split = float(checked["validation_split"])
        self.data_format = checked["data_format"] or "channels_last"
        self.dtype = np.dtype(checked["dtype"] or np.float32)
        self.standardization = Standardization(
            rescale=checked["rescale"] or 1.0,
            channel_axis=1 if self.data_format == "channels_first" else 3,
            dtype=np.result_type(self.dtype, np.float32),
            **{name: checked[name] for name in STEPS},
        )

    @classmethod
    def from_spec(cls, spec: AugmentSpec) -> Self:
        """The generator that a run's settings describe."""
        return cls(**asdict(spec))

    def call_text(self) -> str:
        """The Python call that makes this generator, with only those arguments that are not at their default."""
        defaults = inspect.signature(ImageDataGenerator).parameters
        changed = {name: value for name, value in self.arguments.items() if value != defaults[name].default}
        if not changed:
            return "ImageDataGenerator()"
        lines = (f"    {name}={getattr(value, '__name__', repr(value))},\n" for name, value in changed.items())
        return f"ImageDataGenerator(\n{''.join(lines)})"

    # --- many pictures ---

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | Path | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Batches of transformed and standardized pictures, without end. See `NumpyArrayIterator`."""
        flow = NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            ignore_class_split=ignore_class_split,
            subset=subset,
        )
        note_channels(flow.x.shape, self.standardization.channel_axis)
        return flow

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | Path | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Batches of transformed pictures from a folder with one sub-folder per class. See `DirectoryIterator`."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        x_col: str = "filename",
        y_col: str | Sequence[str] | None = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | Path | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **old: Any,
    ) -> DataFrameIterator:
        """Batches of transformed pictures that a table names. See `DataFrameIterator`.

        Keras' old arguments `drop_duplicates`, `has_ext` and `sort` do nothing but warn.
        """
        for name in old:
            if name not in ("drop_duplicates", "has_ext", "sort"):
                raise TypeError(f"flow_from_dataframe() got an unexpected keyword argument {name!r}")
            warnings.warn(WARNINGS["old_argument"]("en", name=name), DeprecationWarning, stacklevel=2)
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            validate_filenames=validate_filenames,
        )

    def draw(self, seed: int, pass_: int, indices: np.ndarray, shape: tuple[int, ...]) -> TransformParameters:
        """Draw the parameters of some samples.

        Parameters
        ----------
        seed, pass_ : int
            Seed, and number of the pass over the data, from 0.
        indices : np.ndarray
            (n,) int64: the samples' numbers.
        shape : tuple of int
            Shape of one picture, in the generator's data format.

        Returns
        -------
        TransformParameters
            Of n pictures; each depends on seed, pass, its index and the settings alone.
        """
        return draw(self.ranges, seed, pass_, indices, *self._size(shape))

    def augment(
        self, images: np.ndarray, indices: np.ndarray, seed: int, pass_: int, samples: np.ndarray | None = None
    ) -> np.ndarray:
        """Transform and standardize some pictures of a data set, as `flow` does.

        Parameters
        ----------
        images : np.ndarray
            (N, H, W, C), or (N, C, H, W) if the generator's data format is "channels_first". uint8 and float32 that
            are C-contiguous are read in place.
        indices : np.ndarray
            (n,) int64: which pictures.
        seed, pass_ : int
            Seed, and number of the pass over the data, from 0.
        samples : np.ndarray, optional
            (n,) int64: the samples' numbers of `draw`. None = `indices`, where these count in the whole data.

        Returns
        -------
        np.ndarray
            (n, H, W, C) or (n, C, H, W), of the generator's dtype.

        Raises
        ------
        DataError
            If a memory-mapped file has become shorter.
        """
        check_whole(images)
        if not self.ranges.active:
            return self.standardized(images, indices)
        parameters = self.draw(seed, pass_, indices if samples is None else samples, images.shape[1:])
        # With nothing between warp and rescale, the warp does both.
        fused = self.standardization.preprocessing_function is None and (
            parameters.channel_shift_intensity is None and parameters.brightness is None
        )
        batch = self._transformed(images, indices, parameters, self.standardization.rescale if fused else 1.0)
        return self.standardization(batch, rescaled=fused).astype(self.dtype, copy=False)

    def standardized(self, images: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Some pictures of a data set standardized but not transformed; all else as in `augment`."""
        check_whole(images)
        batch = np.asarray(images)[indices]  # indexing has copied
        return self.standardization(batch).astype(self.dtype, copy=False)

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Measure what the featurewise steps and whitening need.

        Parameters
        ----------
        x : array_like
            (N, H, W, C) or (N, C, H, W): the training pictures.
        augment : bool
            Whether to measure on transformed pictures.
        rounds : int
            With `augment`: how many passes of them.
        seed : int, optional
            With `augment`: seed of the transforms.

        Raises
        ------
        DataError
            If x is not a batch of pictures, is empty, or a value is NaN or infinite.
        """
        images = check_batch(x)
        note_channels(images.shape, self.standardization.channel_axis)
        indices = np.arange(len(images))
        if not augment:
            self.standardization.fit(images)
            return
        seed = secrets.randbits(31) if seed is None else arguments.check_seed(seed)
        draws = [self.draw(seed, k, indices, images.shape[1:]) for k in range(arguments.check_count("rounds", rounds))]
        self.standardization.fit(np.concatenate([self._transformed(images, indices, p) for p in draws]))

    # --- one picture ---

    def get_random_transform(self, img_shape: tuple[int, ...], seed: int | None = None) -> dict[str, Any]:
        """Draw one picture's parameters with Keras' own random numbers for a seed (see `draw_like_keras`).

        Returns
        -------
        dict
            theta, shear (degrees), tx, ty (pixels), zx, zy (factors), flip_horizontal, flip_vertical (0 or 1),
            channel_shift_intensity, brightness (number or None).
        """
        seed = None if seed is None else arguments.check_seed(seed)
        return draw_like_keras(self.ranges, seed, *self._size(_check_shape(img_shape))).of(0)

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> np.ndarray:
        """Transform one picture with given parameters; names that are missing are neutral.

        Parameters
        ----------
        x : array_like
            (H, W, C) or (C, H, W).
        transform_parameters : dict
            As `get_random_transform` returns it.

        Returns
        -------
        np.ndarray
            The same shape, of the generator's dtype, not standardized.

        Raises
        ------
        DataError
            If x is not one picture, or a value is NaN or infinite.
        SpecError
            If a name is unknown or a value not a number.
        """
        image = check_picture(x)
        parameters = TransformParameters.from_dict(transform_parameters)
        return self._transformed(image[None], np.zeros(1, np.int64), parameters)[0].astype(self.dtype, copy=False)

    def random_transform(self, x: Any, seed: int | None = None) -> np.ndarray:
        """Transform one picture at random: `get_random_transform`, then `apply_transform`."""
        image = check_picture(x)
        return self.apply_transform(image, self.get_random_transform(image.shape, seed))

    def standardize(self, x: Any) -> np.ndarray:
        """Standardize one picture (three axes) or a batch (four), each picture by itself; `x` itself is not changed."""
        array = as_numbers(x)
        if array.ndim == 4:
            images = check_batch(array)
            return self.standardized(images, np.arange(len(images)))
        return self.standardized(check_picture(array)[None], np.zeros(1, np.int64))[0]

    # --- inside ---

    def _size(self, shape: tuple[int, ...]) -> tuple[int, int]:
        return shape[-2:] if self.data_format == "channels_first" else shape[:2]  # type: ignore[return-value]

    def _transformed(
        self, images: np.ndarray, indices: np.ndarray, parameters: TransformParameters, scale: float = 1.0
    ) -> np.ndarray:
        """Geometry and colour of some pictures, float32, in the generator's data format."""
        first = self.data_format == "channels_first"
        images = np.moveaxis(images, 1, 3) if first else images
        batch = warp(
            images,
            indices,
            affine.matrices(parameters, *images.shape[1:3]),
            parameters.flips,
            self.fill_mode,
            self.cval,
            scale,
            order=self.interpolation_order,
        )
        overshoots = self.interpolation_order > 1 and parameters.brightness is not None
        batch = recolour(batch, parameters, images[indices] if overshoots else None)
        return np.ascontiguousarray(np.moveaxis(batch, 3, 1)) if first else batch
