#!/usr/bin/env bash
# normalize on images beside a copy, a plain loop, torchvision and OpenCV;
# writes benches/results/<date>-normalize-images.json. The peers take 6 GB of
# disk under target/.
#
#   scripts/bench-normalize-images.sh [options of benches/peers/normalize_images.py]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

# The peers are large; they need not lie in a cache too.
export PIP_NO_CACHE_DIR=1
need_rust
need_venv target/images-venv benches/peers/requirements-images.txt

say "building the benches"
cargo build --release --workspace --bins

say "results compared, then CPU time and ratios"
target/images-venv/bin/python benches/peers/normalize_images.py "$@"
