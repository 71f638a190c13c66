#!/usr/bin/env bash
# Compiles kernels/src/<op>/<op>.cu to kernels/ptx/<op>.ptx, which the engine
# embeds: who runs fuelrail needs NVIDIA's driver and nothing else.
#
#   scripts/ptx.sh           writes the files anew
#   scripts/ptx.sh --check   compares them byte by byte, and checks that neither
#                            they nor the machine code made of them hold what
#                            is not exact
#
# No GPU and no CUDA toolkit is needed; the compilers come as Python wheels.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

[ "$(uname -sm)" = "Linux x86_64" ] || fail "the pinned compilers are for Linux on x86-64"
# Without their dependencies: only the programs in these wheels are used.
need_venv target/venv-ptx scripts/ptx-requirements.txt --no-deps
target/venv-ptx/bin/python scripts/ptx.py "$@"
