"""Counter-based random numbers: Philox4x32-10, in a numba kernel.

Each number depends on its key and counter alone, so that no reading order, batch size or number of threads can change
it. What the numbers are used for is `engine.augment.draw`'s business. Importing this module imports numba, so `draw`
does it when the first picture's numbers are drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.augment.compiled import kernel

ROUNDS = 10
WORD = 0xFFFFFFFF
MASK, HALF = np.uint64(WORD), np.uint64(32)
# Constants of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEP_0, KEY_STEP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@kernel
def philox(counter: Any, key: Any) -> Any:
    """Scramble a counter with a key.

    Parameters
    ----------
    counter : (uint64, uint64, uint64, uint64)
        Each below 2**32.
    key : (uint64, uint64)
        Each below 2**32.

    Returns
    -------
    (uint64, uint64, uint64, uint64)
        Each below 2**32 and uniform.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        p0, p1 = MULTIPLIER_0 * c0, MULTIPLIER_1 * c2  # 64-bit products of 32-bit words
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & MASK, (p0 >> HALF) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + KEY_STEP_0) & MASK, (k1 + KEY_STEP_1) & MASK
    return c0, c1, c2, c3


def uniforms(seed: int, pass_: int, indices: np.ndarray, n_numbers: int) -> np.ndarray:
    """Random numbers that belong to samples.

    Parameters
    ----------
    seed, pass_ : int
        The key; each is taken modulo 2**32.
    indices : np.ndarray
        (n,) int64, not negative: the numbers of the samples.
    n_numbers : int
        How many numbers each sample gets.

    Returns
    -------
    np.ndarray
        (n, n_numbers) float64 in [0, 1), multiples of 2**-32. Row k depends on seed, pass and ``indices[k]`` alone.
    """
    numbers = np.empty((n_numbers, len(indices)))
    fill(np.ascontiguousarray(indices, np.int64), seed & WORD, pass_ & WORD, numbers)
    return numbers.T


@kernel
def fill(indices: Any, seed: int, pass_: int, numbers: Any) -> None:
    """Write the numbers of `uniforms`, transposed."""
    key = np.uint64(seed), np.uint64(pass_)
    for k in range(indices.size):
        sample = np.uint64(indices[k])
        for first in range(0, len(numbers), 4):
            words = philox((sample & MASK, sample >> HALF, np.uint64(first // 4), np.uint64(0)), key)
            for i in range(min(4, len(numbers) - first)):
                numbers[first + i, k] = words[i] * 2.0**-32
