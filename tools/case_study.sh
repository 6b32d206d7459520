#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/case_study.sh [APPLICATION..]      (make case-study builds first)
#
# The case study of docs/case-study.md: public applications that use sqlite3 are fetched from PyPI at a pinned version,
# their import lines are changed (and shown), and their own tests are run with the standard library's sqlite3, with
# heliosdb_sqlite embedded, and in daemon mode against HeliosDB Nano and PostgreSQL. Everything lies in build/case-study/.
# Prints a table of counts, and by name the tests that fail with us but not with sqlite3. Exits 1 if an application all of
# whose tests should pass (`strict` below) has one that does not.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/case-study
python=$root/venv/bin/python

say() { echo "case study: $*" >&2; }

# What an application needs: its sdist, the packages its tests import, the tests, where they are run, and whether a
# failure fails the study.
describe() { # application
    case $1 in
    persist-queue)
        sdist=persist-queue==1.1.0 directory=persist_queue-1.1.0 strict=yes
        needs=(cbor2 msgpack) runs=(sqlite3 embedded daemon-heliosdb daemon-postgresql)
        # The others use files, a MySQL server or aiosqlite.
        tests=(persistqueue/tests/test_{sqlqueue,sqlackqueue,pdict,priorityqueue}.py)
        ;;
    sqlite-utils)
        sdist=sqlite-utils==4.2.1 directory=sqlite_utils-4.2.1 strict=no
        needs=(click click-default-group pluggy tabulate python-dateutil sqlite-fts4 hypothesis)
        # Its commands ask for a file that is there, and its tests open several databases: not for a server.
        runs=(sqlite3 embedded)
        tests=(tests)
        ;;
    *)
        say "no such application: $1 (there are persist-queue, sqlite-utils)"
        return 2
        ;;
    esac
}

fetch() {
    [ -x "$python" ] || python3 -m venv "$root/venv"
    "$python" -m pip install --quiet --disable-pip-version-check pytest pytest-timeout 'psycopg[binary]' "${needs[@]}"
    rm -rf "${root:?}/$directory" "${root:?}/ported/$directory"
    mkdir -p "$root/sdist" "$root/ported"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: -d "$root/sdist" "$sdist"
    tar -xzf "$root/sdist/$directory.tar.gz" -C "$root"
    cp -r "$root/$directory" "$root/ported/$directory"
}

# The only change there is.
port() {
    find "$root/ported/$directory" -name '*.py' -exec sed -i -E \
        -e 's/^( *)import sqlite3( *#.*|\r)?$/\1import heliosdb_sqlite as sqlite3\2/' \
        -e 's/^( *)from sqlite3 import /\1from heliosdb_sqlite import /' {} +
    echo "== $sdist: the change"
    (cd "$root" && diff -ru "$directory" "ported/$directory" | tr -d '\r' | grep -E '^(\+\+\+|[-+] *(import|from))' |
        sed -E 's/\t.*//') || true
}

run_tests() { # name of the run, directory, further words for pytest
    local run=$1 where=$2
    shift 2
    say "$sdist: $run"
    (cd "$where" && "$python" -m pytest -q --tb=short --timeout=600 -p no:cacheprovider "$@" \
        --junitxml="$root/results/$application/$run.xml" "${tests[@]}") >"$root/results/$application/$run.log" 2>&1 || true
}

run_everywhere() {
    local run ported=$root/ported/$directory
    for run in "${runs[@]}"; do
        case $run in
        sqlite3) run_tests "$run" "$root/$directory" ;;
        embedded) HELIOSDB_MODE=embedded run_tests "$run" "$ported" -p refused ;;
        daemon-heliosdb) run_daemon "$run" "$HELIOSDB_TEST_DSN_HELIOSDB" ;;
        daemon-postgresql) run_daemon "$run" "${HELIOSDB_TEST_DSN_POSTGRESQL:-}" ;;
        esac
    done
}

run_daemon() { # name of the run, DSN
    if [ -n "$2" ]; then
        HELIOSDB_MODE=daemon HELIOSDB_DSN=$2 run_tests "$1" "$ported" -p refused -p own_database
    else
        say "PostgreSQL is not installed: not run there"
    fi
}

if [ "${1:-}" = --with-servers ]; then
    application=$2
    describe "$application"
    run_everywhere
    exit 0
fi

HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_LIBRARY=${HELIOSDB_LIBRARY:-$PWD/build/src/libheliosdb.so}
export PYTHONPATH=$PWD/bindings/python:$PWD/tools/case_study HELIOSDB_NOTICES=off HELIOSDB_LINGER=0
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
mkdir -p "$root"
[ $# -gt 0 ] || set -- persist-queue sqlite-utils
status=0
for application; do
    describe "$application"
    fetch
    port
    rm -rf "$root/results/$application"
    mkdir -p "$root/results/$application"
    tests/support/servers.sh run "$0" --with-servers "$application"
    "$python" tools/case_study/table.py --strict "$strict" "$root/results/$application" "${runs[@]}" || status=1
done
exit "$status"
