#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/conformance_ruby.sh [OPTION..]      (make conformance-ruby builds first)
#
# Runs the sqlite3 gem's own tests, of 1.4.2 and of 2.9.6, with heliosdb/sqlite3 in its place: see
# tests/conformance/ruby/conformance.rb for the options, and docs/conformance-ruby.md for what does not pass.
#
# The tests are cloned from the gem's repository into build/conformance-ruby/, or taken from the clone that SQLITE3_RUBY_SOURCE names,
# which has the tags. The gem itself is run beside them where it is installed in the same version; SQLITE3_RUBY_GEM_1 and
# SQLITE3_RUBY_GEM_2 name the lib directory of one that is not installed, but compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

versions=(1.4.2 2.9.6)
root=$PWD/build/conformance-ruby

get() { # version
    [ ! -d "$root/$1/test" ] || return 0
    rm -rf "${root:?}/$1"
    mkdir -p "$root/$1"
    if [ -n "${SQLITE3_RUBY_SOURCE:-}" ]; then
        git -C "$SQLITE3_RUBY_SOURCE" archive "v$1" test | tar -x -C "$root/$1"
    else
        git clone --quiet --depth 1 --branch "v$1" https://github.com/sparklemotion/sqlite3-ruby "$root/$1"
    fi
}

suites=()
for version in "${versions[@]}"; do
    get "$version"
    suites+=("$version=$root/$version")
done
HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN
unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
exec tests/support/servers.sh run ruby tests/conformance/ruby/conformance.rb --build build "$@" "${suites[@]}"
