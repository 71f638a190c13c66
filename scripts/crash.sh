#!/usr/bin/env bash
# Kills the writer again and again and compares what comes out in the end with an
# undisturbed run: at every file operation, then at random moments (default
# 1,000 kills, some minutes). scripts/test.sh does a short run of the same.
#
#   scripts/crash.sh [KILLS]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

need_rust
# kill -9 loses nothing that was written, synced or not, so that memory serves as
# well as a disk and does not wear it; power cuts are tests/it/sink.rs.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    export TMPDIR=/dev/shm
fi
say "building the writer and the killer"
cargo build --release --workspace --bin fuelrail --bin crash
say "killing at every file operation"
target/release/crash --ops
say "killing at random moments"
target/release/crash --kills "${1:-1000}"
