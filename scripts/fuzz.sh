#!/usr/bin/env bash
# Fuzzes every target in fuzz/src/bin and fuzz/images/src/bin, each for some
# seconds (default 30).
#
#   scripts/fuzz.sh [SECONDS] [TARGET…]
#
# Starts from fuzz/seeds/<target> and what earlier runs have found under
# target/fuzz. A crash, a hang over 10 s or more than 1 GiB of memory fails, and
# the input that did it is kept. So does a build without coverage.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

seconds=${1:-30}
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in fuzz/src/bin/*.rs fuzz/images/src/bin/*.rs; do
        targets+=("$(basename "$file" .rs)")
    done
fi

need_rust
need_command c++ g++

bins=()
for target in "${targets[@]}"; do
    bins+=(--bin "fuzz_$target")
done
say "building ${#targets[@]} fuzz targets with coverage"
# --workspace makes the outside crates those of `cargo build --workspace`.
RUSTC_WORKSPACE_WRAPPER=$PWD/scripts/fuzz-rustc.sh cargo build --release --workspace "${bins[@]}"

# Targets that read files write them first: in memory where that can be had.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    export TMPDIR=/dev/shm
fi

for target in "${targets[@]}"; do
    found=target/fuzz/$target/corpus
    log=target/fuzz/$target/log
    # The decoders of images start from the images of the tests.
    seeds=fuzz/seeds/$target
    [ -d "$seeds" ] || seeds=tests/fixtures/images
    mkdir -p "$found" "target/fuzz/$target/crashes"
    say "fuzzing $target for $seconds s"
    if ! "target/release/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -malloc_limit_mb=1024 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="target/fuzz/$target/crashes/" "$found" "$seeds" >"$log" 2>&1; then
        tail -n 40 "$log"
        fail "fuzzing $target found a fault; the input is under target/fuzz/$target/crashes"
    fi
    grep -q 'INITED cov: ' "$log" || fail "fuzzing $target saw no coverage; see $log"
    first=$(grep -m 1 -o 'INITED cov: [0-9]*' "$log" | grep -o '[0-9]*$')
    last=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | grep -o '[0-9]*$')
    runs=$(grep -o 'stat::number_of_executed_units: *[0-9]*' "$log" | grep -o '[0-9]*$')
    echo "fuzz $target: $runs inputs, coverage $first -> $last, no fault"
done
