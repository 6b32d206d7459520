#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: build.sh [OUTPUT]
#
# Compiles the addon to OUTPUT (build/heliosdb.node) with a plain C compiler; no node-gyp is needed, because Node-API
# needs nothing but headers. The library is looked for in this order:
#   HELIOSDB_INCLUDE, HELIOSDB_LIBDIR   directories of its headers (separated by ':') and of libheliosdb.so
#   HELIOSDB_LIBRARY                    the library itself in a build directory of the source tree this script lies in;
#                                       there, build/src/libheliosdb.so is the default
#   pkg-config heliosdb                 where it is installed
# Its directory is written into the addon. CC, CFLAGS and LDFLAGS are used as usual; NODE_INCLUDE is the directory of
# node_api.h if it is not found beside the running node, in /usr/include/node or in the npm package node-api-headers.
set -euo pipefail
cd "$(dirname "$0")"
output=${1:-build/heliosdb.node}
tree=$(cd ../.. && pwd)

fail() {
    echo "heliosdb-sqlite: $1" >&2
    exit 1
}

node_include() {
    local directory
    for directory in "${NODE_INCLUDE:-}" \
        "$(node -p 'require("path").join(process.execPath, "../../include/node")')" /usr/include/node \
        "$tree/build/node/node_modules/node-api-headers/include" \
        "$(node -p 'try { require("node-api-headers").include_dir } catch { "" }')"; do
        if [ -f "$directory/node_api.h" ]; then
            echo "$directory"
            return 0
        fi
    done
    fail 'no node_api.h: install Node with its headers, or the npm package node-api-headers'
}

# The compiler's flags for the library, one a line.
library_flags() {
    local includes=${HELIOSDB_INCLUDE:-} directory=${HELIOSDB_LIBDIR:-} library
    if [ -z "$includes" ] && [ -f "$tree/include/heliosdb/version.h.in" ]; then
        library=${HELIOSDB_LIBRARY:-$tree/build/src/libheliosdb.so}
        [ -e "$library" ] || fail "no $library: build the library first (make build), or set HELIOSDB_LIBRARY"
        directory=$(cd "$(dirname "$library")" && pwd)
        includes=$tree/include:$(dirname "$directory")/include
    fi
    if [ -n "$includes" ] && [ -n "$directory" ]; then
        tr ':' '\n' <<<"$includes" | sed 's/^/-I/'
        printf '%s\n' "-L$directory" "-Wl,-rpath,$directory" -lheliosdb
    elif pkg-config --exists heliosdb 2>/dev/null; then
        pkg-config --cflags --libs heliosdb | tr ' ' '\n' | sed '/^$/d'
        echo "-Wl,-rpath,$(pkg-config --variable=libdir heliosdb)"
    else
        fail 'libheliosdb is not found: install it with its pkg-config file, or set HELIOSDB_INCLUDE, HELIOSDB_LIBDIR'
    fi
}

command -v "${CC:-cc}" >/dev/null ||
    fail "no C compiler (${CC:-cc}): install one (Debian: apt-get install gcc), or set CC"
headers=$(node_include)
lines=$(library_flags)
mapfile -t flags <<<"$lines"

mkdir -p "$(dirname "$output")"
# shellcheck disable=SC2086
"${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -DNAPI_VERSION=8 -O2 -g -fPIC -fvisibility=hidden -Wall -Wextra \
    -Wshadow -Wstrict-prototypes ${CFLAGS:-} -I"$headers" -shared -o "$output.tmp" src/*.c "${flags[@]}" ${LDFLAGS:-}
mv "$output.tmp" "$output"
