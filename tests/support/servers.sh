#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tests/support/servers.sh start DIR     prints `export NAME=VALUE` lines; the servers run until `stop DIR`
#        tests/support/servers.sh stop DIR      stops them and removes DIR
#        tests/support/servers.sh run COMMAND.. both around a command, with the variables in its environment
#
# Two private servers for daemon mode, each on a loopback port of its own with a random password:
#   HELIOSDB_TEST_DSN_HELIOSDB    HeliosDB Nano, SCRAM, on disk
#   HELIOSDB_TEST_DSN_POSTGRESQL  a PostgreSQL cluster made for the occasion; not set where PostgreSQL is not installed
# The engine is HELIOSDB_BIN or what tools/engine.sh finds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

say() { echo "servers: $*" >&2; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

random_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# PostgreSQL does not run as root.
as_postgres() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif command -v runuser >/dev/null; then
        runuser -u postgres -- "$@"
    else
        su postgres -s /bin/sh -c "$(printf '%q ' "$@")"
    fi
}

postgres_programs() {
    local directory
    if command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/initdb" ]; then
        pg_config --bindir
        return
    fi
    for directory in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
        if [ -x "$directory/initdb" ]; then
            echo "$directory"
            return
        fi
    done
}

# A server is ready when the port takes connections and its process is still there: not somebody else's server.
wait_for_port() { # pid port
    local tries
    for tries in $(seq 150); do
        kill -0 "$1" 2>/dev/null || return 1
        if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
            return 0
        fi
        [ "$tries" = 150 ] || sleep 0.1
    done
    return 1
}

start_heliosdb() {
    local directory=$1/heliosdb program password port pid attempt
    program=$("$here/../../tools/engine.sh")
    password=$(random_password)
    mkdir -p "$directory"
    for attempt in 1 2 3 4 5; do
        port=$(free_port)
        HELIOSDB_PASSWORD=$password setsid "$program" start --data-dir "$directory/data" --listen 127.0.0.1 \
            --port "$port" --http-port 0 --auth scram-sha-256 </dev/null >"$directory/log" 2>&1 &
        pid=$!
        if wait_for_port "$pid" "$port"; then
            echo "$pid" >"$directory/pid"
            echo "export HELIOSDB_TEST_DSN_HELIOSDB=postgresql://postgres:$password@127.0.0.1:$port/heliosdb"
            return 0
        fi
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        say "HeliosDB Nano did not start on port $port (try $attempt)"
    done
    tail -n 20 "$directory/log" >&2
    return 1
}

start_postgresql() {
    local directory=$1/postgresql programs password port attempt
    programs=$(postgres_programs)
    if [ -z "$programs" ]; then
        say "PostgreSQL is not installed: HELIOSDB_TEST_DSN_POSTGRESQL is not set"
        return 0
    fi
    password=$(random_password)
    mkdir -p "$directory"
    (umask 077 && echo "$password" >"$directory/password")
    [ "$(id -u)" != 0 ] || chown -R postgres "$directory"
    # Text is ordered as people's databases order it, by language: that differs from SQLite's order, and must not show.
    as_postgres "$programs/initdb" -D "$directory/data" -U postgres -A scram-sha-256 --pwfile="$directory/password" \
        -E UTF8 --locale=C --locale-provider=icu --icu-locale=en-US --no-sync >"$directory/initdb.log" 2>&1 ||
        { cat "$directory/initdb.log" >&2 && return 1; }
    for attempt in 1 2 3 4 5; do
        port=$(free_port)
        # It is thrown away afterwards: nothing has to survive a power cut.
        if as_postgres "$programs/pg_ctl" start -D "$directory/data" -w -t 30 -s -l "$directory/log" -o \
            "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$directory -c fsync=off" \
            </dev/null >/dev/null 2>&1; then
            echo "$programs" >"$directory/programs"
            echo "export HELIOSDB_TEST_DSN_POSTGRESQL=postgresql://postgres:$password@127.0.0.1:$port/postgres"
            return 0
        fi
        say "PostgreSQL did not start on port $port (try $attempt)"
    done
    tail -n 20 "$directory/log" >&2
    return 1
}

start() {
    mkdir -p "$1"
    # The directory may lie below one that only its owner may enter; the socket and the data are PostgreSQL's.
    chmod 0755 "$1"
    start_heliosdb "$1" && start_postgresql "$1"
}

stop() {
    local pid tries programs
    if [ -f "$1/heliosdb/pid" ]; then
        pid=$(cat "$1/heliosdb/pid")
        kill "$pid" 2>/dev/null || true
        for tries in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || break
            [ "$tries" != 100 ] || kill -9 "$pid" 2>/dev/null || true
            sleep 0.1
        done
    fi
    if [ -f "$1/postgresql/programs" ]; then
        programs=$(cat "$1/postgresql/programs")
        as_postgres "$programs/pg_ctl" stop -D "$1/postgresql/data" -m immediate -w -s >/dev/null 2>&1 || true
    fi
    rm -rf "$1"
}

run() {
    local directory variables status=0
    directory=$(mktemp -d "${TMPDIR:-/tmp}/hdb-servers.XXXXXX")
    # shellcheck disable=SC2064
    trap "stop '$directory'" EXIT
    trap 'exit 130' INT TERM
    variables=$(start "$directory")
    eval "$variables"
    "$@" || status=$?
    return "$status"
}

case ${1:-} in
start) start "${2:?directory}" ;;
stop) stop "${2:?directory}" ;;
run) shift && run "$@" ;;
*) sed -n 's/^# \{0,1\}//; 4,12p' "$0" >&2 && exit 2 ;;
esac
