#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/check_interface.sh BUILD_DIR
#
# Checks, in TAP, that the header, the symbol map and the built library speak of the same functions, that the header can
# be included alone, and that the library needs nothing it should not.
set -euo pipefail
build=$(cd "${1:?build directory}" && pwd)
cd "$(dirname "$0")/.."
. tests/support/tap.sh

library=$build/src/libheliosdb.so
map=src/heliosdb.map

functions_of_header() {
    sed -n 's/^HDB_API [^(]*[ *]\(hdb_[a-z0-9_]*\)(.*/\1/p' include/heliosdb/*.h | sort
}
functions_of_map() { grep -o '\bhdb_[a-z0-9_]*\b' "$map" | sort; }
functions_of_library() {
    nm -D --defined-only --format=posix "$library" | awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort
}

same_as_header() {
    functions_of_header | grep -q . || return 1
    diff <(functions_of_header) <("$1")
}

header_alone() { # compiler, language, standard
    echo '#include <heliosdb/heliosdb.h>' |
        "$1" -x "$2" -std="$3" -pedantic -Wall -Wextra -Werror -fsyntax-only \
            -Iinclude -I"$build/include" -I"$build" -
}

needs_only_these() {
    local name needed
    needed=$(patchelf --print-needed "$library")
    for name in $needed; do
        case $name in
        libsqlite3.so.0 | libpq.so.5 | libc.so.6 | libm.so.6 | ld-linux*) ;;
        *) echo "the library needs $name" && return 1 ;;
        esac
    done
}

soname_is() { [ "$(patchelf --print-soname "$library")" = "$1" ]; }
stack_is_not_executable() { [ "$(readelf -lW "$library" | awk '/GNU_STACK/ { print $7 }')" = RW ]; }

tap_check "the symbol map names the header's functions" same_as_header functions_of_map
tap_check "the library exports the header's functions" same_as_header functions_of_library
tap_check "the header compiles alone as C99 (gcc)" header_alone gcc c c99
tap_check "the header compiles alone as C99 (clang)" header_alone clang c c99
tap_check "the header compiles alone as C++11" header_alone c++ c++ c++11
tap_check "the library needs libsqlite3, libpq and libc only" needs_only_these
tap_check "the soname is libheliosdb.so.0.1" soname_is libheliosdb.so.0.1
tap_check "the stack is not executable" stack_is_not_executable
tap_done
