"""Runs that are halted in the middle, and datasets as values."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path


def tree(root: Path) -> dict[str, bytes]:
    """Every file of a dataset, but for the work folder."""
    files = (path for path in root.rglob("*") if path.is_file() and ".fuelrail" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def n_shards(root: Path) -> int:
    """Shards that are there, of a dataset that may not be complete."""
    return len(list((root / "shards").iterdir())) if (root / "shards").exists() else 0


def halted(command: list[str], out: Path, expected: Path) -> subprocess.Popen[bytes]:
    """A run of `command` into `out` that has been stopped far from its beginning
    and its end. A busy machine may let it end before anyone looks: it is begun
    anew then."""
    for _ in range(50):
        child = subprocess.Popen(command, cwd=out.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while child.poll() is None and n_shards(out) == 0:
            time.sleep(0.001)
        os.kill(child.pid, signal.SIGSTOP)
        if child.poll() is None and 1 <= n_shards(out) <= n_shards(expected) // 2:
            return child
        child.kill()
        child.communicate()
        shutil.rmtree(out)
    raise AssertionError("every run ended before it could be halted")
