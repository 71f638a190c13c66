#!/usr/bin/env bash
# The unsafe code of the kernels under AddressSanitizer: their tests, built with
# it, at every SIMD level of this processor. (The CUDA sources and the simulated
# driver have AddressSanitizer and ThreadSanitizer in scripts/cuda_sim.sh; the
# kernels start no threads.)
#
#   scripts/sanitize.sh [filter of tests, default: cast and normalize]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

need_rust
target=$(rustc -vV | sed -n 's/^host: //p')
say "building the kernels' tests with AddressSanitizer"
# Sanitizers are not for stable compilers unless told so. Other flags than the
# usual ones want a folder of their own, or everything would be built twice.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/sanitize
if [ $# -eq 0 ]; then
    set -- cast:: normalize::
fi
cargo test --release -p fuelrail-kernels --lib --target "$target" -- "$@"
