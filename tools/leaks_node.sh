#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/leaks_node.sh      (make leaks-node builds first)
#
# Runs everything of the Node binding under valgrind and prints what the addon or the library has lost, or has done to
# memory that is not its own. What Node itself loses is left out: only reports with the addon or the library in their stack
# count. Ends with "N reports", and with 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_NOTICES=off HELIOSDB_LINGER=0
export HELIOSDB_LIBRARY=${HELIOSDB_LIBRARY:-$PWD/build/src/libheliosdb.so}
export HELIOSDB_KEEPER=${HELIOSDB_KEEPER:-$PWD/build/src/heliosdb-keeper}
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
bindings/node/build.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/hdb-leaks.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Without compiled JavaScript, which valgrind would have to translate again and again.
valgrind --leak-check=full --show-leak-kinds=definite --num-callers=30 --fullpath-after= --child-silent-after-fork=yes --error-limit=no \
    --log-file="$work/log" node --jitless --no-wasm-code-gc --expose-gc tests/bindings/node/leaks/exercise.js "$work"

# A report is a paragraph.
sed 's/^==[0-9]*== \{0,1\}//' "$work/log" |
    awk 'BEGIN { RS = ""; ORS = "\n\n" } /\n *(at|by) / && /bindings\/node\/src|hdb_|heliosdb/ { print; count++ } END { printf "%d reports\n", count; exit count > 0 }'
