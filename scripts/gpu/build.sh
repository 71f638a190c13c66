#!/usr/bin/env bash
# Makes target/gpu-kit: all that a machine with a GPU needs to try fuelrail on
# it, without Rust, Python or this repository there. Copy the folder over and
# run `./run.sh RESULTS` in it.
#
# The program is the ordinary release build: it finds out about SIMD levels,
# CUDA and Vulkan when it runs. It must start where glibc is 2.36 or newer.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/needs.sh

readonly NEWEST_GLIBC=2.36
readonly MOST_BYTES=$((64 << 20))
kit=target/gpu-kit

# check_glibc FILE: no symbol of it is of a newer glibc.
check_glibc() {
    local newest
    newest=$(readelf --version-info --wide "$1" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
    newest=${newest#GLIBC_}
    printf '%s\n%s\n' "${newest:-0}" "$NEWEST_GLIBC" | sort -V -C ||
        fail "$1 needs glibc $newest: build where it is $NEWEST_GLIBC or older, such as Debian 12"
    echo "$1 needs glibc ${newest:-of any version}"
}

[ "$(uname -sm)" = "Linux x86_64" ] || fail "the kit is for Linux on x86-64, and is built there"
need_rust
need_command strip binutils
need_command readelf binutils
need_vulkan

say "building fuelrail"
# --workspace makes the outside crates those of the tests, so neither is built twice.
cargo build --release --workspace --bin fuelrail

say "filling $kit"
rm -rf "$kit"
mkdir -p "$kit/lib" "$kit/data"
strip -o "$kit/fuelrail" target/release/fuelrail
check_glibc "$kit/fuelrail"
# wgpu opens this when it runs; compute machines often lack it.
loader=$(ldconfig -p | sed -n 's/.*libvulkan\.so\.1 (.*x86-64.*) => //p' | head -n 1)
[ -n "$loader" ] || fail "libvulkan.so.1 is not known to ldconfig: install Debian's libvulkan1"
cp -L "$loader" "$kit/lib/libvulkan.so.1"
check_glibc "$kit/lib/libvulkan.so.1"
if [ -f /usr/share/doc/libvulkan1/copyright ]; then
    cp /usr/share/doc/libvulkan1/copyright "$kit/lib/libvulkan.so.1.copyright"
fi
cp scripts/gpu/run.sh "$kit/run.sh"
cp examples/table.toml "$kit/table.toml"
cp examples/data/table.parquet "$kit/data/table.parquet"
git rev-parse HEAD >"$kit/commit" 2>/dev/null || echo "not from a checkout" >"$kit/commit"

len=$(du --bytes --summarize "$kit" | cut -f 1)
[ "$len" -le "$MOST_BYTES" ] || fail "$kit has $len bytes, more than $MOST_BYTES"
echo "$kit has $((len >> 20)) MiB; on the other machine: ./run.sh RESULTS"
