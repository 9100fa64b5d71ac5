"""Pictures that a table names: which rows count, and what their columns mean, as in Keras.

The table is pandas', or anything else whose ``table[column]`` gives a column; nothing here imports pandas.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.augment.arguments import check_path
from engine.augment.files import (
    FileIterator,
    PictureReader,
    check_class_mode,
    check_class_names,
    check_subset_of,
    settle_generator,
    validate_filename,
)
from engine.augment.iterator import bounds
from engine.augment.names import Names
from engine.errors import DataError, SpecError, SpecTypeError
from engine.texts.augment import NOTES, WARNINGS

if TYPE_CHECKING:
    from engine.augment.generator import ImageDataGenerator

LABELLED = ("categorical", "binary", "sparse")  # the modes in which samples have classes
NAME = str | Integral  # of a class; numbers only within lists, where no one can take them for "raw"
CLASS_MODES = (*LABELLED, "input", "multi_output", "raw")


class DataFrameIterator(FileIterator):
    """Batches of the pictures in a table; made by `ImageDataGenerator.flow_from_dataframe`. See `Iterator`.

    Samples are the rows in their order. Left out, with a warning, are rows whose file is missing or has another ending
    than a picture's (see `DirectoryIterator`), and silently those of classes that `classes` does not name. Pixels are
    kept for later passes as there.

    Parameters
    ----------
    dataframe : pandas.DataFrame
        One row per picture.
    directory : str or path-like, optional
        Where files lie; None = the table has whole paths.
    image_data_generator : ImageDataGenerator, optional
        What happens to the pictures; None = they become floats.
    x_col : str
        Column of the files' names, or whole paths.
    y_col : str or list of str
        Column of the labels or targets; several for class mode "raw" or "multi_output".
    weight_col : str, optional
        Column of the sample weights, numbers.
    classes : sequence of str, optional
        The classes in their order; None = all there are, in the order of their names.
    class_mode : {"categorical", "binary", "sparse", "input", "multi_output", "raw"} or None
        y of a batch. "categorical": rows of zeros and ones; labels are text, or lists of text or whole numbers (several
        classes per picture). "binary", of exactly two classes, and "sparse": the numbers of the classes, as floats;
        labels are text. "raw": the values of `y_col`. "multi_output": a list of the values of each column. "input": the
        pictures once more. None: x alone.
    target_size, color_mode, batch_size, shuffle, seed, data_format, save_to_dir, save_prefix, save_format
        As for `DirectoryIterator`, as are `interpolation`, `keep_aspect_ratio` and `dtype`.
    subset : {"training", "validation"}, optional
        With the generator's `validation_split` v: "validation" is the first int(v * rows) rows that are left,
        "training" the rest. Pictures of the validation are standardized, never transformed.
    validate_filenames : bool
        Whether to look for each file first. Without it a missing file is an error when its batch is read.

    Attributes
    ----------
    class_indices : dict
        The number of each class; empty where there are none.
    classes : np.ndarray or list of list of int
        (n,) int32, the class of each row; lists of several if any row has one; None where there are none.
    filenames, filepaths : Names
        Sequences of str: the files as in the table, and with `directory`.
    labels, sample_weight
        What the batches' y and weights are made of.

    Raises
    ------
    SpecTypeError
        If a column's values are of a type that the class mode cannot use.
    SpecError
        If the table lacks a column, "binary" has not two classes, or an argument is out of range.
    DataError
        If weights or targets are not finite, or rows of a column differ in shape.
    """

    def __init__(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        image_data_generator: ImageDataGenerator | None = None,
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
        data_format: str | None = None,
        save_to_dir: str | Path | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        validate_filenames: bool = True,
    ) -> None:
        generator = settle_generator(image_data_generator, data_format)
        reader = PictureReader(target_size, color_mode, interpolation, keep_aspect_ratio)
        check_class_mode(class_mode, CLASS_MODES)
        check_subset_of(generator, subset)
        folder = "" if directory is None else check_path("directory", directory)
        chosen = check_class_names(classes, NAME)
        if chosen and class_mode not in LABELLED:
            warnings.warn(WARNINGS["classes_unused"]("en", class_mode=repr(class_mode)), stacklevel=3)
        labels = _Labels(dataframe, y_col, class_mode, chosen) if class_mode in LABELLED else None
        files = _file_names(dataframe, x_col)
        weights = None if weight_col is None else _weights(dataframe, weight_col)
        rows = _with_file(files, folder, x_col) if validate_filenames else np.arange(len(files))
        if labels is not None:
            rows = labels.settle(rows)
        rows = rows[slice(*bounds(len(rows), generator.validation_split, subset))]
        super().__init__(
            Names.of(files[row] for row in rows),
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
            classes=None if labels is None else labels.numbers(rows),
            class_indices=None if labels is None else labels.class_indices,
            columns=_columns(dataframe, y_col, class_mode, rows),
            sample_weight=None if weights is None else weights[rows],
        )
        note = "found_rows_of_classes" if class_mode in LABELLED else "found_rows"
        validated = "validated" if validate_filenames else "non-validated"
        print(NOTES[note]("en", n=self.n, validated=validated, n_classes=self.num_classes))


class _Labels:
    """A column of labels: text, or for "categorical" also lists of names, and which number each class has.

    `chosen` are the classes that count, in their order; none = all there are.
    """

    def __init__(self, table: Any, y_col: Any, class_mode: str | None, chosen: list[Any]) -> None:
        if not isinstance(y_col, str):
            raise SpecTypeError("augment.not_a_column", field="augment.y_col", mode=class_mode, value=repr(y_col))
        self.labels = list(_column(table, y_col))
        self.chosen = list(dict.fromkeys(chosen))
        self.class_indices: dict[Any, int] = {}
        types = str | list | tuple if class_mode == "categorical" else str
        for row, label in enumerate(self.labels):
            if not isinstance(label, types) or not all(isinstance(name, NAME) for name in _each(label)):
                raise SpecTypeError("augment.not_labels", field="augment.y_col", name=y_col, row=row, value=repr(label))
        n_classes = len(self.chosen or set(self._names(range(len(self.labels)))))
        if class_mode == "binary" and n_classes != 2:
            raise SpecError("augment.not_two_classes", field="augment.class_mode", n=n_classes)

    def _names(self, rows: Iterable[int]) -> Iterator[Any]:
        return (name for row in rows for name in _each(self.labels[row]))

    def settle(self, rows: np.ndarray) -> np.ndarray:
        """Number the classes that some rows have, and return those of the rows that count."""
        names = self.chosen or sorted(set(self._names(rows)), key=lambda name: (isinstance(name, str), name))
        self.class_indices = {name: k for k, name in enumerate(names)}
        if not self.chosen:
            return rows
        return np.array([row for row in rows if not self.class_indices.keys().isdisjoint(self._names([row]))], np.int64)

    def numbers(self, rows: np.ndarray) -> np.ndarray | list[int | list[int]]:
        """(n,) int32 the class of each row; a list, if any row has a list of classes."""
        numbers = [self._numbers(self.labels[row]) for row in rows]
        return numbers if any(isinstance(number, list) for number in numbers) else np.array(numbers, np.int32)

    def _numbers(self, label: Any) -> int | list[int]:
        if isinstance(label, str):
            return self.class_indices[label]
        return [self.class_indices[name] for name in label if name in self.class_indices]


def _each(label: Any) -> Sequence[Any]:
    return (label,) if isinstance(label, str) else label


def _column(table: Any, name: Any) -> Any:
    if not (hasattr(table, "__getitem__") and hasattr(table, "keys")):
        raise SpecTypeError("augment.not_a_table", field="augment.dataframe", value=type(table).__name__)
    try:
        return table[name]
    except (KeyError, TypeError, IndexError):  # also a value that can name no column
        raise SpecError("augment.no_such_column", value=repr(name), names=", ".join(map(str, table))) from None


def _file_names(table: Any, name: str) -> list[str]:
    files = list(_column(table, name))
    wrong = next((file for file in files if not isinstance(file, str)), None)
    if wrong is not None:
        raise SpecTypeError("augment.not_file_names", field="augment.x_col", name=name, value=repr(wrong))
    return files


def _values(table: Any, name: Any) -> np.ndarray:
    """A column as an array; one that holds arrays is stacked."""
    values = np.asarray(_column(table, name))
    if values.dtype != object:
        return values
    try:
        return np.array(values.tolist())
    except ValueError:
        raise DataError("augment.ragged_column", name=name) from None


def _columns(table: Any, y_col: Any, class_mode: str | None, rows: np.ndarray) -> Any:
    """The targets of some rows that are passed along: a list for "multi_output", one array for "raw", else None."""
    if class_mode not in ("multi_output", "raw"):
        return None
    if not isinstance(y_col, list | tuple):
        if class_mode == "multi_output":
            raise SpecTypeError("augment.not_columns", field="augment.y_col", value=repr(y_col))
        return _values(table, y_col)[rows]
    if not y_col:
        raise SpecError("augment.no_columns", field="augment.y_col", mode=class_mode)
    columns = [_values(table, name)[rows] for name in y_col]
    if class_mode == "multi_output":
        return columns
    if len({column.shape for column in columns}) > 1:
        raise DataError("augment.ragged_column", name=", ".join(map(str, y_col)))
    return np.stack(columns, axis=1)


def _weights(table: Any, name: str) -> np.ndarray:
    weights = _values(table, name)
    if weights.dtype.kind not in "iuf":
        raise SpecTypeError("augment.weights_not_numbers", field="augment.weight_col", name=name)
    if not np.isfinite(weights).all():
        raise DataError("augment.weight_not_finite", name=name, row=int(np.isfinite(weights).argmin()))
    return weights


def _with_file(files: list[str], folder: str, x_col: str) -> np.ndarray:
    """The rows whose file is there and a picture by its name; warns of the others."""
    rows = [row for row, name in enumerate(files) if validate_filename(os.path.join(folder, name))]
    if len(rows) < len(files):
        warnings.warn(WARNINGS["files_left_out"]("en", n=len(files) - len(rows), name=x_col), stacklevel=4)
    return np.array(rows, np.int64)
