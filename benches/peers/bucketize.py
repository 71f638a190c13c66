"""Counting the edges below or equal to numbers beside numpy and torch, on one core
with one thread each: 1 M numbers of binary32 or 64-bit integers, in random order,
and 10, 100 and 1,000 edges. All write 64-bit integers.

    python benches/peers/bucketize.py [--rounds 15] [--out FILE]

Results are compared first; every contestant takes its turn in every round, and
medians of CPU time and of the ratios of each round are recorded. torch takes part
where it is installed, and its absence is said.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from normalize_columns import Kernels, measure, np, race, timed

try:
    import torch

    torch.set_num_threads(1)
except ModuleNotFoundError:
    torch = None

N = 1 << 20
MOST = 1_000_000


def search(dtype: str, n_edges: int, rounds: int, dir: Path) -> dict[str, object]:
    """`numpy.searchsorted(..., side="right")` and what is the same elsewhere."""
    numbers = np.random.default_rng(7).integers(0, MOST, N).astype(dtype)
    edges = (np.arange(n_edges) * (MOST // n_edges)).astype(dtype)
    ours = Kernels(f"search:{dtype}:int64", numbers, [float(n_edges), float(MOST // n_edges)], dir)
    ours.turn()
    peers = {
        "numpy.searchsorted": lambda: np.searchsorted(edges, numbers, side="right"),
        "numpy.digitize": lambda: np.digitize(numbers, edges),
    }
    if torch is not None:
        of_torch = torch.from_numpy(numbers), torch.from_numpy(edges)
        peers["torch.bucketize"] = lambda: torch.bucketize(*of_torch, right=True)
    want = peers["numpy.searchsorted"]()
    for name, peer in peers.items():
        if not np.array_equal(np.asarray(peer()), want):
            raise SystemExit(f"error: {name} counts otherwise than numpy.searchsorted")
    check = Kernels(f"search:{dtype}:int64", numbers, [float(n_edges), float(MOST // n_edges)], dir)
    check.turn()
    if not np.array_equal(check.results(np.dtype("int64")), want):
        raise SystemExit(f"error: {n_edges} edges of {dtype} are counted otherwise than by numpy")
    result = race({"fuelrail": ours.turn, **{name: timed(peer) for name, peer in peers.items()}}, rounds)
    if not np.array_equal(ours.results(np.dtype("int64")), want):
        raise SystemExit(f"error: {n_edges} edges of {dtype} are counted otherwise in the end")
    return {"what": f"search {dtype} {n_edges}", **result}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if torch is None:
        print("torch is not installed: it does not take part", file=sys.stderr)
    record: dict[str, object] = {
        "date": measure.today(),
        "machine": measure.machine(),
        "versions": {"numpy": np.__version__, "torch": torch and torch.__version__},
        "command": " ".join(sys.argv),
    }
    with tempfile.TemporaryDirectory() as folder:
        dir = Path(folder)
        record["results"] = [
            search(dtype, n_edges, options.rounds, dir)
            for dtype in ("float32", "int64")
            for n_edges in (10, 100, 1000)
        ]
    for row in record["results"]:
        ratios = {name: round(ratio, 2) for name, ratio in row.items() if name.endswith("_ratio")}
        print(row["what"], {name: f"{s * 1e3:.2f} ms" for name, s in row["medians"].items()}, ratios)
    if options.out:
        options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
