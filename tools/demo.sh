#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/demo.sh       (make demo builds first)
#
# Runs the tutorial's two programs, word for word, on the real engine: embedded, with the rows read back by psql from
# the engine and by Python's own sqlite3 from the file; then in daemon mode, against a HeliosDB Nano server and against
# PostgreSQL. The first program's database is /tmp/app.db, as in the tutorial; it stays there. One that is there already is
# moved aside: it may be of another version, or somebody else's.
set -euo pipefail
cd "$(dirname "$0")/.."

python=build/venv/bin/python

step() { printf '\n== %s\n' "$*"; }
run() { # shows the command, with the variables that matter, and runs it
    echo "\$ ${*#"$PWD"/}"
    "$@"
}

masked() { echo "${1%:*@*}:***@${1##*@}"; }

set_aside() { # a database and what lies beside it
    local aside file
    aside=$1.before-$(date +%Y%m%d-%H%M%S)
    for file in "" -wal -shm -heliosdb; do
        [ ! -e "$1$file" ] || mv "$1$file" "$aside$file"
    done
    [ ! -e "$aside" ] || step "$1 was there already: it is $aside now"
}

embedded() {
    set_aside /tmp/app.db
    step "The tutorial's 30-second example, embedded"
    run "$python" examples/tutorial_30_seconds.py
    step "Its rows, read by psql from the engine"
    run "$python" examples/show_engine.py /tmp/app.db files
    step "Its rows, read by the standard library's sqlite3 from the file"
    run "$python" -c 'import sqlite3; print(sqlite3.connect("/tmp/app.db").execute("SELECT * FROM files").fetchall())'
    step "The tutorial's smoke test, embedded"
    run "$python" examples/tutorial_smoke.py
}

# The server is a fresh one: the programs make the tables.
daemon_by_environment() { # what the server is, DSN
    step "Both programs unchanged against $1: HELIOSDB_MODE=daemon HELIOSDB_DSN=$(masked "$2")"
    export HELIOSDB_MODE=daemon HELIOSDB_DSN=$2
    run "$python" examples/tutorial_smoke.py
    run "$python" examples/tutorial_30_seconds.py
    rows_in_server
}

daemon_by_argument() {
    step "Both programs against $1 with the tutorial's mode=\"daemon\", dsn=..., timeout=30.0"
    export HELIOSDB_DSN=$2
    run "$python" examples/tutorial_smoke_daemon.py
    run "$python" examples/tutorial_30_seconds_daemon.py
    rows_in_server
}

rows_in_server() {
    # shellcheck disable=SC2016
    echo '$ psql "$HELIOSDB_DSN" -c "SELECT * FROM files"'
    psql --no-psqlrc "$HELIOSDB_DSN" -c "SELECT * FROM files"
}

daemon() { # function
    ("$1" "HeliosDB Nano" "$HELIOSDB_TEST_DSN_HELIOSDB")
    if [ -n "${HELIOSDB_TEST_DSN_POSTGRESQL:-}" ]; then
        ("$1" PostgreSQL "$HELIOSDB_TEST_DSN_POSTGRESQL")
    fi
}

if [ "${1:-}" = --daemon ]; then
    daemon "$2"
    exit 0
fi

HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_LIBRARY=$PWD/build/src/libheliosdb.so PYTHONPATH=$PWD/bindings/python
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
step "The engine: $HELIOSDB_BIN ($("$HELIOSDB_BIN" --version))"
embedded
tests/support/servers.sh run "$0" --daemon daemon_by_environment
tests/support/servers.sh run "$0" --daemon daemon_by_argument
printf '\nOK\n'
