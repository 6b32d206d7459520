#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/frameworks_python.sh [PROGRAM..]      (make frameworks-python and make case-study build first)
#        RUNS="sqlite3 embedded" tools/frameworks_python.sh PROGRAM      only these set-ups
#
# Public frameworks and applications that use sqlite3 are fetched from PyPI at a pinned version, and their own tests are
# run with the standard library's sqlite3, and with heliosdb_sqlite embedded and against servers. Frameworks run as they
# are, `import sqlite3` gives heliosdb_sqlite there (frameworks_python/sitecustomize.py); the applications of the case
# study have their import lines changed, which is shown. Everything lies in build/frameworks/.
#
# Prints a table of counts, and by name the tests that fail with us but not with sqlite3. Exits 1 if one of those is not
# named in the page that tells how it went (docs/frameworks-python.md, docs/case-study.md).
set -euo pipefail
cd "$(dirname "$0")/.."

repository=$PWD
tools=$PWD/tools/frameworks_python
root=$PWD/build/frameworks
python=$root/venv/bin/python
frameworks=(SQLAlchemy Django alembic aiosqlite dataset diskcache pony)
applications=(persist-queue sqlite-utils)

say() { echo "frameworks: $*" >&2; }

# What a program needs: its sdist, the packages its tests import, its tests and where they are run, and how it gets our
# module: by `replace` or by a changed `import`. `memory`: whether its databases in memory have an engine, too, when it
# is run embedded. What is not said is as in the first lines.
describe() { # program
    way=replace runner=pytest memory=engine page=docs/frameworks-python.md source=. where=.
    options=() needs=() server_tests=()
    case $1 in
    SQLAlchemy)
        sdist=SQLAlchemy==2.0.44 directory=sqlalchemy-2.0.44 source=lib
        needs=(greenlet==3.2.4 typing_extensions==4.15.0)
        runs=(sqlite3 embedded daemon-postgresql daemon-heliosdb)
        tests=(test/dialect/sqlite test/engine/test_transaction.py test/orm/test_unitofwork.py
            test/sql/test_{query,returning,insert_exec}.py)
        server_tests=(test/dialect/sqlite/test_on_conflict.py test/sql/test_{query,insert_exec}.py)
        ;;
    Django)
        sdist=Django==5.2.19 directory=django-5.2.19 runner=django where=tests
        needs=(asgiref==3.10.0 sqlparse==0.5.3 unittest-xml-reporting==3.2.0)
        runs=(sqlite3 memory embedded daemon-postgresql daemon-heliosdb)
        tests=(backends basic bulk_create constraints get_or_create indexes introspection migrations schema
            transactions)
        server_tests=(basic bulk_create transactions)
        ;;
    alembic)
        sdist=alembic==1.20.1 directory=alembic-1.20.1
        needs=(SQLAlchemy==2.0.44 Mako==1.3.10 typing_extensions==4.15.0)
        runs=(sqlite3 embedded)
        # Those that use a database.
        tests=(tests/test_{sqlite,suite,batch,bulk_insert,environment,version_table}.py
            tests/test_autogen_{diffs,composition}.py)
        ;;
    aiosqlite)
        sdist=aiosqlite==0.22.1 directory=aiosqlite-0.22.1
        runs=(sqlite3 embedded daemon-postgresql daemon-heliosdb)
        tests=(aiosqlite/tests/smoke.py)
        ;;
    dataset)
        sdist=dataset==2.0.0 directory=dataset-2.0.0
        needs=(SQLAlchemy==2.0.44 alembic==1.20.1)
        runs=(sqlite3 embedded daemon-postgresql daemon-heliosdb)
        tests=(test)
        ;;
    diskcache)
        sdist=diskcache==5.6.3 directory=diskcache-5.6.3
        runs=(sqlite3 embedded)
        # The others want Django or are slow by themselves; its configuration asks for doctests of the whole tree.
        tests=(tests/test_{core,fanout,deque,index,recipes}.py)
        options=(-c /dev/null --rootdir=.)
        ;;
    pony)
        sdist=pony==0.7.20 directory=pony-0.7.20
        runs=(sqlite3 embedded)
        tests=(pony/orm/tests)
        ;;
    persist-queue)
        sdist=persist-queue==1.1.0 directory=persist_queue-1.1.0 way=import memory=sqlite page=docs/case-study.md
        needs=(cbor2 msgpack) runs=(sqlite3 embedded daemon-postgresql daemon-heliosdb)
        # The others use files, a MySQL server or aiosqlite.
        tests=(persistqueue/tests/test_{sqlqueue,sqlackqueue,pdict,priorityqueue}.py)
        ;;
    sqlite-utils)
        sdist=sqlite-utils==4.2.1 directory=sqlite_utils-4.2.1 way=import memory=sqlite page=docs/case-study.md
        needs=(click click-default-group pluggy tabulate python-dateutil sqlite-fts4 hypothesis)
        # Its commands ask for a file that is there, and its tests open several databases: not for a server.
        runs=(sqlite3 embedded)
        tests=(tests)
        ;;
    *)
        say "no such program: $1 (there are ${frameworks[*]} ${applications[*]})"
        return 2
        ;;
    esac
    [ ${#server_tests[@]} -gt 0 ] || server_tests=("${tests[@]}")
    [ -z "${RUNS:-}" ] || read -r -a runs <<<"$RUNS"
}

fetch() {
    [ -x "$python" ] || python3 -m venv "$root/venv"
    "$python" -m pip install --quiet --disable-pip-version-check pytest==8.4.2 pytest-timeout==2.4.0 \
        'psycopg[binary]' "${needs[@]}"
    rm -rf "${root:?}/$directory" "${root:?}/ported/$directory"
    mkdir -p "$root/sdist" "$root/ported"
    # Its own sdist, but ready-made packages for what pip needs to look into that.
    [ -f "$root/sdist/$directory.tar.gz" ] ||
        "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary "${sdist%%==*}" \
            -d "$root/sdist" "$sdist"
    tar -xzf "$root/sdist/$directory.tar.gz" -C "$root"
}

# The only change there is, where there is one.
port() {
    cp -r "$root/$directory" "$root/ported/$directory"
    find "$root/ported/$directory" -name '*.py' -exec sed -i -E \
        -e 's/^( *)import sqlite3( *#.*|\r)?$/\1import heliosdb_sqlite as sqlite3\2/' \
        -e 's/^( *)from sqlite3 import /\1from heliosdb_sqlite import /' {} +
    echo "== $sdist: the change"
    (cd "$root" && diff -ru "$directory" "ported/$directory" | tr -d '\r' | grep -E '^(\+\+\+|[-+] *(import|from))' |
        sed -E 's/\t.*//') || true
}

run_pytest() { # words for pytest
    "$python" -m pytest -q --tb=short --timeout=600 -p no:cacheprovider "${options[@]}" \
        --junitxml="$results/$run.xml" "$@"
}

run_django() { # words for its runtests.py
    local command=("$python" -W ignore runtests.py --parallel=1 --settings=django_settings --noinput "$@")
    export FRAMEWORKS_RESULTS=$results/$run.xml
    if [ "${HELIOSDB_MODE:-}" = daemon ]; then
        "$python" "$tools/two_servers.py" "${command[@]}"
    else
        "${command[@]}"
    fi
}

# Runs tests in a set-up; the databases they make lie where they are run.
run_tests() { # name of the run, directory, further words
    run=$1
    local copy=$2
    shift 2
    say "$sdist: $run"
    (cd "$copy/$where" && PYTHONPATH=$PYTHONPATH:$copy/$source "run_$runner" "$@") >"$results/$run.log" 2>&1 || true
}

# With our module, however it gets there. `plugins` are pytest's.
run_ours() { # name of the run, tests
    local name=$1 copy=$root/$directory plugins=()
    shift
    if [ "$way" = import ]; then
        copy=$root/ported/$directory
    else
        export HELIOSDB_REPLACE_SQLITE3=1
        # Or the counts would be the standard library's own.
        "$python" -c 'import sqlite3; assert sqlite3.__name__ == "heliosdb_sqlite"' || exit 1
    fi
    if [ "$runner" = pytest ] && [ "${HELIOSDB_MODE:-}" = daemon ]; then
        plugins+=(-p "$([ "$program" = SQLAlchemy ] && echo sqlalchemy_on_server || echo own_database)")
    fi
    run_tests "$name" "$copy" "${plugins[@]}" "$@"
}

run_daemon() { # name of the run, DSN
    if [ -n "$2" ]; then
        (export HELIOSDB_MODE=daemon HELIOSDB_DSN=$2 && run_ours "$1" "${server_tests[@]}")
    else
        say "PostgreSQL is not installed: not run there"
    fi
}

run_everywhere() {
    local each
    for each in "${runs[@]}"; do
        case $each in
        sqlite3) run_tests "$each" "$root/$directory" "${tests[@]}" ;;
        embedded) (export HELIOSDB_MODE=embedded HELIOSDB_MEMORY=$memory && run_ours "$each" "${tests[@]}") ;;
        memory) (export HELIOSDB_MODE=embedded HELIOSDB_MEMORY=sqlite && run_ours "$each" "${tests[@]}") ;;
        daemon-heliosdb) run_daemon "$each" "$HELIOSDB_TEST_DSN_HELIOSDB" ;;
        daemon-postgresql) run_daemon "$each" "${HELIOSDB_TEST_DSN_POSTGRESQL:-}" ;;
        esac
    done
}

run_program() { # program
    program=$1
    describe "$program"
    results=$root/results/$program
    mkdir -p "$results"
}

if [ "${1:-}" = --with-servers ]; then
    run_program "$2"
    run_everywhere
    exit 0
fi

HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_LIBRARY=${HELIOSDB_LIBRARY:-$PWD/build/src/libheliosdb.so}
export HELIOSDB_KEEPER=${HELIOSDB_KEEPER:-$PWD/build/src/heliosdb-keeper}
export PYTHONPATH=$PWD/bindings/python:$tools HELIOSDB_NOTICES=off
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
mkdir -p "$root"
[ $# -gt 0 ] || set -- "${frameworks[@]}"
status=0
for each; do
    run_program "$each"
    fetch
    [ "$way" = replace ] || port
    for run in "${runs[@]}"; do rm -f "$results/$run".*; done
    "$repository/tests/support/servers.sh" run "$0" --with-servers "$each"
    "$python" "$tools/table.py" --page "$page" "$results" "${runs[@]}" || status=1
done
exit "$status"
