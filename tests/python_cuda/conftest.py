"""What the tests on the simulated CUDA driver share. scripts/cuda_python.sh runs
them; without it there is no such driver."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import fixed
from fuelrail import steps
from simulator import Simulator

N_ROWS = 41
HERE = Path(__file__).resolve().parent
# What the tests on the CPU share.
SHARED = HERE.parent / "python"

STEPS = [
    steps.random_crop(["image", "mask"], height=18, width=16, padding=3, border="reflect"),
    steps.random_flip("image", vertical=0.25),
    steps.solarize("image", threshold=100),
]


@pytest.fixture(scope="session")
def cuda():
    """The simulated driver."""
    return Simulator()


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A dataset of images, masks and labels."""
    rng = np.random.default_rng(7)
    table = {
        "image": fixed(rng.integers(0, 256, (N_ROWS, 20, 17, 3), dtype=np.uint8)),
        "mask": fixed(rng.integers(0, 256, (N_ROWS, 20, 17), dtype=np.uint8)),
        "label": pa.array(np.arange(N_ROWS, dtype=np.int64)),
    }
    out = tmp_path_factory.mktemp("photos") / "shards"
    return fr.Pipeline(pa.table(table)).shard(out, progress="never")


@pytest.fixture(scope="session")
def load(photos):
    """Makes loaders of it."""

    def make(device="cuda", **options):
        usual = {"batch_size": 8, "seed": 5, "rank": 0, "world_size": 1, "steps": STEPS}
        return fr.Loader(photos, device=device, **(usual | options))

    return make


@pytest.fixture
def script(photos, tmp_path):
    """Runs Python code in a process of its own, where `loader(**options)` makes a
    loader and `cuda` is the simulator; returns what it printed, and the report of the
    simulator at its end."""

    def run(code, status=0, **environment):
        lines = f"""
import sys
sys.path[:0] = [{str(HERE)!r}, {str(SHARED)!r}]
import fuelrail as fr
from conftest import STEPS
from capsules import opened
from simulator import Simulator, Taken

def loader(device="cuda", **options):
    usual = {{"batch_size": 8, "seed": 5, "rank": 0, "world_size": 1, "steps": STEPS}}
    return fr.Loader({str(photos.path)!r}, device=device, **(usual | options))

"""
        file, report = tmp_path / "script.py", tmp_path / "report"
        file.write_text(lines + code)
        report.unlink(missing_ok=True)
        environment = os.environ | {"FUELRAIL_FAKE_CUDA_REPORT": str(report)} | environment
        done = subprocess.run(
            [sys.executable, file], capture_output=True, text=True, env=environment, timeout=120, check=False
        )
        assert done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
        said = report.read_text().split() if report.exists() else []
        return done.stdout + done.stderr, {name: int(value) for name, value in (line.split("=") for line in said)}

    return run
