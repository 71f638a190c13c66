#!/usr/bin/env bash
# Writes what CUDA and WGSL need to know of Rust's structs: kernels/cuda/twins.cuh
# and shaders/shared/twins.wgsl.
#
#   scripts/twins.sh           writes the files anew
#   scripts/twins.sh --check   compares them byte by byte (so do the tests)
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --workspace --bin twins
target/release/twins "$@"
