"""What a step frees is there for the next one: no page is asked of the system anew."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from torch import nn
from engine import Model

Model(nn.Linear(2, 2), device="cpu")
torch.set_num_threads(1)

def step():
    for _ in range(4):
        blocks = [torch.empty(2**20).fill_(1) for _ in range(5)]  # 4 MiB each

for _ in range(5):  # until every block that is ever needed at once has been begun
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(**environment):
    """Pages that the system had to give in five steps of 80 MiB."""
    command = [sys.executable, "-c", PROGRAM]
    result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


@pytest.mark.skipif(sys.platform != "linux" or os.confstr("CS_GNU_LIBC_VERSION") is None, reason="needs glibc")
def test_freed_memory_stays_with_a_process_that_trains():
    assert faults() < 500
    told = faults(MALLOC_TRIM_THRESHOLD_="131072", MALLOC_MMAP_THRESHOLD_="131072")
    assert told > 20_000
