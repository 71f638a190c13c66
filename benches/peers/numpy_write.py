#!/usr/bin/env python3
"""Writes bytes with numpy.tofile and fsync and prints one line of JSON: what
fuelrail's shard writing is compared with."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def write(path: Path, n_bytes: int) -> dict[str, object]:
    """Writes ``n_bytes`` of u16 tokens to ``path`` and syncs file and folder."""
    tokens = (np.arange(n_bytes // 2, dtype=np.uint64) * 2_654_435_761 >> 7).astype(np.uint16)
    wall, cpu = time.perf_counter(), time.process_time()
    with open(path, "wb") as file:
        tokens.tofile(file)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"bench": "write", "bytes": tokens.nbytes, "wall_s": wall, "cpu_s": cpu, "bytes_per_s": tokens.nbytes / wall}


def main() -> int:
    """Writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--bytes", type=int, default=256 << 20)
    args = parser.parse_args()
    print(json.dumps(write(args.path, args.bytes)))
    args.path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
