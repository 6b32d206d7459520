#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/engine.sh [--check]
#
# Prints the path of the HeliosDB Nano program on stdout; everything else goes to stderr. Taken in this order:
# $HELIOSDB_BIN, heliosdb-nano on PATH, the one built earlier into the user's cache; else it is built there by cargo,
# once (a quarter of an hour on two cores). An interrupted build goes on where it stopped. --check builds nothing:
# status 1 if there is no engine yet.
set -euo pipefail

crate=heliosdb-nano
version=4.41.1
rust_minimum=1.85
cache=${XDG_CACHE_HOME:-$HOME/.cache}/libheliosdb
root=$cache/engine-$version
program=$root/bin/$crate
target=$cache/engine-$version.build
log=$cache/engine-$version.log
report_every=15 # seconds between two lines when stderr is no terminal

say() { echo "engine: $*" >&2; }
die() { say "$*"; exit 1; }

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >/dev/null; }

# What librocksdb-sys and its bindgen need.
missing_packages() {
    command -v cmake >/dev/null || echo cmake
    command -v c++ >/dev/null || echo g++
    command -v pkg-config >/dev/null || echo pkg-config
    find_libclang || echo libclang-dev
}

find_libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    local place
    for place in /usr/lib/llvm-*/lib /usr/lib/*-linux-gnu /usr/lib{64,} /usr/local/lib /opt/homebrew/opt/llvm/lib; do
        if compgen -G "$place/libclang.so*" >/dev/null || compgen -G "$place/libclang-[0-9]*.so*" >/dev/null ||
            compgen -G "$place/libclang.dylib" >/dev/null; then
            return 0
        fi
    done
    return 1
}

need_rust() {
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        die "no cargo: install Rust $rust_minimum or newer with rustup (https://rustup.rs), or set HELIOSDB_BIN to a" \
            "$crate $version program"
    fi
    local have
    have=$(rustc --version | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
    [ "$(printf '%s\n%s\n' "$rust_minimum" "$have" | sort -V | head -n 1)" = "$rust_minimum" ] ||
        die "rustc $have is too old: $crate $version needs $rust_minimum or newer (rustup update stable)"
}

need_packages() {
    local packages
    packages=$(missing_packages)
    [ -n "$packages" ] || return 0
    # Word splitting is meant: one package a line.
    # shellcheck disable=SC2086
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing" $packages
        apt_get install -y $packages 2>/dev/null || { apt_get update && apt_get install -y $packages; }
    fi
    packages=$(missing_packages)
    # shellcheck disable=SC2086
    [ -z "$packages" ] || die "to build it, install" $packages "(Debian: sudo apt-get install" $packages")"
}

# The last "312/456" of cargo's own progress bar.
crates_done() { tail -c 4096 "$log" 2>/dev/null | tr '\r' '\n' | grep -o '[0-9]\+/[0-9]\+' | tail -n 1 || true; }

show_progress() {
    local start=$SECONDS last=$SECONDS line took
    while kill -0 "$1" 2>/dev/null; do
        sleep 1
        took=$((SECONDS - start))
        line="engine: building $crate $version: $(crates_done) crates, $((took / 60)) min $((took % 60)) s"
        if [ -t 2 ]; then
            printf '\r\033[K%s' "$line" >&2
        elif [ $((SECONDS - last)) -ge "$report_every" ]; then
            last=$SECONDS
            echo "$line" >&2
        fi
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

build() {
    local cargo_pid status=0
    say "building $crate $version into $root (once; about 15 minutes on 2 cores; log: $log)"
    CARGO_TARGET_DIR=$target CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=100 CARGO_TERM_COLOR=never \
        cargo install "$crate" --version "$version" --locked --root "$root" \
        --config profile.release.lto=false --config profile.release.codegen-units=16 --config profile.release.debug=0 \
        >"$log" 2>&1 9>&- </dev/null &
    cargo_pid=$!
    trap 'kill "$cargo_pid" 2>/dev/null; say "interrupted: the next call goes on from here"; exit 130' INT TERM
    show_progress "$cargo_pid"
    wait "$cargo_pid" || status=$?
    trap - INT TERM
    if [ "$status" != 0 ] || [ ! -x "$program" ]; then
        tr '\r' '\n' <"$log" | grep -v 'Building \[' | tail -n 30 >&2
        die "the build failed (status $status); the whole log is in $log"
    fi
    rm -rf "$target" "$log"
    say "built $program"
}

if [ -n "${HELIOSDB_BIN:-}" ]; then
    if [ ! -x "$HELIOSDB_BIN" ] || [ -d "$HELIOSDB_BIN" ]; then
        die "HELIOSDB_BIN=$HELIOSDB_BIN is not a program"
    fi
    echo "$HELIOSDB_BIN"
    exit 0
fi
if command -v "$crate" >/dev/null; then
    command -v "$crate"
    exit 0
fi
if [ ! -x "$program" ]; then
    [ "${1:-}" != --check ] || die "there is none yet; tools/engine.sh builds it"
    need_rust
    need_packages
    mkdir -p "$cache"
    exec 9>"$cache/engine-$version.lock"
    if ! flock -n 9; then
        say "another build of it is under way: waiting"
        flock 9
    fi
    # Somebody else may have built it while we waited.
    [ -x "$program" ] || build
fi
echo "$program"
