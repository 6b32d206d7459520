#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/frameworks_ruby.sh [activerecord|sequel..]      (make frameworks-ruby builds first)
#
# Programs on ActiveRecord and Sequel (tools/frameworks_ruby/) are run, unchanged, with the sqlite3 gem and with
# heliosdb/sqlite3/shim in its place: embedded, and on two servers. What they print must be equal, line by line. Prints a table of
# counts, and the lines that differ; exits 1 if one of these is not named in docs/frameworks-ruby.md. The packages are Debian's, and
# are installed if they are missing. Everything lies in build/frameworks-ruby/.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/frameworks-ruby
page=docs/frameworks-ruby.md
programs=(activerecord sequel)

say() { echo "frameworks: $*" >&2; }

install_packages() {
    local package missing=() as_root=()
    for package in ruby-activerecord ruby-sequel ruby-sqlite3; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

# What a program prints, and its errors, go to a file.
run_program() { # program, name of the run, further words for ruby
    local program=$1 name=$2 directory=$root/runs/$1.$2 status=0
    shift 2
    rm -rf "$directory"
    mkdir -p "$directory"
    (cd "$directory" && ruby -W0 "$@" "$tools/$program.rb" "$directory/app.db") >"$root/$program.$name" 2>"$root/$program.$name.errors" ||
        status=$?
    [ "$status" = 0 ] || { echo "ended with $status" >>"$root/$program.$name" && head -n 20 "$root/$program.$name.errors" >&2; }
}

# No table of the program before is left in a server.
empty_server() { # DSN
    psql -XAtq -c "SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = 'public'" "$1" |
        while IFS='|' read -r kind name; do
            psql -Xq -c "DROP $([ "$kind" = VIEW ] && echo VIEW || echo TABLE) IF EXISTS \"$name\" CASCADE" "$1" >/dev/null 2>&1 || true
        done
}

run_ours() { # program, name of the run, DSN of a server or nothing
    (
        if [ -n "$3" ]; then
            empty_server "$3"
            export HELIOSDB_MODE=daemon HELIOSDB_DSN=$3
        fi
        # Debian's ActiveRecord asks for the gem's 1.4; it is the surface of both, as the gem beside it is 1.4.2.
        export HELIOSDB_SQLITE3_SURFACE=1.4
        run_program "$1" "$2" -I "$repository/bindings/ruby/lib" -r heliosdb/sqlite3/shim
    )
}

# Lines that differ from the gem's and that the page does not name by program, line and set-up.
compare() { # program, name of the run
    local name all equal
    all=$(wc -l <"$root/$1.gem")
    diff "$root/$1.gem" "$root/$1.$2" >"$root/$1.$2.diff" || true
    equal=$((all - $(grep -c '^<' "$root/$1.$2.diff" || true)))
    printf '%-13s %-18s %d of %d lines equal\n' "$1" "$2" "$equal" "$all"
    sed -n 's/^[<>] \([^:]*\):.*/\1/p; s/^[<>] \(ended .*\)/\1/p' "$root/$1.$2.diff" | sort -u | while read -r name; do
        grep -qF "| $1 | $name | " "$page" && grep -F "| $1 | $name | " "$page" | grep -qE "all|$2" && continue
        echo "    NOT LISTED $name"
        grep -F " $name" "$root/$1.$2.diff" | cut -c1-200 | sed 's/^/        /'
    done
}

main() {
    local program each
    mkdir -p "$root"
    for program in "${chosen[@]}"; do
        say "$program"
        run_program "$program" gem
        run_ours "$program" embedded ''
        run_ours "$program" daemon-heliosdb "$HELIOSDB_TEST_DSN_HELIOSDB"
        [ -z "${HELIOSDB_TEST_DSN_POSTGRESQL:-}" ] || run_ours "$program" daemon-postgresql "$HELIOSDB_TEST_DSN_POSTGRESQL"
        for each in embedded daemon-heliosdb daemon-postgresql; do
            [ ! -f "$root/$program.$each" ] || compare "$program" "$each"
        done
    done
}

repository=$PWD
tools=$PWD/tools/frameworks_ruby
if [ "${1:-}" = --with-servers ]; then
    shift
    chosen=("$@")
    main | tee "$root.told"
    ! grep -q 'NOT LISTED' "$root.told"
    exit
fi
[ $# -gt 0 ] || set -- "${programs[@]}"
install_packages
rm -rf "$root"
HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_LIBRARY=${HELIOSDB_LIBRARY:-$PWD/build/src/libheliosdb.so} HELIOSDB_NOTICES=off HELIOSDB_LINGER=0
export HELIOSDB_KEEPER=${HELIOSDB_KEEPER:-$PWD/build/src/heliosdb-keeper}
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
exec tests/support/servers.sh run "$0" --with-servers "$@"
