"""The steps that bring pictures to the network's scale: preprocessing function, rescale, centring, whitening.

Owns the statistics that the featurewise steps learn from data. Works on whole batches, never on the caller's arrays.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.augment.pixels import as_numbers
from engine.errors import DataError
from engine.texts.augment import WARNINGS

EPSILON = 1e-6  # Keras' own, added to a standard deviation before dividing by it
PICTURE = (1, 2, 3)


@dataclass
class Standardization:
    """Which steps are on, in Keras' names, and what `fit` learned.

    Parameters
    ----------
    rescale : float
        Factor; 1 = off.
    preprocessing_function : callable or None
        Gets one picture of type `dtype`, and returns one of the same shape.
    samplewise_center, samplewise_std_normalization : bool
        Subtract the picture's own mean, divide by its own standard deviation (one number over all of its values).
    featurewise_center, featurewise_std_normalization : bool
        The same per channel, over the data given to `fit`.
    zca_whitening : bool
        Whether `fit` learns a whitening matrix.
    zca_epsilon : float
        Added to the singular values before dividing by them.
    channel_axis : int
        Of a batch: 3, or 1 for channels first.
    dtype : np.dtype
        The floating-point type to compute in.
    mean, std : np.ndarray or None
        What `fit` measured, of a shape that broadcasts over pictures.
    zca_whitening_matrix : np.ndarray or None
        (d, d), d = values per picture.
    """

    rescale: float = 1.0
    preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None
    samplewise_center: bool = False
    samplewise_std_normalization: bool = False
    featurewise_center: bool = False
    featurewise_std_normalization: bool = False
    zca_whitening: bool = False
    zca_epsilon: float = 1e-6
    channel_axis: int = 3
    dtype: np.dtype = np.dtype(np.float32)  # noqa: RUF009
    mean: np.ndarray | None = field(default=None, init=False)
    std: np.ndarray | None = field(default=None, init=False)
    zca_whitening_matrix: np.ndarray | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        # As in Keras: dividing by a deviation or whitening means centring first, and whitening replaces dividing.
        self.samplewise_center |= self.samplewise_std_normalization
        self.featurewise_center |= self.featurewise_std_normalization or self.zca_whitening
        self.featurewise_std_normalization &= not self.zca_whitening

    @property
    def only_rescales(self) -> bool:
        """Whether no step but `rescale` is on."""
        return self.preprocessing_function is None and not (self.samplewise_center or self.featurewise_center)

    def __call__(self, batch: np.ndarray, rescaled: bool = False) -> np.ndarray:
        """Standardize a batch.

        Parameters
        ----------
        batch : np.ndarray
            (n, ...), four axes; may be overwritten.
        rescaled : bool
            Whether `rescale` has been applied already.

        Returns
        -------
        np.ndarray
            The same shape, of type `dtype`.

        Raises
        ------
        DataError
            If the preprocessing function changes a picture's shape.
        """
        batch = batch.astype(self.dtype, copy=False)
        if self.preprocessing_function is not None:
            batch = np.stack([self._preprocess(picture) for picture in batch])
        if self.rescale != 1 and not rescaled:
            batch *= self.rescale
        if self.samplewise_center:
            batch -= batch.mean(PICTURE, keepdims=True)
        if self.samplewise_std_normalization:
            batch /= batch.std(PICTURE, keepdims=True) + EPSILON
        return self._featurewise(batch) if self.featurewise_center else batch

    def fit(self, images: np.ndarray) -> None:
        """Measure mean, standard deviation and whitening matrix, as far as they are switched on.

        Parameters
        ----------
        images : np.ndarray
            (n, ...), four axes, not rescaled.

        Notes
        -----
        With the centred pictures as rows of X and the singular values S and left vectors U of X transposed, the
        whitening matrix is ``U diag(sqrt(n) / (S + epsilon)) U^T``.
        """
        inputs = images.astype(self.dtype)
        inputs *= self.rescale
        others = tuple(axis for axis in range(4) if axis != self.channel_axis)
        if self.featurewise_center:
            self.mean = inputs.mean(others, np.float64, keepdims=True)[0].astype(self.dtype)
        if self.featurewise_std_normalization:
            self.std = inputs.std(others, np.float64, keepdims=True)[0].astype(self.dtype)
        if self.zca_whitening:
            rows = (inputs - self.mean).reshape(len(inputs), -1)
            vectors, values, _ = np.linalg.svd(rows.T, full_matrices=False)
            scales = np.sqrt(len(rows)) / (values + self.zca_epsilon)
            self.zca_whitening_matrix = ((vectors * scales) @ vectors.T).astype(self.dtype)

    def _preprocess(self, picture: np.ndarray) -> np.ndarray:
        assert self.preprocessing_function is not None
        result = as_numbers(self.preprocessing_function(picture), self.dtype)
        if result.shape != picture.shape:
            raise DataError("augment.shape_changed", expected=str(picture.shape), received=str(result.shape))
        return result

    def _featurewise(self, batch: np.ndarray) -> np.ndarray:
        self._warn_of_what_is_not_known()
        try:
            return self._with_statistics(batch)
        except ValueError:  # numbers set by hand that do not broadcast over pictures
            raise DataError("augment.statistics_do_not_fit", received=str(batch.shape[1:])) from None

    def _with_statistics(self, batch: np.ndarray) -> np.ndarray:
        if self.mean is not None:
            batch -= self.mean
        if self.featurewise_std_normalization and self.std is not None:
            batch /= self.std + EPSILON
        if self.zca_whitening and self.zca_whitening_matrix is not None:
            batch = (batch.reshape(len(batch), -1) @ self.zca_whitening_matrix).reshape(batch.shape)
        return batch

    def _warn_of_what_is_not_known(self) -> None:
        needed = {
            "mean": self.featurewise_center,
            "std": self.featurewise_std_normalization,
            "zca_whitening_matrix": self.zca_whitening,
        }
        names = [name for name, on in needed.items() if on and getattr(self, name) is None]
        if names:
            warnings.warn(WARNINGS["not_fitted"]("en", names=", ".join(names)), stacklevel=5)
