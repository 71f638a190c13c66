#!/usr/bin/env bash
# The unsafe code under sanitizers:
#
# - the kernels under AddressSanitizer, at every SIMD level of this processor;
#   they start no threads;
# - what reads shards (`engine/src/feed`: maps, the handler of SIGBUS, batches,
#   the ring) under AddressSanitizer and ThreadSanitizer.
#
# The CUDA sources and the simulated driver have both in scripts/cuda_sim.sh.
#
#   scripts/sanitize.sh [kernels|feed|feed-it] [filter of tests]
#
# `feed-it` runs the integration tests of reading, damage and truncation too;
# the first time everything is built for it, twice.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

need_rust
target=$(rustc -vV | sed -n 's/^host: //p')
part=${1:-all}
[ $# -gt 0 ] && shift
# Sanitizers are not for stable compilers unless told so. Other flags than the
# usual ones want folders of their own, or everything would be built twice.
export RUSTC_BOOTSTRAP=1

# sanitized KIND COMMAND…: cargo with a sanitizer. The standard library comes
# without; ThreadSanitizer has to be told that this is meant.
sanitized() {
    local kind=$1 flags=-Zsanitizer=$1
    shift
    [ "$kind" = thread ] && flags+=" -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan"
    # Reports and suppressions name functions, so symbols stay.
    TSAN_OPTIONS="suppressions=$PWD/scripts/tsan.supp" RUSTFLAGS=$flags CARGO_PROFILE_RELEASE_STRIP=none \
        CARGO_TARGET_DIR=target/sanitize-$kind cargo "$@"
}

kernels() {
    [ $# -eq 0 ] && set -- cast:: normalize:: resample:: json_text:: large_pages:: tokenize::huge tokenize::scan tokenize::chunks tokenize::encoder_tests
    say "the kernels' tests with AddressSanitizer"
    sanitized address test --release -p fuelrail-kernels --lib --target "$target" -- "$@"
}

feed() {
    local kind
    [ $# -eq 0 ] && set -- feed::
    for kind in address thread; do
        say "the tests of engine/src/feed with ${kind^}Sanitizer"
        sanitized "$kind" test -p fuelrail --no-default-features --lib --target "$target" -- "$@"
    done
}

feed_it() {
    local kind
    [ $# -eq 0 ] && set -- feed_read feed_damage
    for kind in address thread; do
        say "the integration tests of reading with ${kind^}Sanitizer"
        sanitized "$kind" test -p fuelrail-tests --test it --target "$target" -- "$@"
    done
}

case $part in
    all) kernels && feed ;;
    kernels) kernels "$@" ;;
    feed) feed "$@" ;;
    feed-it) feed_it "$@" ;;
    *) fail "expected kernels, feed or feed-it, got $part" ;;
esac
