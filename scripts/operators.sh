#!/usr/bin/env bash
# Writes what follows from the operators' specs: python/fuelrail/steps.py, _drawn_steps.py
# and _column_steps.py beside it, and docs/operators.md.
#
#   scripts/operators.sh           writes the files anew
#   scripts/operators.sh --check   compares them byte by byte
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --workspace --bin fuelrail
python3 scripts/operators.py target/release/fuelrail "$@"
