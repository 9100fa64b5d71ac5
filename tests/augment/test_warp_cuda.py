"""The GPU's two ways to warp against the CPU kernel: plain torch operations here on the CPU, Triton in its interpreter
and compiled ahead for a GPU that need not be there, and both on a real GPU where one is."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ImageDataGenerator
from engine.augment import warp_cpu
from engine.augment.affine import matrices
from engine.augment.draw import Ranges, TransformParameters, draw
from engine.paths import PROJECT
from tests.augment.scipy_oracle import AFFINE, jumps

torch = pytest.importorskip("torch")
from engine.augment import warp_cuda  # noqa: E402 - imports torch

WILD = Ranges(
    rotation=180, width_shift=2.9, height_shift=0.9, shear=60, zoom=(0.2, 3), horizontal_flip=True, vertical_flip=True
)
SHAPES = [(8, 8, 1), (17, 40, 3), (1, 9, 1), (9, 1, 2), (2, 2, 3)]
ORDINARY = {"rotation_range": 30, "zoom_range": 0.2, "horizontal_flip": True, "width_shift_range": 0.1, "rescale": 0.1}


def _check(kernel, shape, dtype, fill_mode, order, device="cpu"):
    """Compare a kernel with the CPU's on a batch with one neutral picture."""
    rng = np.random.default_rng(0)
    images, indices = (rng.random((12, *shape)) * 255).astype(dtype), rng.permutation(12)[:7]
    parameters = draw(WILD, 5, 0, indices, *shape[:2])
    moves = matrices(parameters, *shape[:2])
    moves[3] = [[1, 0, 0], [0, 1, 0]]
    expected = warp_cpu.warp(images, indices, moves, parameters.flips, fill_mode, 7.5, 0.5, order=order)
    tensors = (torch.from_numpy(array).to(device) for array in (images, indices, moves, parameters.flips))
    out = kernel(*tensors, fill_mode, 7.5, 0.5, order).cpu().numpy()
    assert out.dtype == np.float32
    assert np.abs(out - expected).max() < 1e-3
    assert np.array_equal(out[3], expected[3]), "neutral pictures come back untouched"


def _check_all(kernel, device="cpu", shapes=SHAPES):
    for case in product(shapes, (np.uint8, np.float32), warp_cpu.FILL_MODES, (0, 1)):
        _check(kernel, *case, device)


@pytest.mark.parametrize("fill_mode", warp_cpu.FILL_MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_gather_equals_the_cpu_kernel(shape, fill_mode):
    for dtype, order in product((np.uint8, np.float32), (0, 1)):
        _check(warp_cuda.gather, shape, dtype, fill_mode, order)


@settings(deadline=None, max_examples=60)
@given(
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    n_channels=st.integers(1, 4),
    parameters=AFFINE,
    flips=st.tuples(st.booleans(), st.booleans()),
    dtype=st.sampled_from([np.uint8, np.float32]),
    fill_mode=st.sampled_from(list(warp_cpu.FILL_MODES)),
    order=st.sampled_from([0, 1]),
)
def test_gather_equals_the_cpu_kernel_for_any_parameters(
    height, width, n_channels, parameters, flips, dtype, fill_mode, order
):
    images = (np.random.default_rng(0).random((1, height, width, n_channels)) * 255).astype(dtype)
    moved = matrices(TransformParameters.from_dict(parameters), height, width)
    arrays = images, np.zeros(1, np.int64), moved, np.array([flips])
    expected = warp_cpu.warp(*arrays, fill_mode, 9.0, order=order)[0]
    ours = warp_cuda.gather(*map(torch.from_numpy, arrays), fill_mode, 9.0, 1.0, order)[0].numpy()
    unsure = jumps(moved[0], height, width, fill_mode, order)[:: -1 if flips[1] else 1, :: -1 if flips[0] else 1]
    assert np.abs(ours - expected)[~unsure].max(initial=0) < 1e-3


def _run(program, **environment):
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=os.environ | environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_triton_kernel_equals_the_cpu_kernel_in_the_interpreter():
    pytest.importorskip("triton")
    _run(
        "from tests.augment.test_warp_cuda import _check_all; from engine.augment.warp_triton import warp; "
        "_check_all(warp, shapes=[(7, 11, 3), (1, 4, 1)])",
        TRITON_INTERPRET="1",
    )


COMPILE = """
import triton
from triton.backends.compiler import GPUTarget
from engine.augment.warp_triton import BLOCK, _warp

types = dict(indices="*i64", matrices="*fp64", flips="*i1", out="*fp32", cval="fp32", scale="fp32")
types |= dict(height="i32", width="i32")
for pixels, mode, order in (("*u8", 0, 1), ("*u8", 1, 1), ("*fp32", 2, 1), ("*fp32", 3, 0)):
    constants = dict(N_CHANNELS=3, MODE=mode, ORDER=order, BLOCK=BLOCK)
    signature = dict(images=pixels, **types, **dict.fromkeys(constants, "constexpr"))
    source = triton.compiler.ASTSource(_warp, signature, constexprs=constants)
    for capability in (80, 90):
        target = GPUTarget("cuda", capability, 32)
        compiled = triton.compile(source, target=target, options={"enable_fp_fusion": False})
        assert "fma.rn.f64" not in compiled.asm["ptx"], "coordinates would be rounded differently from the CPU's"
"""


def test_triton_kernel_compiles_for_a_gpu_that_is_not_there(tmp_path):
    pytest.importorskip("triton")
    _run(COMPILE, TRITON_CACHE_DIR=str(tmp_path))


@pytest.mark.gpu
def test_both_kernels_equal_the_cpu_kernel_on_the_gpu():
    _check_all(warp_cuda.gather, "cuda")
    _check_all(warp_cuda.warp, "cuda")


@pytest.mark.gpu
def test_pictures_beyond_two_thousand_million_bytes_are_found():
    images = torch.zeros((2**31 // 64**2 + 2, 64, 64, 1), dtype=torch.uint8, device="cuda")
    images[-1] = 200
    rows = np.array([len(images) - 1, len(images) - 2])
    generator = ImageDataGenerator(rotation_range=30)
    out = warp_cuda.augment(generator, images, rows, 0, 0)
    assert (out[0] - 200).abs().max() < 1e-3 and out[1].eq(0).all()


def _same_batches(device):
    images = np.random.default_rng(0).integers(0, 256, (20, 16, 24, 3), dtype=np.uint8)
    indices = np.array([3, 19, 0, 3])
    for arguments in (ORDINARY, {"rescale": 0.1}, {}):
        generator = ImageDataGenerator(**arguments)
        assert warp_cuda.supports(generator)
        ours = warp_cuda.augment(generator, torch.from_numpy(images).to(device), indices, 7, 2)
        assert np.abs(ours.cpu().numpy() - generator.augment(images, indices, 7, 2)).max() < 1e-3
        plain = warp_cuda.standardized(generator, torch.from_numpy(images).to(device), indices)
        assert np.array_equal(plain.cpu().numpy(), generator.standardized(images, indices))


def test_a_generator_s_batches_are_the_same():
    _same_batches("cpu")


@pytest.mark.gpu
def test_a_generator_s_batches_are_the_same_on_the_gpu():
    _same_batches("cuda")


@pytest.mark.parametrize(
    "arguments",
    [
        {"channel_shift_range": 3},
        {"brightness_range": (1, 2)},
        {"samplewise_center": True},
        {"featurewise_center": True},
        {"featurewise_center": True, "zca_whitening": True},
        {"preprocessing_function": np.sqrt},
        {"data_format": "channels_first"},
        {"dtype": "float64"},
        {"interpolation_order": 2},
    ],
)
def test_what_the_gpu_does_not_do_is_said(arguments):
    assert not warp_cuda.supports(ImageDataGenerator(**arguments))
