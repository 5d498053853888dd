#!/usr/bin/env bash
# Prints what `normalize` adds to a wasm file, gzipped, and fails above the bar.
set -euo pipefail
cd "$(dirname "$0")/size"
target=${CARGO_TARGET_DIR:-../../target}/size
size() {
  RUSTFLAGS="$1" cargo build --quiet --release --target wasm32-unknown-unknown --target-dir "$target"
  gzip -9 -c "$target/wasm32-unknown-unknown/release/normalize_size.wasm" | wc -c
}
without=$(size "--cfg baseline")
with=$(size "")
growth=$((with - without))
echo "normalize adds $growth bytes gzipped to a wasm file ($without without, $with with; at most 20480)"
[ "$growth" -le 20480 ]
