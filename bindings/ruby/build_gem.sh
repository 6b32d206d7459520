#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: bindings/ruby/build_gem.sh --library PATH --keeper PATH --out DIR
#        bindings/ruby/build_gem.sh --native DIR --out DIR
#
# Writes heliosdb-sqlite3-<version>-<platform>.gem into --out. It carries the library, heliosdb-keeper and what they
# need, collected by tools/package/collect_libraries.sh: into a directory given as --native, or now.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

library='' keeper='' native='' out=''

usage() {
    sed -n 's/^# \{0,1\}//; 3,4p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --library) library=$(realpath "${2:?}") && shift 2 ;;
    --keeper) keeper=$(realpath "${2:?}") && shift 2 ;;
    --native) native=$(realpath "${2:?}") && shift 2 ;;
    --out) out=${2:?} && shift 2 ;;
    *) usage ;;
    esac
done
[ -n "$out" ] || usage
[ -n "$native" ] || { [ -n "$library" ] && [ -n "$keeper" ]; } || usage
mkdir -p "$out"
out=$(realpath "$out")

work=$(mktemp -d "${TMPDIR:-/tmp}/hdb-gem.XXXXXX")
trap 'rm -rf "$work"' EXIT
if [ -z "$native" ]; then
    native=$work/native
    "$root/tools/package/collect_libraries.sh" --library "$library" --keeper "$keeper" --out "$native"
fi

mkdir "$work/gem"
cp -R "$here/lib" "$here/README.md" "$here/heliosdb-sqlite3.gemspec" "$root/LICENSE" "$work/gem/"
cp -R "$native" "$work/gem/lib/heliosdb/native"
chmod -R u=rwX,go=rX "$work/gem"
cd "$work/gem"
gem build --output "$work/built.gem" heliosdb-sqlite3.gemspec >&2
name=$(ruby -e 'print Gem::Specification.load("heliosdb-sqlite3.gemspec").file_name')
mv "$work/built.gem" "$out/$name"
echo "$out/$name"
