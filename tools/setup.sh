#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/setup.sh
#
# Installs what building and testing need, each only if it is missing: Debian packages (as root, or by sudo if that asks
# nothing), Python packages into build/venv, Node's N-API headers and better-sqlite3 into build/node, a locale
# into build/locale. Elsewhere than on Debian it says what is missing. The engine is not its business: see tools/engine.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/libheliosdb

say() { echo "setup: $*" >&2; }

# The package names are Debian 12's.
packages=(
    build-essential clang libclang-rt-14-dev meson ninja-build pkg-config
    libsqlite3-dev libpq-dev libcmocka-dev libffi-dev
    doxygen valgrind patchelf locales
    python3 python3-dev python3-venv
    ruby ruby-dev ruby-ffi ruby-minitest ruby-sqlite3 yard
    postgresql-15 postgresql-client-15 pgbouncer sqlite3 openssl iproute2
)

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) echo "$package" ;;
        esac
    done
}

install_debian_packages() {
    local missing=() as_root=()
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            say "missing packages; install them with: sudo apt-get install ${missing[*]}"
            return 1
        fi
        as_root=(sudo -n)
    fi
    say "installing ${missing[*]}"
    # The lists of a fresh machine may be absent or too old to fetch from.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}" >/dev/null 2>&1 ||
        { "${as_root[@]}" apt-get update -qq &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}" >/dev/null; }
}

check_other_system() {
    local missing=() tool module
    for tool in cc meson ninja pkg-config doxygen valgrind patchelf python3 ruby psql sqlite3; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    if command -v pkg-config >/dev/null; then
        for module in sqlite3 libpq cmocka libffi; do
            pkg-config --exists "$module" || missing+=("$module (headers)")
        done
    fi
    [ ${#missing[@]} -gt 0 ] || return 0
    say "missing, please install: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')"
    return 1
}

check_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        say "missing, please install: node 20 or newer, with npm"
        return 1
    fi
    if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
        say "node $(node --version) is too old: 20 or newer is needed"
        return 1
    fi
}

install_python_packages() {
    local stamp=build/venv/requirements.stamp
    if [ -f "$stamp" ] && cmp -s "$stamp" tools/requirements.txt; then
        return 0
    fi
    say "installing Python packages into build/venv"
    rm -rf build/venv
    python3 -m venv build/venv
    build/venv/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt
    cp tools/requirements.txt "$stamp"
}

# A locale with a decimal comma, in which nothing may change; tests find it by LOCPATH=build/locale.
make_comma_locale() {
    [ ! -d build/locale/fr_FR.UTF-8 ] || return 0
    mkdir -p build/locale
    localedef --no-archive -i fr_FR -f UTF-8 build/locale/fr_FR.UTF-8 ||
        say "localedef made no locale fr_FR.UTF-8: the tests with it will be skipped"
}

npm_install() { # prefix, packages
    local prefix=$1
    shift
    npm install --prefix "$prefix" --no-save --no-package-lock --silent "$@" >/dev/null 2>&1
}

# The Node tests compare with better-sqlite3 itself, which is compiled if no prebuilt one can be fetched: the user's cache
# keeps it, as that takes minutes.
install_node_packages() {
    local headers=node-api-headers@1 oracle=better-sqlite3@12 made part installation
    made=$cache/node-$(node --version)-$oracle
    [ ! -d build/node/node_modules/better-sqlite3 ] || return 0
    if [ ! -d "$made" ]; then
        say "installing better-sqlite3 and Node's N-API headers"
        installation=$(node -p 'require("path").dirname(require("path").dirname(process.execPath))')
        if [ -f "$installation/include/node/node_api.h" ]; then
            export npm_config_nodedir=$installation
        fi
        mkdir -p "$cache"
        part=$(mktemp -d "$cache/node.XXXXXX")
        if npm_install "$part" "$headers" "$oracle"; then
            # Another set-up may have been faster.
            mv -T "$part" "$made" 2>/dev/null || rm -rf "$part"
        else
            rm -rf "$part"
        fi
    fi
    mkdir -p build/node
    if [ -d "$made" ]; then
        cp -R "$made/node_modules" build/node/
    else
        say "better-sqlite3 could not be installed: the tests beside it will be skipped"
        [ -d build/node/node_modules/node-api-headers ] || npm_install build/node "$headers" || {
            say "Node's N-API headers could not be installed: try npm install node-api-headers@1"
            return 1
        }
    fi
}

# What checks the declarations of types of the Node binding; a test that lacks it is skipped.
install_typescript() {
    [ ! -d build/typescript/node_modules/@types/node ] || return 0
    mkdir -p build/typescript
    npm_install build/typescript typescript@5 @types/node@22 || say "typescript could not be installed: its test is skipped"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    install_debian_packages
else
    check_other_system
fi
check_node
install_python_packages
install_node_packages
install_typescript
make_comma_locale
