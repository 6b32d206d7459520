#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: JOBS=2 tools/analyze.sh [FILE..]
#
# Clang's static analyzer and gcc's go over src/ and what the Python binding has in C, or over these files. Anything they
# report makes it fail. They see one file at a time: what functions of other files promise, HDB_ANALYZER tells them (src/error.h).
set -euo pipefail
cd "$(dirname "$0")/.."

clang=(clang --analyze --analyzer-output text -Xclang -analyzer-werror)
# gcc 12 takes what is stored in memory that realloc() may have moved for lost. Leaks are clang's here, and the business of
# the address sanitizer, valgrind and the allocation sweep.
gcc=(gcc -O1 -fanalyzer -Wno-analyzer-malloc-leak -Wextra -Wno-unused-parameter -Wlogical-op -Wduplicated-cond -Werror -c)

analyze() { # file
    local file=$1 status=0 flags
    read -r -a flags <<<"$(pkg-config --cflags sqlite3 libpq python3)"
    flags+=(-std=gnu11 -D_GNU_SOURCE -DHDB_ANALYZER -DPy_LIMITED_API=0x030A0000 -DSQLITE_ENABLE_PREUPDATE_HOOK -DSQLITE_ENABLE_SESSION
        '-DHDB_LIBEXECDIR="/"' -Isrc -Iinclude -Ibuild/include -o /dev/null "$file")
    "${clang[@]}" "${flags[@]}" 2>&1 || status=1
    "${gcc[@]}" "${flags[@]}" 2>&1 || status=1
    return "$status"
}

if [ "${1:-}" = --one ]; then
    analyze "$2"
    exit
fi
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(find src bindings/python/accelerator -name '*.c' | sort)
if printf '%s\n' "${files[@]}" | xargs -P "${JOBS:-$(nproc)}" -n 1 "$0" --one; then
    echo "${#files[@]} files, nothing to report"
else
    echo "${#files[@]} files; see the reports above" >&2
    exit 1
fi
