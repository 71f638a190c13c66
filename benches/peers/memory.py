#!/usr/bin/env python3
"""Peak memory of `fuelrail shard` at two sizes of input, JSONL and Parquet.

The inputs come from corpus.py and are kept under target/corpus for the next
run. Prints one line a run, writes benches/results/<date>-memory.json, and
fails if a peak exceeds --limit.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import measure
from run import HERE, PACK, PIPELINE, ROOT, TARGET


def corpus(size: str, layout: str) -> Path:
    """The folder of an input of that size, made if it is not there."""
    folder = TARGET / "corpus" / f"{layout}-{size}"
    done = folder / "complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, str(HERE / "corpus.py"), str(folder), "--size", size]
        measure.run(command + (["--parquet"] if layout == "parquet" else []))
        done.touch()
    return folder


def shard(args: argparse.Namespace, size: str, layout: str) -> dict[str, object]:
    """Runs the pipeline once."""
    folder, out = corpus(size, layout), args.work / f"memory-{layout}-{size}"
    shutil.rmtree(out, ignore_errors=True)
    args.work.mkdir(parents=True, exist_ok=True)
    file = args.work / "memory.toml"
    text = PIPELINE.format(inputs=folder / f"part-*.{layout}", out=out, tokenizer="cl100k_base", pack=PACK)
    file.write_text(text.replace('format = "jsonl"', f'format = "{layout}"'))
    command = [args.fuelrail, "shard", file, "--out", out, "--threads", args.threads, "--json"]
    taken = measure.run([str(word) for word in command])
    shutil.rmtree(out, ignore_errors=True)
    n_bytes = sum(path.stat().st_size for path in folder.glob("part-*"))
    return {
        "layout": layout,
        "size": size,
        "input_bytes": n_bytes,
        "peak_rss_mib": taken.peak_rss_bytes / 2**20,
        "wall_s": taken.wall_s,
        "cpu_s": taken.cpu_s,
    }


def main() -> int:
    """Runs all sizes and layouts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fuelrail", type=Path, default=TARGET / "release/fuelrail")
    parser.add_argument("--sizes", type=lambda text: text.split(","), default=["100MB", "2GB"])
    parser.add_argument("--layouts", type=lambda text: text.split(","), default=["jsonl", "parquet"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=float, default=512.0, help="MiB that no run may exceed")
    parser.add_argument("--work", type=Path, default=TARGET / "bench")
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results")
    args = parser.parse_args()
    if not args.fuelrail.is_file():
        parser.error(f"no {args.fuelrail}; build it with cargo build --release")
    runs = []
    for layout in args.layouts:
        for size in args.sizes:
            runs.append(shard(args, size, layout))
            print(json.dumps(runs[-1]), flush=True)
    args.results.mkdir(parents=True, exist_ok=True)
    record = {"date": measure.today(), "command": ["python3", "benches/peers/memory.py", *sys.argv[1:]]}
    record |= {"machine": measure.machine(), "threads": args.threads, "limit_mib": args.limit, "runs": runs}
    (args.results / f"{record['date']}-memory.json").write_text(json.dumps(record, indent=1) + "\n")
    over = [run for run in runs if run["peak_rss_mib"] > args.limit]
    for run in over:
        print(f"memory: {run['layout']} {run['size']} took {run['peak_rss_mib']:.0f} MiB, limit {args.limit:.0f}")
    return 1 if over else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except measure.CommandFailed as error:
        sys.exit(f"memory: {error}")
