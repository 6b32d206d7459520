#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/conformance_node.sh [SUITE..] [-- OPTION..]      (make conformance-node builds first)
#
# Runs other people's own tests of their SQLite modules, unchanged, with the real module and with heliosdb-sqlite in its
# place: embedded, with an engine behind databases in memory, and on two servers. Suites: better-sqlite3, node-sqlite. The options
# are those of tests/conformance/node/conformance.js, which says what counts; docs/conformance-node.md tells how it went.
#
#   NODES                    the versions of Node to run on: "here" is the one on PATH, others come from npm ("here 24";
#                            for node-sqlite "25.8.1", whose own tests of that version are run)
#   NODE_SOURCE              Node's source tree, of which only tests are used, in place of one from GitHub
#   BETTER_SQLITE3_SOURCE    a git clone of better-sqlite3 with its tags, in place of one from GitHub
#
# What is fetched lies in build/conformance-node/.
set -euo pipefail
cd "$(dirname "$0")/.."

repository=$PWD
work=$PWD/build/conformance-node

say() { echo "conformance: $*" >&2; }

# A package that finds no prebuilt binary is compiled, with the headers that belong to the Node on PATH.
npm_install() { # directory, packages
    local directory=$1 installation
    shift
    installation=$(node -p 'require("path").dirname(require("path").dirname(process.execPath))')
    [ ! -f "$installation/include/node/node_api.h" ] || export npm_config_nodedir=$installation
    mkdir -p "$directory"
    say "installing $*"
    npm install --prefix "$directory" --no-save --no-package-lock --no-audit --no-fund --loglevel error "$@" >&2
}

# The program of a version of Node.
node_program() { # "here" or a version
    local directory=$work/node-$1
    if [ "$1" = here ]; then
        command -v node
        return
    fi
    [ -d "$directory/node_modules/node" ] || npm_install "$directory" "node@$1"
    (cd "$directory" && node -p 'require.resolve("node/bin/node")')
}

# --- better-sqlite3: its tests are in its repository, not in its package

clone_better_sqlite3() { # tag
    local clone=$work/better-sqlite3.git
    if [ -n "${BETTER_SQLITE3_SOURCE:-}" ]; then
        echo "$BETTER_SQLITE3_SOURCE"
        return
    fi
    [ -d "$clone" ] || git init --quiet --bare "$clone" >&2
    git -C "$clone" rev-parse --quiet --verify "$1^{commit}" >/dev/null ||
        git -C "$clone" fetch --quiet --depth 1 https://github.com/WiseLibs/better-sqlite3 "refs/tags/$1:refs/tags/$1" >&2
    echo "$clone"
}

prepare_better_sqlite3() { # Node's program
    local version clone directory
    version=$("$1" -p "require('./tests/conformance/node/suites/better-sqlite3').version")
    directory=$work/better-sqlite3-$version
    [ ! -f "$directory/test_extension.node" ] || return 0
    clone=$(clone_better_sqlite3 "v$version")
    mkdir -p "$directory"
    git -C "$clone" archive "v$version" test/ deps/test_extension.c | tar -x -C "$directory"
    # The package chooses what it downloads by the Node that runs npm.
    PATH=$(dirname "$1"):$PATH npm_install "$directory" "better-sqlite3@$version" mocha@11.7.5 chai@4.5.0 fs-extra@11.3.2
    cc -shared -fPIC -o "$directory/test_extension.node" "$directory/deps/test_extension.c"
}

# --- node:sqlite: its tests are in Node's repository, those of a version belong to the Node of that version

prepare_node_sqlite() { # Node's program
    local version directory
    version=$("$1" -p 'process.versions.node')
    directory=$work/node-source-$version
    [ ! -d "$directory/test/sqlite" ] || return 0
    if [ -n "${NODE_SOURCE:-}" ]; then
        mkdir -p "$directory/test/parallel"
        cp -R "$NODE_SOURCE"/test/{common,sqlite} "$directory/test/"
        cp "$NODE_SOURCE"/test/parallel/test-sqlite* "$directory/test/parallel/"
        return
    fi
    say "fetching the tests of Node $version"
    git clone --quiet --depth 1 --filter=blob:none --no-checkout --branch "v$version" \
        https://github.com/nodejs/node "$directory"
    git -C "$directory" sparse-checkout set --no-cone /test/common/ /test/sqlite/ '/test/parallel/test-sqlite*'
    git -C "$directory" checkout --quiet
}

# The versions of Node to run a suite on.
versions_of() { # suite
    case $1 in
    node-sqlite) echo "${NODES:-25.8.1}" ;;
    *) echo "${NODES:-here 24}" ;;
    esac
}

run_suites() {
    local version program suite
    bindings/node/build.sh
    export HELIOSDB_NODE_ADDON=$repository/bindings/node/build/heliosdb.node
    for suite in "${suites[@]}"; do
        for version in $(versions_of "$suite"); do
            program=$(node_program "$version")
            "prepare_${suite//-/_}" "$program"
            "$program" tests/conformance/node/conformance.js --suite "$suite" --work "$work" "${options[@]}" || status=1
        done
    done
}

suites=() options=() status=0
while [ $# -gt 0 ] && [ "$1" != -- ] && [ "$1" != --with-servers ]; do
    suites+=("$1")
    shift
done
if [ "${1:-}" = --with-servers ]; then
    shift
    read -r -a suites <<<"$1"
    shift
    options=("$@")
    run_suites
    exit "$status"
fi
[ "${1:-}" != -- ] || shift
[ ${#suites[@]} -gt 0 ] || suites=(better-sqlite3 node-sqlite)
HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN HELIOSDB_LIBRARY=${HELIOSDB_LIBRARY:-$PWD/build/src/libheliosdb.so}
export HELIOSDB_KEEPER=${HELIOSDB_KEEPER:-$PWD/build/src/heliosdb-keeper}
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
tests/support/servers.sh run "$0" --with-servers "${suites[*]}" "$@"
