#!/usr/bin/env python3
"""Whether the memory of an encoder stays flat over text that never repeats a
word: one encoder, one stream of generated words of several scripts.

    python benches/peers/encode_memory.py [--gigabytes 10] [--tokenizers cl100k_base,o200k_base]

Writes benches/results/<date>-encode-memory.json, and fails where the memory of
the process grows by more than --limit MiB behind the first tenth of the text.
Needs what `cargo build --release --workspace --bins` makes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import measure
from run import ROOT, program


def encoded(tokenizer: str, gigabytes: float) -> dict[str, object]:
    """Runs one tokenizer over the text."""
    taken = measure.run([program("encode_memory"), tokenizer, str(int(gigabytes * 1000))])
    looks = [json.loads(line) for line in taken.stdout.splitlines()]
    behind = [look["process_mib"] for look in looks[1:]]
    return {
        "tokenizer": Path(tokenizer).name,
        "gigabytes": looks[-1]["megabytes"] / 1000,
        "process_mib": [look["process_mib"] for look in looks],
        "encoder_mib": looks[-1]["encoder_mib"],
        "grown_mib": max(behind) - looks[1]["process_mib"],
        "peak_mib": taken.peak_rss_bytes / 2**20,
        "cpu_s": taken.cpu_s,
    }


def main() -> int:
    """Runs all tokenizers and writes the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument(
        "--tokenizers", type=lambda text: text.split(","), default=["cl100k_base", "o200k_base"], help="names or files"
    )
    parser.add_argument("--limit", type=int, default=8, help="MiB by which memory may grow")
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results")
    args = parser.parse_args()
    runs = []
    for tokenizer in args.tokenizers:
        runs.append(encoded(tokenizer, args.gigabytes))
        print(json.dumps(runs[-1]), flush=True)
    args.results.mkdir(parents=True, exist_ok=True)
    record = {"date": measure.today(), "command": ["python3", "benches/peers/encode_memory.py", *sys.argv[1:]]}
    record |= {"machine": measure.machine(), "limit_mib": args.limit, "runs": runs}
    (args.results / f"{record['date']}-encode-memory.json").write_text(json.dumps(record, indent=1) + "\n")
    grown = [run for run in runs if run["grown_mib"] > args.limit]
    for run in grown:
        print(f"encode_memory: {run['tokenizer']} grew by {run['grown_mib']} MiB, limit {args.limit}")
    return 1 if grown else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except measure.CommandFailed as error:
        sys.exit(f"encode_memory: {error}")
