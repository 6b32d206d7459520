#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: POINTS=N RACES=N SECONDS_OF_WRITING=N SEED=N tools/torture.sh
#
# Kills clients within statements and commits of every kind, and compares what is there with plain SQLite: POINTS (1,000)
# points embedded, a quarter of it on each kind of server; then the campaign of kills beside other writers, kills while a
# file is taken in, rebuilt or written by a backup, RACES (200) of up to 50 processes that open one database at once, 8
# processes in three languages that write one for SECONDS_OF_WRITING (600), half as many power cuts as POINTS, and commits
# on networks that stall. Prints where it killed and what it found.
set -euo pipefail
cd "$(dirname "$0")/.."

points=${POINTS:-1000}
seed=${SEED:-$(date +%s)}
status=0
HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_KEEPER=$PWD/build/src/heliosdb-keeper HELIOSDB_LIBRARY=$PWD/build/src/libheliosdb.so HELIOSDB_NOTICES=off

campaign() { # program, options
    local program=$1
    shift
    echo "--- $program $*"
    tests/support/servers.sh run "build/tests/fault/$program" --seed "$seed" "$@" || status=1
}

languages() {
    echo "--- 8 processes in three languages"
    HELIOSDB_INCLUDE=$PWD/include:$PWD/build/include HELIOSDB_LIBDIR=$PWD/build/src \
        NODE_INCLUDE=$PWD/build/node/node_modules/node-api-headers/include bindings/node/build.sh
    HELIOSDB_TORTURE_SECONDS=${SECONDS_OF_WRITING:-600} PYTHONPATH=bindings/python \
        build/venv/bin/python -m pytest -q tests/scale/test_languages.py || status=1
}

power_cuts() {
    echo "--- powercut"
    build/tests/powercut/powercut --seed "$seed" --commits 400 --cuts $((points / 18)) full normal off mixed \
        old-full old-off old-mixed intake rebuild checkpoints || status=1
}

campaign statement_kills --points "$points" embedded
campaign statement_kills --points $((points / 4)) daemon-heliosdb
campaign statement_kills --points $((points / 4)) daemon-postgresql
campaign kill_campaign --rounds "$points"
campaign open_kills --rounds $((points * 3 / 10))
campaign cold_starts --races "${RACES:-200}"
languages
power_cuts
echo "--- tests/wire, commits stalled at every point"
HDB_WIRE_LONG=1 HELIOSDB_LIBRARY=$PWD/build/src/libheliosdb.so PYTHONPATH=bindings/python \
    build/venv/bin/python -m pytest -q -rs --timeout=600 tests/wire || status=1
exit "$status"
