#!/usr/bin/env bash
# fuelrail beside its peers, interleaved, results compared before timing; writes
# benches/results/<date>-spine.json, <date>-memory.json and <date>-columns.json.
#
#   scripts/bench.sh [options of benches/peers/run.py]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

corpus=target/corpus/spine

need_rust
need_venv target/bench-venv benches/peers/requirements.txt

say "building fuelrail and its benches"
cargo build --release --workspace --bins

if [ -f "$corpus/complete" ]; then
    say "the corpus is there: $corpus"
else
    say "making a corpus of at least 200 MB from the documentation on this machine"
    target/bench-venv/bin/python benches/peers/corpus.py "$corpus" --size 210MB | tee target/corpus-spine.json
    touch "$corpus/complete"
fi

say "throughput, CPU time and ratios"
target/bench-venv/bin/python benches/peers/run.py --corpus "$corpus" "$@"

say "peak memory at 100 MB and 2 GB"
target/bench-venv/bin/python benches/peers/memory.py

say "columns: kernels beside memcpy, polars, scikit-learn and numpy, on one core"
need_venv target/columns-venv benches/peers/requirements-columns.txt
target/columns-venv/bin/python benches/peers/normalize_columns.py
