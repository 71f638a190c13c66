"""Shard writing and verification against numpy and xxh3.

    python benches/peers/shard_write.py [--dir DIR] [--rounds N]

Writes the same number of bytes of tokens, in turn, with `numpy.tofile` +
fsync and with fuelrail's sink (columns, origins, checksums, journal, manifest,
every sync included), checks that the tokens are the same, and prints the
ratio of the best rounds and of the medians. Needs `cargo build --release
--workspace` before.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

BINARY = Path(__file__).resolve().parents[2] / "target" / "release" / "shard_speed"
N_BATCHES = 64  # of 4 MiB


def tokens(directory):
    """The tokens of a dataset of one shard, straight from its file."""
    [shard] = (directory / "shards").iterdir()
    raw = shard.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    begin, end = json.loads(raw[8:start])["tokens"]["data_offsets"]
    return np.frombuffer(raw[start + begin : start + end], "<u2")


def write_numpy(array, path):
    begin = time.perf_counter()
    with open(path, "wb") as file:
        for batch in np.split(array, N_BATCHES):
            batch.tofile(file)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - begin


def write_fuelrail(directory):
    command = [BINARY, "write", directory, str(N_BATCHES)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(dir=options.dir))
    try:
        write_fuelrail(work / "first")
        array = tokens(work / "first").copy()
        write_numpy(array, work / "array")
        assert (np.fromfile(work / "array", "<u2") == array).all()
        peer, ours = [], []
        for _ in range(options.rounds):
            (work / "array").unlink()
            peer.append(write_numpy(array, work / "array"))
            shutil.rmtree(work / "set", ignore_errors=True)
            ours.append(write_fuelrail(work / "set"))
        assert (tokens(work / "set") == array).all()
        verify = [BINARY, "verify", work / "first", "20"]
        verified = json.loads(subprocess.run(verify, check=True, capture_output=True).stdout)
        gigabytes = array.nbytes / 1e9
        print(json.dumps({
            "bytes": array.nbytes,
            "numpy_gb_s": gigabytes / min(peer),
            "fuelrail_gb_s": gigabytes / min(ours),
            "ratio_best": min(peer) / min(ours),
            "ratio_median": statistics.median(peer) / statistics.median(ours),
            "verify": verified,
        }, indent=1))  # fmt: skip
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
