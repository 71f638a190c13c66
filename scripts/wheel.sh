#!/usr/bin/env bash
# Builds the Python wheel into target/wheels and checks that it is what its name
# promises. It shares target/ with everything else that is built.
#
#   scripts/wheel.sh [options of maturin build]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

wheels=target/wheels

need_rust
need_command readelf binutils
need_venv target/venv tests/python/requirements.txt

say "building the wheel"
rm -rf "$wheels"
target/venv/bin/maturin build --release --manifest-path python/Cargo.toml --out "$wheels" "$@"

say "checking the wheel"
target/venv/bin/python scripts/wheel.py "$wheels"/*.whl
