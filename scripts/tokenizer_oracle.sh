#!/usr/bin/env bash
# Generated documents through every kind of tokenizer, here and in tokenizers,
# tiktoken and sentencepiece; ends at the first difference and prints its seed.
#
#   scripts/tokenizer_oracle.sh [--documents N] [--kind KIND]… [--seed SEED] [--processes N] [--list]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

need_rust
need_venv target/venv tests/python/requirements.txt
cargo build --release -q -p fuelrail-kernels --examples
exec target/venv/bin/python tests/python/tokenizer_oracle.py "$@"
