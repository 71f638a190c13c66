#!/usr/bin/env bash
# The CUDA kernels and the CUDA backend without a GPU: the .cu files compiled for
# the processor by a shim, and a simulated driver that runs them. This is
# simulator evidence: of indexing, bounds, barriers, rounding, streams and
# faults, not of a GPU.
#
#   scripts/cuda_sim.sh build  builds target/cuda-sim/libcuda.so.1
#   scripts/cuda_sim.sh        also runs every kernel under AddressSanitizer and
#                              ThreadSanitizer, then the tests of the backend
#
# Any program takes the simulator for a driver with
# LD_LIBRARY_PATH=target/cuda-sim; tests/cuda/fake/state.h lists its options.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

out=target/cuda-sim
flags=(-std=c++20 -g -Wall -Wextra -Werror -Wno-unknown-pragmas -Wno-unused-parameter -ffp-contract=off
    -fno-strict-aliasing -fPIC -fvisibility=hidden -pthread -Ikernels/cuda)
kernels=(tests/cuda/shim/{run,blend,cast,color,gather,lut,map,normalize,resample,squeeze,tokenize,tokenize_pieces,tokenize_words,warp}.cpp)

# build OUTPUT OPTION… -- SOURCE…: compiles what is newer than its output; the
# sources side by side.
build() {
    local output=$1 options=() objects=() jobs=() source object job
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    if [ -e "$output" ] && [ -z "$(find tests/cuda kernels/cuda kernels/src scripts/cuda_sim.sh \
        -newer "$output" \( -name '*.c*' -o -name '*.h' -o -name '*.sh' \) -print -quit)" ]; then
        return
    fi
    mkdir -p "$output.d"
    for source in "$@"; do
        object=$output.d/$(basename "$source").o
        g++ "${flags[@]}" "${options[@]}" -c "$source" -o "$object" &
        jobs+=($!)
        objects+=("$object")
    done
    for job in "${jobs[@]}"; do
        wait "$job" || fail "the simulator does not compile"
    done
    # Put in place at once, because tests may build side by side.
    g++ "${flags[@]}" "${options[@]}" "${objects[@]}" -o "$output.new"
    mv "$output.new" "$output"
}

need_command g++ g++
mkdir -p "$out"
exec 9>"$out/lock"
flock 9
build "$out/libcuda.so.1" -O2 -shared -- tests/cuda/fake/{state,order,streams,driver}.cpp "${kernels[@]}"
[ "${1:-}" = build ] && exit

build "$out/address" -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -- \
    tests/cuda/unit.cpp "${kernels[@]}"
build "$out/thread" -O1 -fsanitize=thread -DSHIM_THREADS -- tests/cuda/unit.cpp "${kernels[@]}"
driver=(tests/cuda/driver_test.cpp tests/cuda/fake/{state,order,streams,driver}.cpp)
build "$out/driver" -O1 -- "${driver[@]}" "${kernels[@]}"
build "$out/driver-thread" -O1 -fsanitize=thread -DSHIM_THREADS -- "${driver[@]}" "${kernels[@]}"
exec 9>&-

say "the simulated driver, plain and under ThreadSanitizer"
"$out/driver"
TSAN_OPTIONS=halt_on_error=1 "$out/driver-thread"

for seed in 1 2 3; do
    say "every kernel under AddressSanitizer, schedule $seed"
    FUELRAIL_SHIM_SEED=$seed ASAN_OPTIONS=detect_stack_use_after_return=0 "$out/address"
done
say "every kernel under ThreadSanitizer, a thread each"
TSAN_OPTIONS=halt_on_error=1 "$out/thread"

say "the CUDA backend on the simulated driver"
cargo test --release --workspace --lib -- device::cuda
