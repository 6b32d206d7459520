#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/frameworks_node.sh [PROGRAM..]      (make frameworks-node builds first)
#
# Frameworks that use better-sqlite3 are fetched from npm at pinned versions, and a program of each
# (tools/frameworks_node/) is run, with better-sqlite3 itself and with heliosdb-sqlite in its place: embedded, and on two
# servers. Nothing in the frameworks or the programs is changed; require('better-sqlite3') gives another package. What
# the programs print must be equal, line by line. Prints a table of counts, and the lines that differ; exits 1 if one
# of them is not named in docs/frameworks-node.md. Everything lies in build/frameworks-node/.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/frameworks-node
tools=$PWD/tools/frameworks_node
page=docs/frameworks-node.md
programs=(knex kysely drizzle typeorm)
packages=(knex@3.1.0 kysely@0.28.8 drizzle-orm@0.44.7 typeorm@0.3.27 reflect-metadata@0.2.2)

say() { echo "frameworks: $*" >&2; }

# The real module is the one that the tests of the binding compare with.
fetch() {
    local stamp=$root/packages.stamp wanted
    wanted="${packages[*]} better-sqlite3@$(node -p "require('$PWD/build/node/node_modules/better-sqlite3/package.json').version")"
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
    say "installing ${packages[*]}"
    rm -rf "$root"
    mkdir -p "$root/real" "$root/ours"
    npm install --prefix "$root/real" --no-save --no-package-lock --no-audit --no-fund --legacy-peer-deps --silent "${packages[@]}" >&2
    # What better-sqlite3 itself needs is beside it there.
    cp -r -n build/node/node_modules/. "$root/real/node_modules/"
    cp -r "$root/real/node_modules" "$root/ours/"
    rm -rf "$root/ours/node_modules/better-sqlite3"
    mkdir "$root/ours/node_modules/better-sqlite3"
    echo '{ "name": "better-sqlite3", "version": "12.0.0", "main": "index.js" }' >"$root/ours/node_modules/better-sqlite3/package.json"
    echo "module.exports = require('$PWD/bindings/node');" >"$root/ours/node_modules/better-sqlite3/index.js"
    echo "$wanted" >"$stamp"
}

# Runs a program where its packages are found; what it prints, and its errors, go to a file.
run_program() { # program, which packages, name of the run
    local directory=$root/runs/$3 status=0
    rm -rf "$directory"
    mkdir -p "$directory"
    cp "$tools"/{app,"$1"}.js "$root/$2/"
    (cd "$root/$2" && node "$1.js" "$directory/app.db") >"$root/$1.$3" 2>"$root/$1.$3.errors" || status=$?
    [ "$status" = 0 ] || { echo "ended with $status" >>"$root/$1.$3" && head -n 20 "$root/$1.$3.errors" >&2; }
}

# No table of the program before is left in a server.
empty_server() { # DSN
    psql -XAtq -c "SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = 'public'" "$1" |
        while IFS='|' read -r kind name; do
            psql -Xq -c "DROP $([ "$kind" = VIEW ] && echo VIEW || echo TABLE) IF EXISTS \"$name\" CASCADE" "$1" >/dev/null 2>&1 || true
        done
}

run_ours() { # program, name of the run, DSN of a server or nothing
    [ -z "$3" ] || empty_server "$3"
    (
        [ -z "$3" ] || export HELIOSDB_MODE=daemon HELIOSDB_DSN=$3
        run_program "$1" ours "$2"
    )
    compare "$1" "$2"
}

# A line of the table; what differs is said below it.
compare() { # program, name of the run
    local lines same differing
    lines=$(wc -l <"$root/$1.real")
    differing=$(diff "$root/$1.real" "$root/$1.$2" || true)
    same=$((lines - $(grep -c '^<' <<<"$differing" || true)))
    printf '%-8s %-18s %3d of %3d lines equal\n' "$1" "$2" "$same" "$lines"
    [ -n "$differing" ] || return 0
    while read -r line; do
        line=${line#[<>] }
        # A difference that is explained is named by what stands before the colon.
        grep -qF "| $1 | \`${line%%:*}\` |" "$page" || { echo "    NOT LISTED $line" | cut -c 1-300 && touch "$root/unlisted"; }
    done < <(grep '^[<>]' <<<"$differing")
}

run_all() {
    local program
    rm -f "$root/unlisted"
    for program; do
        run_program "$program" real real
        [ -s "$root/$program.real" ] && ! grep -q '^ended with' "$root/$program.real" || { say "$program does not run with better-sqlite3" && return 1; }
        run_ours "$program" embedded ''
        run_ours "$program" daemon-heliosdb "$HELIOSDB_TEST_DSN_HELIOSDB"
        if [ -n "${HELIOSDB_TEST_DSN_POSTGRESQL:-}" ]; then
            run_ours "$program" daemon-postgresql "$HELIOSDB_TEST_DSN_POSTGRESQL"
        else
            say "PostgreSQL is not installed: not run there"
        fi
    done
    [ ! -e "$root/unlisted" ]
}

if [ "${1:-}" = --with-servers ]; then
    shift
    run_all "$@"
    exit
fi
HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_NOTICES=off HELIOSDB_LINGER=0
export HELIOSDB_LIBRARY=${HELIOSDB_LIBRARY:-$PWD/build/src/libheliosdb.so}
export HELIOSDB_KEEPER=${HELIOSDB_KEEPER:-$PWD/build/src/heliosdb-keeper}
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
bindings/node/build.sh
fetch
[ $# -gt 0 ] || set -- "${programs[@]}"
tests/support/servers.sh run "$0" --with-servers "$@"
