#!/usr/bin/env bash
# The main job on real text: makes a small corpus from the documentation on this
# machine, turns it into packed training shards, checks them, and shows some
# samples decoded. Everything lands under target/; nothing is downloaded but the
# crates of the build.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

demo=target/demo
fuelrail=target/release/fuelrail

say "checking for Rust and Python"
need_rust
need_python

say "building fuelrail"
# --workspace makes the outside crates those of the tests, so neither is built twice.
cargo build --release --workspace --bin fuelrail

if [ -f "$demo/corpus/complete" ]; then
    say "the corpus is there: $demo/corpus"
else
    say "making a corpus of documentation on this machine: $demo/corpus"
    # The doc comments of the crates that were just built are always there.
    python3 benches/peers/corpus.py "$demo/corpus" --size 8MB --file-size 2MB \
        --sources rust-book,rust-doc,python,crate
    touch "$demo/corpus/complete"
fi

say "the plan: fuelrail plan examples/text.toml"
"$fuelrail" plan examples/text.toml

say "the main job: fuelrail shard examples/text.toml --out $demo/shards"
rm -rf "$demo/shards"
"$fuelrail" shard examples/text.toml --out "$demo/shards"

say "every checksum: fuelrail verify $demo/shards"
"$fuelrail" verify "$demo/shards"

say "what is in it: fuelrail inspect $demo/shards"
"$fuelrail" inspect "$demo/shards"
