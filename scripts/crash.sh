#!/usr/bin/env bash
# Kills the writer again and again and compares what comes out in the end with an
# undisturbed run: at every file operation, then at random moments (default
# 1,000 kills, some minutes). From 1,000 kills on, the result is recorded under
# benches/results. scripts/test.sh does a short run of the same.
#
#   scripts/crash.sh [KILLS]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

kills=${1:-1000}

need_rust
# kill -9 loses nothing that was written, synced or not, so that memory serves as
# well as a disk and does not wear it; power cuts are tests/it/sink.rs.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    export TMPDIR=/dev/shm
fi

say "building the writer and the killer"
cargo build --release --workspace --bin fuelrail --bin crash
say "killing at every file operation"
target/release/crash --ops | tee target/crash.log
say "killing at random moments, $kills times"
target/release/crash --kills "$kills" | tee -a target/crash.log

if [ "$kills" -ge 1000 ]; then
    record=benches/results/$(date -u +%F)-crash.txt
    {
        echo "command: scripts/crash.sh $kills"
        echo "commit:  $(git rev-parse HEAD)"
        echo "machine: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(uname -sr)"
        grep '^crash: ' target/crash.log
    } >"$record"
    say "written: $record"
fi
