#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: pack.sh --library PATH --keeper PATH --out DIR
#        pack.sh --native DIR --out DIR
#
# Writes DIR/heliosdb-sqlite-<version>.tgz: an npm tarball with the compiled addon, the library, the keeper and libpq in
# prebuilds/<platform>/, so that installing it needs neither a compiler nor a network. --native is a directory made by
# tools/package/collect_libraries.sh, which is called for the first form.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)

library='' keeper='' native='' out=''

usage() {
    sed -n 's/^# \{0,1\}//; 4,5p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --library) library=${2:?} && shift 2 ;;
    --keeper) keeper=${2:?} && shift 2 ;;
    --native) native=${2:?} && shift 2 ;;
    --out) out=${2:?} && shift 2 ;;
    *) usage ;;
    esac
done
[ -n "$out" ] || usage
[ -n "$native" ] || { [ -n "$library" ] && [ -n "$keeper" ]; } || usage

work=$(mktemp -d "${TMPDIR:-/tmp}/hdb-npm.XXXXXX")
trap 'rm -rf "$work"' EXIT
if [ -z "$native" ]; then
    native=$work/native
    "$tree/tools/package/collect_libraries.sh" --library "$library" --keeper "$keeper" --out "$native"
fi
native=$(cd "$native" && pwd)

package=$work/package
platform=$(node -p "require('$here/lib/native').platform")
carried=$package/prebuilds/$platform
mkdir -p "$carried"
cp -r "$here"/{lib,src,build.sh,install.js,package.json,README.md} "$tree/LICENSE" "$package/"
cp -r "$native/." "$carried/"

# The carried library is named libheliosdb.so, while its soname is what the addon is linked with.
soname=$(patchelf --print-soname "$carried/libheliosdb.so")
include=$work/include/heliosdb
mkdir -p "$include"
cp "$tree"/include/heliosdb/*.h "$include/"
version=$(sed -n "s/^ *version: '\([0-9.]*\)',.*/\1/p" "$tree/meson.build" | head -n 1)
IFS=. read -r major minor patch <<<"$version"
sed "s/@version@/$version/; s/@version_number@/$((major * 1000000 + minor * 1000 + patch))/" \
    "$tree/include/heliosdb/version.h.in" >"$include/version.h"
HELIOSDB_INCLUDE=$work/include HELIOSDB_LIBDIR=$carried "$here/build.sh" "$carried/heliosdb.node"
strip --strip-unneeded "$carried/heliosdb.node"
# shellcheck disable=SC2016
patchelf --replace-needed "$soname" libheliosdb.so --set-rpath '$ORIGIN' "$carried/heliosdb.node"

sed -i "s/\"version\": \".*\"/\"version\": \"$version\"/" "$package/package.json"
chmod -R u=rwX,go=rX "$package"
mkdir -p "$out"
out=$(cd "$out" && pwd)
(cd "$package" && npm pack --silent --ignore-scripts --pack-destination "$out")
