#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: TARGET="lexer entry" RUNS=10000000 TIME=0 JOBS=2 SEED=0 tools/fuzz.sh
#
# Builds the fuzz targets with clang and runs each, or those named, RUNS times or for TIME seconds; SEED 0 is another one
# each time. A line for each target tells how often it ran and whether something was found; what was found, and the inputs
# that led somewhere new, stay in build/fuzzing, where the next run takes them up.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/fuzzing
all=(block cell config conninfo engine_text entry foreign lexer result statements translate)

run_target() { # name
    local name=$1 log=$build/logs/$1.log status=0 executions
    local corpus=$build/corpus/$name options=(-max_len=512)
    mkdir -p "$corpus" "$build/findings"
    case $name in
    engine_text | lexer | statements | translate) options+=(-dict=tests/fuzz/sql.dict "$corpus" tests/rewrite) ;;
    config | conninfo) options+=(-dict="tests/fuzz/$name.dict" "$corpus") ;;
    *) options+=("$corpus") ;;
    esac
    "$build/tests/fuzz/fuzz_$name" -runs="${RUNS:-10000000}" -seed="${SEED:-0}" -max_total_time="${TIME:-0}" \
        -timeout=120 -rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$build/findings/$name-" "${options[@]}" >"$log" 2>&1 || status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    if [ "$status" = 0 ]; then
        echo "$name: ${executions:-0} executions, no finding"
    else
        echo "$name: ${executions:-0} executions, a finding: see $log"
        tail -n 40 "$log" >&2
        return 1
    fi
}

# glibc leaks the path it reads from this.
unset LOCPATH
if [ "${1:-}" = --run ]; then
    run_target "$2"
    exit
fi
[ -f "$build/build.ninja" ] || CC=clang meson setup "$build" -Dfuzzing=true -Dtests=false >/dev/null
ninja -C "$build" fuzz >/dev/null
mkdir -p "$build/logs"
read -r -a chosen <<<"${TARGET:-${all[*]}}"
printf '%s\n' "${chosen[@]}" | xargs -P "${JOBS:-2}" -n 1 "$0" --run
