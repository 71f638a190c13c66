#!/usr/bin/env bash
# The loader of image files beside torch's DataLoader with torchvision, on two
# cores by the clock; the chain at 4 megapixels; the loader's own share. Writes
# benches/results/<date>-vision-loader.json. The peers take 6 GB of disk under target/.
#
#   scripts/bench-vision-loader.sh [options of benches/peers/vision_loader.py]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

# The peers are large; they need not lie in a cache too.
export PIP_NO_CACHE_DIR=1
need_rust
need_venv target/vision-venv benches/peers/requirements-vision.txt

say "building the package"
cargo build --release --workspace
cp target/release/lib_native.so python/fuelrail/_native.abi3.so

say "pixels compared, then time and ratios"
PYTHONPATH=$PWD/python target/vision-venv/bin/python benches/peers/vision_loader.py "$@"
