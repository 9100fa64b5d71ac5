"""Shapes: coloured pictures drawn by the engine itself, as many as asked for, without any file or download.

Every class covers the same share of the picture, and colours, place, tilt and texture are drawn alike for all classes,
so that neither the mean colour nor single pixels give the class away: a network has to look at the form.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engine.data.source import NO_PART, Pictures, Source

NATIVE_SIZE = 32

_AREA = (0.10, 0.26)  # share of the picture that a shape covers
_TILT = np.radians(30)
_LIGHTNESS = ((0.34, 0.60), (0.69, 0.93))  # of the darker and of the lighter colour (OKLCH)
_CHROMA = (0.05, 0.15)
_GRAIN = 18.0  # largest change of a pixel value by noise
_TEXTURE = 30.0  # largest change of a pixel value by the pattern
_BLOBS = 5  # side of the coarse noise that is enlarged to soft clouds
_OVERSAMPLING = 4
_FRACTION_BITS = 8  # of the corner coordinates given to OpenCV
_CHUNK = 128  # pictures composed at once, so that the arrays stay in the processor's cache

# Uniform random numbers per picture: 16 for the parameters, then the clouds, then the grain.
_N_PARAMETERS = 16


def _polar(angle: np.ndarray, radius: np.ndarray | float) -> np.ndarray:
    return np.stack([radius * np.sin(angle), -radius * np.cos(angle)], axis=1)


def _polygon(n: int) -> np.ndarray:
    return _polar(np.linspace(0, 2 * np.pi, n, endpoint=False), 1.0)


def _star() -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    return _polar(angle, np.where(np.arange(10) % 2, 0.45, 1.0))


def _cross() -> np.ndarray:
    arm = 0.34
    quarter = np.array([[-arm, -arm], [-arm, -1.0], [arm, -1.0]])
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    return np.concatenate([quarter @ np.linalg.matrix_power(turn, k) for k in range(4)])


def _heart() -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([16 * np.sin(t) ** 3, -y], axis=1)


def _moon() -> np.ndarray:
    """A disc with a bite: the outer arc there, the arc of the biting circle back."""
    bite, away = 0.8, 0.62
    corner = np.arccos((1 + away**2 - bite**2) / (2 * away))
    inner = np.arctan2(np.sin(corner), np.cos(corner) - away)
    outer_arc = np.linspace(corner, 2 * np.pi - corner, 48)
    inner_arc = np.linspace(2 * np.pi - inner, inner, 48)
    x = np.concatenate([np.cos(outer_arc), away + bite * np.cos(inner_arc)])
    return np.stack([x, np.concatenate([np.sin(outer_arc), bite * np.sin(inner_arc)])], axis=1)


def _signed_area(contour: np.ndarray) -> float:
    x, y = contour.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _normalised(contours: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Contours (an outline, then holes) moved to the middle of their bounding box and scaled to an area of 1."""
    outline, *holes = contours
    area = abs(_signed_area(outline)) - sum(abs(_signed_area(hole)) for hole in holes)
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    return [(contour - middle) / np.sqrt(area) for contour in contours]


_SHAPES: dict[str, list[np.ndarray]] = {
    name: _normalised(contours)
    for name, contours in {
        "circle": [_polygon(64)],
        "cross": [_cross()],
        "heart": [_heart()],
        "moon": [_moon()],
        "ring": [_polygon(64), 0.56 * _polygon(64)],
        "square": [_polygon(4) @ np.array([[1.0, 1.0], [-1.0, 1.0]])],
        "star": [_star()],
        "triangle": [_polygon(3)],
    }.items()
}
CLASS_NAMES = tuple(_SHAPES)


def draw_shapes(
    indices: Sequence[int] | np.ndarray, seed: int, size: int = NATIVE_SIZE
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pictures by number; each depends on its index and the seed alone.

    Parameters
    ----------
    indices : sequence of int, length n
        Numbers of the pictures, 0 or more. Neighbouring numbers are of different classes.
    seed : int
        0 or more.
    size : int
        Side of the pictures in pixels, 16 or more.

    Returns
    -------
    images : array of uint8, shape (n, size, size, 3)
    labels : array of int64, shape (n,)
        Indices into `CLASS_NAMES`.
    """
    indices = np.asarray(indices, dtype=np.int64)
    labels = indices % len(CLASS_NAMES)
    images = np.empty((len(indices), size, size, 3), dtype=np.uint8)
    for start in range(0, len(indices), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        images[chunk] = _compose(_random_numbers(indices[chunk], seed, size), labels[chunk], size)
    return images, labels


class Shapes(Source):
    """The source ``"shapes"``: `spec.n_pictures` pictures, drawn at the size asked for (at least `NATIVE_SIZE`)."""

    def identity(self) -> str:
        return f"{self.spec.n_pictures} {self.spec.seed}"

    def pictures(self) -> Pictures:
        n, seed = self.spec.n_pictures, self.spec.seed
        size = max(self.spec.image_size, NATIVE_SIZE)
        return Pictures(
            class_names=CLASS_NAMES,
            names=[f"shapes/{i:06d}" for i in range(n)],
            labels=np.arange(n) % len(CLASS_NAMES),
            part_of=np.full(n, NO_PART, dtype=np.int8),
            read=lambda indices: draw_shapes(indices, seed, size)[0],
        )


def _random_numbers(indices: np.ndarray, seed: int, size: int) -> np.ndarray:
    """Numbers in [0, 1) per picture, float32 (n, k): a Philox generator keyed by seed and index, so order is free."""
    n_numbers = _N_PARAMETERS + 2 * _BLOBS**2 + size**2
    rows = [np.random.Generator(np.random.Philox(key=[seed, index])).random(n_numbers, np.float32) for index in indices]
    return np.stack(rows)


def _between(u: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return limits[0] + u * (limits[1] - limits[0])


def _compose(numbers: np.ndarray, labels: np.ndarray, size: int) -> np.ndarray:
    """Pictures uint8 (n, size, size, 3) from their random numbers (n, k)."""
    u = numbers[:, :_N_PARAMETERS].T
    clouds, grain = np.split(numbers[:, _N_PARAMETERS:], [2 * _BLOBS**2], axis=1)
    dark, light = (_between(u[i], _LIGHTNESS[i]) for i in (0, 1))
    swap = u[2] < 0.5  # which of shape and background is the lighter one
    hue = 2 * np.pi * np.stack([u[3], u[3] + _between(u[4], (0.2, 0.8))])
    chroma = _between(u[5:7], _CHROMA)
    colors = _rgb(np.where(swap, [dark, light], [light, dark]), chroma, hue)  # (2, n, 3): background, shape

    patterns = _patterns(clouds, u[7:12], size)  # (2, n, size, size), -1..1
    mask = _masks(labels, u[12:16], size)  # (n, size, size), 0..1
    background, shape = (colors[i][:, None, None] + _TEXTURE * patterns[i][..., None] for i in (0, 1))
    pictures = background + mask[..., None] * (shape - background)
    pictures += _GRAIN * (2 * grain.reshape(-1, size, size, 1) - 1)
    return np.clip(np.rint(pictures), 0, 255).astype(np.uint8)


def _rgb(lightness: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Colours 0..255 from OKLCH (matrices: B. Ottosson, "A perceptual color space for image processing", 2020)."""
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    to_cones = np.array(
        [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip((lab @ to_cones.T) ** 3 @ to_linear.T, 0, 1)
    return (255 * np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)).astype(np.float32)


def _patterns(clouds: np.ndarray, u: np.ndarray, size: int) -> np.ndarray:
    """Soft clouds mixed with stripes for background and shape, float32 (2, n, size, size) in -1..1."""
    n = len(clouds)
    blobs = 2 * clouds.reshape(n, 2, _BLOBS, _BLOBS).transpose(1, 0, 2, 3) - 1
    soft = np.array([[cv2.resize(b, (size, size), interpolation=cv2.INTER_CUBIC) for b in kind] for kind in blobs])
    axis = np.linspace(0, 1, size, dtype=np.float32)
    angle, waves, phase = np.pi * u[0], _between(u[1], (2.0, 5.0)), 2 * np.pi * u[2]
    along = np.cos(angle)[:, None, None] * axis[:, None] + np.sin(angle)[:, None, None] * axis
    stripes = np.sin(2 * np.pi * waves[:, None, None] * along + phase[:, None, None])
    share = u[3:5, :, None, None]
    return soft * (1 - share) + np.stack([stripes, -stripes]) * share


def _masks(labels: np.ndarray, u: np.ndarray, size: int) -> np.ndarray:
    """How much of each pixel the shape covers, float32 (n, size, size) in 0..1."""
    scale = np.sqrt(_between(u[0], _AREA))
    tilt = _TILT * (2 * u[1] - 1)
    canvas = size * _OVERSAMPLING
    masks = np.empty((len(labels), size, size), dtype=np.float32)
    for k, label in enumerate(labels):
        turn = np.array([[np.cos(tilt[k]), np.sin(tilt[k])], [-np.sin(tilt[k]), np.cos(tilt[k])]]) * scale[k]
        contours = [contour @ turn for contour in _SHAPES[CLASS_NAMES[label]]]
        low, high = contours[0].min(axis=0), contours[0].max(axis=0)
        # Anywhere, as long as the whole shape is inside.
        place = np.array([u[2, k], u[3, k]]) * (1 - (high - low)) - low
        drawn = np.zeros((canvas, canvas), dtype=np.uint8)
        corners = [np.rint((c + place) * (canvas << _FRACTION_BITS)).astype(np.int32) for c in contours]
        cv2.fillPoly(drawn, corners, 255, shift=_FRACTION_BITS)
        masks[k] = cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA)
    return masks / 255
