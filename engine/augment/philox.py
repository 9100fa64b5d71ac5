"""Counter-based random numbers: Philox4x32-10, vectorised with numpy.

Each number depends on its key and counter alone, so that no reading order, batch size or number of threads can change
it. What the numbers are used for is `engine.augment.draw`'s business.
"""

from __future__ import annotations

import numpy as np

ROUNDS = 10
WORD = 0xFFFFFFFF
# Constants of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
MULTIPLIERS = np.array([[0xD2511F53], [0xCD9E8D57]], dtype=np.uint64)
KEY_STEPS = np.array([[0x9E3779B9], [0xBB67AE85]], dtype=np.uint64)


def philox(counters: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Scramble counters with a key.

    Parameters
    ----------
    counters : np.ndarray
        (4, n) uint64, each value below 2**32.
    key : (int, int)
        Two words below 2**32.

    Returns
    -------
    np.ndarray
        (4, n) uint64, each value below 2**32 and uniform.
    """
    word, shift = np.uint64(WORD), np.uint64(32)
    even, odd = counters[0::2], counters[1::2]
    round_keys = (np.array(key, np.uint64) + np.arange(ROUNDS, dtype=np.uint64)[:, None] * KEY_STEPS.T) & word
    for round_key in round_keys:
        products = MULTIPLIERS * even  # (2, n): 64-bit products of 32-bit words
        even = (products >> shift)[::-1] ^ odd ^ round_key[:, None]
        odd = (products & word)[::-1]
    return np.stack([even[0], odd[0], even[1], odd[1]])


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
    n_blocks = -(-n_numbers // 4)
    samples = np.repeat(np.asarray(indices).astype(np.uint64), n_blocks)
    counters = np.zeros((4, samples.size), np.uint64)
    counters[0] = samples & np.uint64(WORD)
    counters[1] = samples >> np.uint64(32)
    counters[2] = np.tile(np.arange(n_blocks, dtype=np.uint64), len(indices))
    words = philox(counters, (seed & WORD, pass_ & WORD))
    return (words.T.reshape(len(indices), 4 * n_blocks) * 2.0**-32)[:, :n_numbers]
