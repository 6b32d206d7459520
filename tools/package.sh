#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/package.sh
#
# Writes dist/: the Python wheel, the npm tarball and the gem, each with the library, the keeper and libpq inside.
# They are built from a release build of their own in build/package.
set -euo pipefail
cd "$(dirname "$0")/.."

release=build/package
if [ ! -f "$release/build.ninja" ]; then
    meson setup "$release" --buildtype=release -Dtests=false -Dpython=enabled >/dev/null
fi
ninja -C "$release"

rm -rf dist
mkdir -p dist
carried=$PWD/$release/carried
tools/package/collect_libraries.sh --library "$release/src/libheliosdb.so" --keeper "$release/src/heliosdb-keeper" \
    --out "$carried"

build/venv/bin/python bindings/python/build_wheel.py --native "$carried" \
    --accelerator "$release/bindings/python/accelerator/_accelerator.abi3.so" --out dist
bindings/node/pack.sh --native "$carried" --out dist
bindings/ruby/build_gem.sh --native "$carried" --out dist
ls -l dist
