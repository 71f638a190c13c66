#!/usr/bin/env bash
# Fuzzes the decoders of images with AddressSanitizer and with coverage of the
# outside crates too, each format for some seconds (default 60).
#
#   scripts/fuzz_images.sh [SECONDS] [FORMAT…]
#
# Starts from tests/fixtures/images and what earlier runs have found under
# target/fuzz_images. A crash, a report of the sanitizer, a hang over 10 s or one
# piece of memory of 96 MiB fails (the targets allow 64 MiB), and the input that
# did it is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

seconds=${1:-60}
shift || true
formats=("$@")
[ ${#formats[@]} -gt 0 ] || formats=(jpeg png webp tiff gif bmp)

need_rust
need_command c++ g++
host=$(rustc -vV | sed -n 's/^host: //p')

say "building the decoders with coverage and AddressSanitizer"
# Sanitizers are not for stable compilers unless told so.
RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target/fuzz_images/build CARGO_PROFILE_RELEASE_STRIP=none \
    RUSTFLAGS="-Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions=on -Coverflow-checks=on --cfg fuzzing" \
    cargo build --release -p fuelrail-fuzz-images --target "$host"

for format in "${formats[@]}"; do
    folder=target/fuzz_images/$format
    mkdir -p "$folder/corpus" "$folder/crashes"
    say "fuzzing $format for $seconds s"
    # Memory that was made room for and not used does not count as a leak.
    if ! "target/fuzz_images/build/$host/release/fuzz_decode_$format" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -malloc_limit_mb=96 -max_len=8192 -print_final_stats=1 -verbosity=1 -detect_leaks=0 \
        -artifact_prefix="$folder/crashes/" "$folder/corpus" tests/fixtures/images >"$folder/log" 2>&1; then
        tail -n 40 "$folder/log"
        fail "fuzzing $format found a fault; the input is under $folder/crashes"
    fi
    first=$(grep -m 1 -o 'INITED cov: [0-9]*' "$folder/log" | grep -o '[0-9]*$')
    last=$(grep -o 'cov: [0-9]*' "$folder/log" | tail -n 1 | grep -o '[0-9]*$')
    runs=$(grep -o 'stat::number_of_executed_units: *[0-9]*' "$folder/log" | grep -o '[0-9]*$')
    echo "fuzz $format: $runs inputs, coverage $first -> $last, no fault"
done
