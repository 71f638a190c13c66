"""`normalize` and `cast` on columns beside polars, scikit-learn and numpy, on
one core with one thread.

The data are the four numeric columns of TPC-H lineitem at scale factor 1, made
by tpchgen-cli. Only the transform is timed, all in memory. Results are compared
as well; every contestant takes its turn in every round, and medians of CPU time
(on an idle machine: of time) and of the ratios of each round are recorded.

    python benches/peers/normalize_columns.py [--rounds 15] [--out FILE]

This process runs on one core (the last of those it may use), as do the kernels,
which run in a child, `columns_speed serve`, that answers one line a turn.
"""

from __future__ import annotations

import os

for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
CORE = max(os.sched_getaffinity(0))
os.sched_setaffinity(0, {CORE})

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import measure
import numpy as np
import polars as pl
import pyarrow.parquet as pq
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parents[2]
SPEED = ROOT / "target/release/columns_speed"
DATA = ROOT / "target/tpch"
COLUMNS = ["l_quantity", "l_extendedprice", "l_discount", "l_tax"]

# Large allocations on huge pages, as numpy has them.
ENV = os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}

Turn = Callable[[], float]


class Kernels:
    """Our kernels on the columns of one array, one after another."""

    def __init__(self, kernel: str, columns: np.ndarray, constants: list[float], dir: Path) -> None:
        self.src, self.dst = dir / "src", dir / "dst"
        columns.tofile(self.src)
        command = [SPEED, "serve", kernel, self.src, self.dst, *map(repr, constants)]
        self.child = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=ENV
        )

    def turn(self) -> float:
        """Runs once; the seconds it took."""
        assert self.child.stdin and self.child.stdout
        self.child.stdin.write("\n")
        return float(self.child.stdout.readline())

    def results(self, dtype: np.dtype) -> np.ndarray:
        """Ends the child; what it computed."""
        assert self.child.stdin
        self.child.stdin.close()
        if self.child.wait() != 0:
            raise RuntimeError("columns_speed failed")
        return np.fromfile(self.dst, dtype)


def timed(work: Callable[[], object]) -> Turn:
    """Times a call, by CPU time of all threads; what it made is freed after the
    clock has stopped."""

    def turn() -> float:
        begin = time.process_time()
        made = work()
        seconds = time.process_time() - begin
        del made
        return seconds

    return turn


def lineitem() -> pl.DataFrame:
    """The columns, from the file that tpchgen-cli made."""
    path = DATA / "lineitem.parquet"
    if not path.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        tool = Path(sys.executable).parent / "tpchgen-cli"
        options = ["parquet", "--scale-factor", "1", "--tables", "lineitem", "--output-dir", DATA]
        subprocess.run([tool, *map(str, options)], check=True)
    return pl.from_arrow(pq.read_table(path, columns=COLUMNS))


def race(turns: dict[str, Turn], rounds: int) -> dict[str, object]:
    """Seconds of every contestant, round by round, with medians and ratios."""
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            seconds[name].append(turn())
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    ours = seconds["fuelrail"]
    ratios = {
        f"{name}_ratio": statistics.median(peer / own for peer, own in zip(taken, ours))
        for name, taken in seconds.items()
        if name != "fuelrail"
    }
    return {"medians": medians, **ratios, "seconds": seconds}


def normalize(frame: pl.DataFrame, dtype: type, rounds: int, dir: Path) -> dict[str, object]:
    """`(x - mean) / std` of four columns."""
    kind = pl.Float32 if dtype is np.float32 else pl.Float64
    frame = frame.select(pl.all().cast(kind)).rechunk()
    rows = np.ascontiguousarray(frame.to_numpy(), dtype=dtype)
    columns = np.ascontiguousarray(rows.T)
    scaler = StandardScaler().fit(rows)
    mean, std = scaler.mean_, scaler.scale_
    constants = [float(value) for pair in zip(mean, std) for value in pair]
    name = np.dtype(dtype).name

    literals = [(pl.lit(m, dtype=kind), pl.lit(1 / s, dtype=kind)) for m, s in zip(mean, std)]
    steps = [(pl.col(column) - m) * f for column, (m, f) in zip(COLUMNS, literals)]
    factor = np.array(1 / std, dtype)
    mean = mean.astype(dtype)
    made = np.empty_like(columns)

    def numpy() -> np.ndarray:
        for column, m, f, out in zip(columns, mean, factor, made):
            np.subtract(column, m, out=out)
            np.multiply(out, f, out=out)
        return made

    ours = Kernels(f"normalize:{name}:{name}", columns, constants, dir)
    ours.turn()
    wants = {
        "polars": frame.select(steps).to_numpy().T,
        "scikit-learn": scaler.transform(rows).T,
        "numpy": numpy().copy(),
    }
    race_result = race(
        {
            "fuelrail": ours.turn,
            "polars": timed(lambda: frame.select(steps)),
            "scikit-learn": timed(lambda: scaler.transform(rows)),
            "numpy": timed(numpy),
        },
        rounds,
    )
    got = ours.results(np.dtype(dtype)).reshape(columns.shape)
    tolerance = 4 * float(np.finfo(dtype).eps)
    apart = {}
    for peer, want in wants.items():
        apart[peer] = float(np.max(np.abs(got - want) / np.maximum(np.abs(want), 1)))
        if apart[peer] > tolerance:
            raise SystemExit(f"error: results differ from {peer} by {apart[peer]}, expected {tolerance} at most")
    return {"what": f"normalize {name}", "differs_by_at_most": apart, "tolerance": tolerance, **race_result}


def cast(src: np.ndarray, to: str, rounds: int, dir: Path) -> dict[str, object]:
    """`astype` of one column."""
    ours = Kernels(f"cast:{src.dtype.name}:{to}", src, [], dir)
    ours.turn()
    out = np.empty(src.shape, to)

    def numpy() -> None:
        np.copyto(out, src, casting="unsafe")

    result = race({"fuelrail": ours.turn, "numpy": timed(numpy), "numpy astype": timed(lambda: src.astype(to))}, rounds)
    numpy()
    if ours.results(np.dtype(to)).tobytes() != out.tobytes():
        raise SystemExit(f"error: the cast of {src.dtype} to {to} differs from numpy's")
    return {"what": f"cast {src.dtype.name} {to}", **result}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    record: dict[str, object] = {
        "date": measure.today(),
        "machine": measure.machine(),
        "versions": {name: version(name) for name in ("numpy", "polars", "scikit-learn", "tpchgen-cli")},
        "commit": measure.run(["git", "rev-parse", "HEAD"], cwd=ROOT).stdout.strip(),
        "command": " ".join(sys.argv),
    }
    frame = lineitem()
    price = frame["l_extendedprice"].cast(pl.Float32).to_numpy()
    tokens = np.random.default_rng(0).integers(0, 50_000, 48_000_000, dtype=np.uint16)
    with tempfile.TemporaryDirectory() as folder:
        dir = Path(folder)
        record["beside_copy"] = {}
        for pages, env in (("huge pages", ENV), ("small pages", os.environ)):
            command = [SPEED, "copy", str(options.rounds)]
            copy = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
            record["beside_copy"][pages] = json.loads(copy.stdout)
        record["races"] = [
            normalize(frame, np.float32, options.rounds, dir),
            normalize(frame, np.float64, options.rounds, dir),
            cast(tokens, "int32", options.rounds, dir),
            cast(tokens, "int64", options.rounds, dir),
            cast(price, "float16", options.rounds, dir),
            cast(price, "int32", options.rounds, dir),
        ]
    record["rows"] = frame.height
    for pages, copy in record["beside_copy"].items():
        for row in copy["rows"]:
            print(f"{pages}: {row['kernel']:28} {row['place']:7} {row['gb_s']:6.1f} GB/s, {row['ratio']:.2f} of copy")
    for result in record["races"]:
        ratios = [f"{value:.2f}x {key.removesuffix('_ratio')}" for key, value in result.items() if key.endswith("_ratio")]
        print(f"{result['what']:28} {', '.join(ratios)}")
    out = options.out or ROOT / "benches/results" / f"{measure.today()}-columns.json"
    out.write_text(json.dumps(record, indent=1) + "\n")
    print(out)


if __name__ == "__main__":
    main()
