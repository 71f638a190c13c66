#!/usr/bin/env bash
# Whole runs on the simulated CUDA driver while one of its calls fails: each ends
# in the dataset of a run on the processor, to the byte, or refuses the device
# before it begins; none hangs. Simulator evidence, not of a GPU.
#
#   scripts/cuda_faults.sh [every so many calls one run, default: 15]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

every=${1:-15}
work=target/cuda-sim/faults
fuelrail=${FUELRAIL_BIN:-$PWD/target/release/fuelrail}
[ -x "$fuelrail" ] || cargo build --release --workspace --bin fuelrail
scripts/cuda_sim.sh build

rm -rf "$work"
mkdir -p "$work/data"
for n in 01 02 03 04 05 06 07 08 09 10 11 12; do
    cp examples/data/table.parquet "$work/data/$n.parquet"
done

# run DEVICE OUT: one run; what it says is kept beside OUT.
run() {
    LD_LIBRARY_PATH=$PWD/target/cuda-sim timeout 60 "$fuelrail" shard examples/table.toml \
        --set source.uri="$PWD/$work/data/*.parquet" --device "$1" --out "$2" >"$2.log" 2>&1
}

run cpu "$work/cpu"
FUELRAIL_FAKE_CUDA_REPORT=$PWD/$work/report run cuda "$work/cuda"
diff -r -x .fuelrail "$work/cpu" "$work/cuda" || fail "another dataset without a fault"
n_calls=$(sed -n 's/^calls=//p' "$work/report")

untouched=0 replayed=0 refused=0
for ((call = 1; call <= n_calls; call += every)); do
    rm -rf "$work/out"
    status=0
    FUELRAIL_FAKE_CUDA_FAIL=$call:700 FUELRAIL_FAKE_CUDA_LAG_US=200 \
        run cuda "$work/out" || status=$?
    case $status in
    0)
        diff -r -x .fuelrail "$work/cpu" "$work/out" || fail "another dataset after a fault at call $call"
        if grep -q 'the device failed' "$work/out.log"; then
            replayed=$((replayed + 1))
        else
            untouched=$((untouched + 1))
        fi
        ;;
    42) refused=$((refused + 1)) ;;
    *) fail "code $status after a fault at call $call: $(cat "$work/out.log")" ;;
    esac
done
echo "of $n_calls driver calls one in $every failed, each in a run of its own: $replayed runs went on without the device," \
    "$untouched with it, $refused refused it before they began; all datasets equal"
[ "$replayed" -gt 0 ] || fail "no run lost its device, so nothing was shown"
[ "$refused" -gt 0 ] || fail "no run refused its device, so nothing was shown"
