#!/usr/bin/env bash
# fuelrail's tokenizers beside those of others: ids compared first, then MB a
# second in turns; prints Markdown tables. See benches/tokenizers/README.md.
#
#   scripts/tokenizer_peers.sh [--quick] [--vocab …] [--corpus …] [--peer …] [--json FILE]
#
# The Python package takes part where scripts/test.sh has installed it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

bench=benches/tokenizers
data=target/tokenizers

need_rust
need_room 4 "corpora, vocabularies, ids and what is built"
need_venv "$data/venv" $bench/requirements.txt

say "building the peers"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/$data/cargo}
profile=${TOKENIZER_PEERS_PROFILE:-release}
cargo build --profile "$profile" --manifest-path $bench/Cargo.toml

say "corpora from what lies on this machine"
python3 $bench/corpora.py "$data/corpora"

say "vocabularies"
"$data/venv/bin/python" $bench/vocabularies.py "$data/corpora" "$data/vocabularies"

TOKENIZER_PEERS_DATA=$PWD/$data "$CARGO_TARGET_DIR/$profile/tokenizer-peers" "$@"
