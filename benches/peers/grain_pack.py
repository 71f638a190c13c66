#!/usr/bin/env python3
"""Packs log-normal documents with Grain's BestFit and prints one line of JSON.

``--lengths FILE`` writes the documents' lengths (u32, little endian), so that
fuelrail's bench packs the very same ones. What is timed is Grain's iterator
alone: documents are views of one ready array, and its output is counted, not
kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

SEED = 0


def lengths(n_documents: int, row: int) -> np.ndarray:
    """Lengths drawn from log-normal(5.8, 1.0), clipped to a row."""
    drawn = np.random.default_rng(SEED).lognormal(5.8, 1.0, n_documents)
    return np.clip(drawn, 1, row).astype(np.uint32)


def pack(sizes: np.ndarray, row: int, bins: int) -> dict[str, object]:
    """Packs documents of these sizes; see the module text."""
    import grain
    from grain.experimental import BestFitPackIterDataset

    tokens = np.arange(row, dtype=np.int32)
    documents = [{"tokens": tokens[:size]} for size in sizes]
    source = grain.MapDataset.source(documents).to_iter_dataset(grain.ReadOptions(num_threads=0))
    packed = BestFitPackIterDataset(
        source, length_struct={"tokens": row}, num_packing_bins=bins, shuffle_bins=False
    )
    wall, cpu = time.perf_counter(), time.process_time()
    n_rows = n_tokens = 0
    for element in packed:
        n_rows += 1
        n_tokens += int(np.count_nonzero(element["tokens_segment_ids"]))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if n_tokens != int(sizes.sum(dtype=np.int64)):
        raise RuntimeError(f"expected {sizes.sum()} tokens, got {n_tokens}")
    return {
        "bench": "pack",
        "bins": bins,
        "documents": len(sizes),
        "tokens": n_tokens,
        "rows": n_rows,
        "fill": n_tokens / (n_rows * row),
        "wall_s": wall,
        "cpu_s": cpu,
        "tokens_per_cpu_s": n_tokens / cpu,
    }


def main() -> int:
    """Packs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--row", type=int, default=2048)
    parser.add_argument("--bins", type=int, default=64)
    parser.add_argument("--lengths", type=Path, help="write the lengths here and pack nothing")
    args = parser.parse_args()
    sizes = lengths(args.documents, args.row)
    if args.lengths:
        sizes.tofile(args.lengths)
    else:
        print(json.dumps(pack(sizes, args.row, args.bins)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
