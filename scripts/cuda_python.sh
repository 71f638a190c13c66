#!/usr/bin/env bash
# Python's batches that stay on CUDA, on the simulated driver: capsules, streams,
# faults. Simulator evidence, not of a GPU.
#
#   scripts/cuda_python.sh [arguments of pytest]
#
# It tests the package that is installed in target/venv, or the one on PYTHONPATH.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

python=${PYTHON:-target/venv/bin/python}
[ -x "$python" ] || need_venv target/venv tests/python/requirements.txt
scripts/cuda_sim.sh build
# Copies and kernels lag, so that what does not wait is found wrong.
LD_LIBRARY_PATH=$PWD/target/cuda-sim${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} FUELRAIL_FAKE_CUDA_LAG_US=200 \
    "$python" -m pytest tests/python_cuda -c tests/python_cuda/pytest.ini "$@"
