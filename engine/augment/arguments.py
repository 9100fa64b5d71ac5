"""What each argument of `ImageDataGenerator` may be: one check per argument, in one table.

A check returns its value as plain Python, fit to be printed in a call. It looks at single arguments, not at pictures.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from engine import catalog
from engine.augment.draw import Ranges, Shift
from engine.errors import SpecError, SpecTypeError
from engine.texts.augment import WARNINGS

MOST_SHIFTS = 2**20  # of whole pixels to choose from, which are listed


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _plain(value: Any) -> Any:
    """A number as int or float, a sequence of them as tuple, also of numpy's types; anything else as it is."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return tuple(_plain(item) for item in value)
    if not _is_number(value):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def _is_ascending_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]


def check_number(name: str, value: Any) -> float:
    """Return a finite number as it is, else raise SpecError."""
    if not _is_number(value):
        raise SpecError("augment.not_a_number", field=f"augment.{name}", name=name, value=repr(value))
    return _plain(value)


def check_count(name: str, value: Any) -> int:
    """Return a whole number of at least 1, else raise SpecError."""
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < 1:
        raise SpecError("augment.not_a_count", field=f"augment.{name}", name=name, value=repr(value))
    return int(value)


def check_seed(value: Any) -> int:
    """Return a seed in [0, 2**32), else raise SpecError."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= int(value) < 2**32:
        raise SpecError("augment.not_a_seed", field="augment.seed", value=repr(value))
    return int(value)


def is_one_of(value: Any, names: Collection[str]) -> bool:
    """Whether a value is one of some names; whatever is no text, such as an array, is not."""
    return isinstance(value, str) and value in names


def check_path(name: str, value: Any) -> str:
    """Return a path as text, else raise SpecTypeError."""
    if not isinstance(value, str | bytes | os.PathLike):
        raise SpecTypeError("augment.not_a_path", name=name, value=repr(value))
    return os.fsdecode(value)


def _strength(name: str, value: Any) -> float:
    if not _is_number(value) or value < 0:
        raise SpecError("augment.not_a_strength", field=f"augment.{name}", name=name, value=repr(value))
    return _plain(value)


def _shear(name: str, value: Any) -> float:
    if _strength(name, value) >= 90:
        raise SpecError("augment.shear_too_large", field=f"augment.{name}", value=value)
    return _plain(value)


def _shift(name: str, value: Any) -> Any:
    plain = _plain(value)
    good = bool(plain) and all(map(_is_number, plain)) if isinstance(plain, tuple) else _is_number(plain) and plain >= 0
    too_many = isinstance(plain, int) and plain > MOST_SHIFTS
    if not good or too_many:
        raise SpecError("augment.not_a_shift", field=f"augment.{name}", name=name, value=repr(value))
    return plain


def _zoom(name: str, value: Any) -> Any:
    plain = _plain(value)
    good = plain[0] > 0 if _is_ascending_pair(plain) else _is_number(plain) and 0 <= plain < 1
    if not good:
        raise SpecError("augment.not_a_zoom", field=f"augment.{name}", value=repr(value))
    return plain


def _brightness(name: str, value: Any) -> Any:
    plain = _plain(value)
    if plain is not None and not (_is_ascending_pair(plain) and plain[0] >= 0):
        raise SpecError("augment.not_a_brightness", field=f"augment.{name}", value=repr(value))
    return plain


def _rescale(name: str, value: Any) -> Any:
    return None if value is None else check_number(name, value)


def _epsilon(name: str, value: Any) -> float:
    if _strength(name, value) == 0:
        raise SpecError("augment.not_positive", field=f"augment.{name}", name=name, value=repr(value))
    return _plain(value)


def _function(name: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise SpecError("augment.not_a_function", field=f"augment.{name}", value=repr(value))
    return value


def _data_format(name: str, value: Any) -> Any:
    if value is not None and not is_one_of(value, ("channels_last", "channels_first")):
        raise SpecError("augment.not_a_data_format", field=f"augment.{name}", value=repr(value))
    return value


def _fraction(name: str, value: Any) -> float:
    if not _is_number(value) or not 0 <= value < 1:
        raise SpecError("augment.not_a_fraction", field=f"augment.{name}", value=repr(value))
    return _plain(value)


def _order(name: str, value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= int(value) <= 5:
        raise SpecError("augment.not_an_order", field=f"augment.{name}", value=repr(value))
    return int(value)


def _float_type(name: str, value: Any) -> str | None:
    if value is None:
        return None
    try:
        dtype = np.dtype(value)
    except (TypeError, ValueError):
        dtype = np.dtype(object)
    if dtype.kind != "f":
        raise SpecError("augment.not_a_float_type", field=f"augment.{name}", value=repr(value))
    return dtype.name


def _like_catalog(entry: str) -> Callable[[str, Any], Any]:
    """A check that the catalog has already."""
    return lambda name, value: catalog.AUGMENT[entry].check(value, f"augment.{name}")


def _switch(name: str, value: Any) -> bool:
    """True or False, also as numpy's bool, or as 0 or 1: what `get_random_transform` returns for flips."""
    if isinstance(value, np.bool_ | Integral) and value in (0, 1):
        return bool(value)
    return catalog.AUGMENT["horizontal_flip"].check(value, f"augment.{name}")


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "featurewise_center": _switch,
    "samplewise_center": _switch,
    "featurewise_std_normalization": _switch,
    "samplewise_std_normalization": _switch,
    "zca_whitening": _switch,
    "zca_epsilon": _epsilon,
    "rotation_range": _strength,
    "width_shift_range": _shift,
    "height_shift_range": _shift,
    "brightness_range": _brightness,
    "shear_range": _shear,
    "zoom_range": _zoom,
    "channel_shift_range": _strength,
    "fill_mode": _like_catalog("fill_mode"),
    "cval": check_number,
    "horizontal_flip": _switch,
    "vertical_flip": _switch,
    "rescale": _rescale,
    "preprocessing_function": _function,
    "data_format": _data_format,
    "validation_split": _fraction,
    "interpolation_order": _order,
    "dtype": _float_type,
}


def check(arguments: dict[str, Any]) -> dict[str, Any]:
    """Check all arguments of an `ImageDataGenerator`.

    Returns
    -------
    dict
        The same names, with values as plain Python.

    Raises
    ------
    SpecError
        For the first argument that is of another type or out of range.
    """
    return {name: CHECKS[name](name, value) for name, value in arguments.items()}


def warn(arguments: dict[str, Any]) -> None:
    """Warn the caller's caller about checked arguments that are allowed, but hardly mean what they say."""
    for message in _doubts(arguments):
        warnings.warn(message, stacklevel=3)


def _doubts(arguments: dict[str, Any]) -> Iterator[str]:
    if 0 < arguments["shear_range"] < 1:
        yield WARNINGS["small_shear"]("en", value=arguments["shear_range"])
    for name in ("width_shift_range", "height_shift_range"):
        if isinstance(arguments[name], int) and arguments[name] == 1:
            yield WARNINGS["shift_of_one"]("en", name=name)
    zca = arguments["zca_whitening"]
    for kind in ("samplewise", "featurewise"):
        divides = arguments[f"{kind}_std_normalization"] and not (zca and kind == "featurewise")
        if divides and not arguments[f"{kind}_center"]:
            yield WARNINGS["centres_too"]("en", name=f"{kind}_std_normalization", center=f"{kind}_center")
    if zca and not arguments["featurewise_center"]:
        yield WARNINGS["centres_too"]("en", name="zca_whitening", center="featurewise_center")
    if zca and arguments["featurewise_std_normalization"]:
        yield WARNINGS["whitens_instead"]("en")


def ranges(arguments: dict[str, Any]) -> Ranges:
    """The ranges of random transforms that checked arguments mean."""
    zoom = arguments["zoom_range"]
    return Ranges(
        rotation=arguments["rotation_range"],
        width_shift=_choices(arguments["width_shift_range"]),
        height_shift=_choices(arguments["height_shift_range"]),
        shear=arguments["shear_range"],
        zoom=zoom if isinstance(zoom, tuple) else (1 - zoom, 1 + zoom),
        horizontal_flip=arguments["horizontal_flip"],
        vertical_flip=arguments["vertical_flip"],
        channel_shift=arguments["channel_shift_range"],
        brightness=arguments["brightness_range"],
    )


def _choices(shift: Any) -> Shift:
    """As in Keras: a whole number k means one of 0..k-1 pixels, a fraction or a list means itself."""
    return tuple(range(shift)) if isinstance(shift, int) and shift else shift
