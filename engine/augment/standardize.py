"""The steps that bring pictures to the network's scale: preprocessing function, rescale, centring, whitening.

Owns the statistics that the featurewise steps learn from data. Works on whole batches, never on the caller's arrays.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

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
        Gets and returns one picture, float32, of unchanged shape.
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
    mean, std : np.ndarray or None
        What `fit` measured, of a shape that broadcasts over pictures, float32.
    zca_whitening_matrix : np.ndarray or None
        (d, d) float32, d = values per picture.
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
            (n, ...) float32, four axes; may be overwritten.
        rescaled : bool
            Whether `rescale` has been applied already.

        Returns
        -------
        np.ndarray
            The same shape, float32.

        Raises
        ------
        DataError
            If the preprocessing function changes a picture's shape.
        """
        if self.preprocessing_function is not None:
            batch = np.stack([self._preprocess(picture) for picture in batch])
        if self.rescale != 1 and not rescaled:
            batch *= np.float32(self.rescale)
        if self.samplewise_center:
            batch -= batch.mean(PICTURE, keepdims=True)
        if self.samplewise_std_normalization:
            batch /= batch.std(PICTURE, keepdims=True) + np.float32(EPSILON)
        return self._featurewise(batch) if self.featurewise_center else batch

    def fit(self, inputs: np.ndarray) -> None:
        """Measure mean, standard deviation and whitening matrix, as far as they are switched on.

        Parameters
        ----------
        inputs : np.ndarray
            (n, ...) float32, four axes, rescaled already.

        Notes
        -----
        With the centred pictures as rows of X and the singular values S and left vectors U of X transposed, the
        whitening matrix is ``U diag(sqrt(n) / (S + epsilon)) U^T``.
        """
        others = tuple(axis for axis in range(4) if axis != self.channel_axis)
        if self.featurewise_center:
            self.mean = inputs.mean(others, np.float64, keepdims=True)[0].astype(np.float32)
        if self.featurewise_std_normalization:
            self.std = inputs.std(others, np.float64, keepdims=True)[0].astype(np.float32)
        if self.zca_whitening:
            rows = (inputs - self.mean).reshape(len(inputs), -1)
            vectors, values, _ = np.linalg.svd(rows.T, full_matrices=False)
            scales = np.sqrt(len(rows)) / (values + self.zca_epsilon)
            self.zca_whitening_matrix = ((vectors * scales) @ vectors.T).astype(np.float32)

    def _preprocess(self, picture: np.ndarray) -> np.ndarray:
        assert self.preprocessing_function is not None
        result = np.asarray(self.preprocessing_function(picture), np.float32)
        if result.shape != picture.shape:
            raise DataError("augment.shape_changed", expected=str(picture.shape), received=str(result.shape))
        return result

    def _featurewise(self, batch: np.ndarray) -> np.ndarray:
        if self.mean is None:
            warnings.warn(WARNINGS["not_fitted"]("en"), stacklevel=4)
            return batch
        batch -= self.mean
        if self.std is not None:
            batch /= self.std + np.float32(EPSILON)
        if self.zca_whitening_matrix is not None:
            batch = (batch.reshape(len(batch), -1) @ self.zca_whitening_matrix).reshape(batch.shape)
        return batch
