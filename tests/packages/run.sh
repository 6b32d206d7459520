#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tests/packages/run.sh DIST
#
# Installs each package of DIST where nothing else is, without a network, and runs the smoke test with it; in TAP. Also
# builds a C program against an installed library. Only HELIOSDB_BIN is given to them.
set -euo pipefail
dist=$(cd "${1:?dist directory}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/support/tap.sh"
here=$root/tests/packages
work=$(mktemp -d "${TMPDIR:-/tmp}/hdb-packages.XXXXXX")
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH HELIOSDB_LIBRARY LD_LIBRARY_PATH RUBYLIB GEM_HOME GEM_PATH NODE_PATH PKG_CONFIG_PATH
cd "$work"

# The smoke tests end with this; anything else on the way there is an error.
says_ok() {
    local output
    output=$("$@")
    echo "$output"
    [ "$(tail -n 1 <<<"$output")" = OK ]
}

# --- Python

wheel_installs() {
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --no-index --no-deps --disable-pip-version-check "$dist"/*.whl
    ! "$work/venv/bin/pip" list --format=freeze | grep -viE '^(pip|setuptools|heliosdb[-_]sqlite)=='
}
wheel_smoke() { says_ok "$work/venv/bin/python" "$root/examples/tutorial_smoke.py"; }
wheel_carries_libpq() { "$work/venv/bin/python" "$here/carried.py"; }
wheel_without_engine() {
    env -u HELIOSDB_BIN PATH=/usr/bin:/bin XDG_CACHE_HOME="$work/none" \
        "$work/venv/bin/python" "$here/no_engine.py" "$work/no-engine.db"
}

# --- the wheel on every Python that is here, 3.8 or newer

pythons() { # lines: version, program
    local program version
    local -A seen=()
    for program in $(compgen -c python3. | grep -x 'python3\.[0-9]*' | sort -u) "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
        # A pyenv shim may be there without its Python.
        version=$("$program" -c 'import sys; v = sys.version_info; v < (3, 8) or print("%d.%d" % v[:2])' 2>/dev/null) ||
            continue
        [ -n "$version" ] && [ -z "${seen[$version]:-}" ] || continue
        seen[$version]=1
        echo "$version $program"
    done | sort -V
}

wheel_on() { # version, program
    local environment=$work/python-$1
    "$2" -m venv "$environment"
    "$environment/bin/pip" install --no-index --no-deps --disable-pip-version-check "$dist"/*.whl
    cd "$work"
    PATH=/usr/bin:/bin "$environment/bin/python" "$here/every_python.py" "$root"
}

wheel_without_sqlite3() { "$work/venv/bin/python" "$here/without_sqlite3.py"; }

# --- Node

npm_installs() {
    mkdir -p "$work/node"
    echo '{ "private": true }' >"$work/node/package.json"
    (cd "$work/node" && npm install --offline --no-audit --no-fund "$dist"/*.tgz)
}
npm_smoke() {
    cp "$here/smoke.js" "$work/node/"
    (cd "$work/node" && says_ok node smoke.js)
}

# --- Ruby

gem_installs() {
    GEM_HOME=$work/gems gem install --local --no-document --ignore-dependencies "$dist"/*.gem
}
gem_smoke() { GEM_HOME=$work/gems says_ok ruby "$here/smoke.rb"; }

# --- C

library_installs() {
    meson setup "$work/build" "$root" --prefix="$work/prefix" --libdir=lib -Dtests=false
    meson install -C "$work/build"
    [ -n "$(find "$work/prefix" -name heliosdb-keeper -perm -u+x)" ]
}
c_smoke() {
    local flags
    # The program is the one that the header shows first.
    sed -n '/@code/,/@endcode/ { /@endcode/q; /@/d; s/^ \* \{0,1\}//; p }' "$root/include/heliosdb/heliosdb.h" >"$work/program.c"
    flags=$(PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig pkg-config --cflags --libs heliosdb)
    # shellcheck disable=SC2086
    cc -std=c99 -Wall -Wextra -Werror "$work/program.c" -o "$work/program" $flags
    [ "$(cd "$work" && LD_LIBRARY_PATH=$work/prefix/lib ./program)" = "1 one" ]
}

# --- README.md

readme() {
    mkdir "$work/readme"
    cd "$work/readme"
    cat >compile_and_run.sh <<-'END'
	set -e
	cc -std=c99 -Wall -Wextra -Werror "$1" -o program $(pkg-config --cflags --libs heliosdb)
	./program
	END
    PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig LD_LIBRARY_PATH=$work/prefix/lib GEM_HOME=$work/gems \
        NODE_PATH=$work/node/node_modules "$work/venv/bin/python" "$here/readme.py" "$root/README.md" \
        "python=$work/venv/bin/python" "c=sh compile_and_run.sh" js=node ruby=ruby
}

tap_check "the wheel installs alone in a fresh virtual environment" wheel_installs
tap_check "the wheel runs the tutorial's smoke test" wheel_smoke
tap_check "the wheel uses the libpq it carries, and the system's libsqlite3" wheel_carries_libpq
tap_check "the wheel without an engine says how to get it" wheel_without_engine
while read -r version program; do
    tap_check "the wheel installs and works on Python $version" wheel_on "$version" "$program"
done < <(pythons)
tap_check "the wheel works on an interpreter without sqlite3" wheel_without_sqlite3
tap_check "the npm tarball installs offline" npm_installs
tap_check "the npm package runs the smoke test" npm_smoke
tap_check "the gem installs" gem_installs
tap_check "the gem runs the smoke test" gem_smoke
tap_check "the library installs with a pkg-config file" library_installs
tap_check "the header's program compiles with pkg-config's flags and runs" c_smoke
tap_check "README.md's programs print what it says" readme
tap_done
