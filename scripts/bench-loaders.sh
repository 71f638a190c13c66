#!/usr/bin/env bash
# fuelrail's loader beside numpy, torch, Hugging Face, litdata, webdataset, Grain
# and MDS, rows compared before timing; writes benches/results/<date>-loaders.json.
# The peers take 6 GB of disk under target/, and their files another 6 GB while
# it runs; a run takes about half an hour, of which comparing rows is the most.
#
#   scripts/bench-loaders.sh [options of benches/peers/loaders.py]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

# The peers are large; they need not lie in a cache too.
export PIP_NO_CACHE_DIR=1
peers=target/loaders-venv
need_rust
# torch takes 5 GB, so the two environments share one.
need_venv target/images-venv benches/peers/requirements-images.txt
need_venv "$peers" benches/peers/requirements-loaders.txt --no-deps
"$peers/bin/python" - "$(cd target/images-venv && pwd -P)" <<'PYTHON'
import pathlib, site, sys, sysconfig

shared = sysconfig.get_path("purelib", vars={"base": sys.argv[1], "platbase": sys.argv[1]})
pathlib.Path(site.getsitepackages()[0], "images-venv.pth").write_text(shared + "\n")
PYTHON

say "building fuelrail and its benches"
cargo build --release --workspace --bins --lib
cp target/release/lib_native.so python/fuelrail/_native.abi3.so

say "rows compared, then rates, CPU time and ratios"
"$peers/bin/python" benches/peers/loaders.py "$@"
