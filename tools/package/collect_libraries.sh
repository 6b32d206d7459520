#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/package/collect_libraries.sh --library PATH --keeper PATH --out DIR
#
# Makes DIR a directory that a package can carry as it is:
#   libheliosdb.so     the shared library, stripped
#   heliosdb-keeper    the helper program, beside the library, where the library looks for it
#   lib*-<hash>.so.N   libpq and what it needs
#   LIBRARIES.txt      one line per carried file: its name, and the Debian source package and version it came from
#   licenses/          the copyright file of each of these packages
#
# Each file finds its neighbours by the run path $ORIGIN. Left to the system: libc and its parts, libgcc_s, and
# libsqlite3, of which a process must have one copy only (two copies that open one file break each other's locks).
#
# What is carried gets a name of its own, made from its content, as auditwheel does: the dynamic linker takes two
# libraries of one name for the same, so that a carried libssl.so.3 could end up below the interpreter's own TLS module,
# or the other way round.
#
# What a program or an addon links against is the soname (libheliosdb.so.0.1); --soname-link adds a symbolic link of
# that name, for packages that can hold one (a wheel can't).
set -euo pipefail

library='' keeper='' out='' soname_link=no

usage() {
    echo "usage: $0 --library PATH --keeper PATH --out DIR [--soname-link]" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --library) library=${2:?} && shift 2 ;;
    --keeper) keeper=${2:?} && shift 2 ;;
    --out) out=${2:?} && shift 2 ;;
    --soname-link) soname_link=yes && shift ;;
    *) usage ;;
    esac
done
if [ -z "$library" ] || [ -z "$keeper" ] || [ -z "$out" ]; then
    usage
fi

for tool in patchelf ldd sha256sum strip; do
    if ! command -v "$tool" >/dev/null; then
        echo "collect_libraries: $tool is missing (Debian: apt-get install patchelf binutils)" >&2
        exit 1
    fi
done
for file in "$library" "$keeper"; do
    [ -f "$file" ] || { echo "collect_libraries: no such file: $file" >&2; exit 1; }
done

is_system() {
    case $1 in
    libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libresolv.so.* | libutil.so.*) return 0 ;;
    libgcc_s.so.* | libsqlite3.so.* | ld-linux* | linux-vdso*) return 0 ;;
    *) return 1 ;;
    esac
}

# Where the dynamic linker finds each library that a file needs, directly or not.
declare -A found=()
resolve() {
    local name arrow path rest
    while read -r name arrow path rest; do
        if [ "$arrow" = "=>" ] && [ "$path" = not ]; then
            is_system "$name" || { echo "collect_libraries: $1 needs $name, which is not found" >&2; exit 1; }
        elif [ "$arrow" = "=>" ]; then
            found[$name]=$path
        fi
    done < <(ldd "$1")
}

mangled_name() { # libssl.so.3, path -> libssl-1a2b3c4d.so.3
    local hash
    hash=$(sha256sum "$2" | cut -c1-8)
    echo "${1%%.so*}-$hash.so${1#*.so}"
}

declare -A carried=() # soname -> name in the package
# Copies what `file` (already in $out) needs, and what that needs, and makes `file` look for it beside itself.
carry_needs_of() {
    local file=$1 name
    for name in $(patchelf --print-needed "$file"); do
        is_system "$name" && continue
        if [ -z "${carried[$name]:-}" ]; then
            [ -n "${found[$name]:-}" ] || { echo "collect_libraries: $name (for $file) is not found" >&2; exit 1; }
            carried[$name]=$(mangled_name "$name" "${found[$name]}")
            install -m 0755 "$(readlink -f "${found[$name]}")" "$out/${carried[$name]}"
            patchelf --set-soname "${carried[$name]}" "$out/${carried[$name]}"
            carry_needs_of "$out/${carried[$name]}"
        fi
        patchelf --replace-needed "$name" "${carried[$name]}" "$file"
    done
    # shellcheck disable=SC2016
    patchelf --set-rpath '$ORIGIN' "$file"
}

debian_package_of() {
    command -v dpkg-query >/dev/null || return 0
    local path package
    # Debian 12's dpkg knows files of /lib by that name, the linker tells them as they are below /usr.
    for path in "$1" "$(readlink -f "$1")" "${1#/usr}" "$(readlink -f "$1" | sed 's,^/usr,,')"; do
        package=$(dpkg-query -S "$path" 2>/dev/null | head -n 1 | sed 's/: .*//') || true
        if [ -n "$package" ]; then
            mkdir -p "$out/licenses"
            cp "/usr/share/doc/${package%%:*}/copyright" "$out/licenses/${package%%:*}.txt" 2>/dev/null || true
            dpkg-query -W -f '${source:Package} ${Version}' "$package"
            return 0
        fi
    done
}

resolve "$library"
resolve "$keeper"
rm -rf "$out"
mkdir -p "$out"
soname=$(patchelf --print-soname "$library")
install -m 0755 "$library" "$out/libheliosdb.so"
install -m 0755 "$keeper" "$out/heliosdb-keeper"
strip --strip-unneeded "$out/libheliosdb.so" "$out/heliosdb-keeper"
carry_needs_of "$out/libheliosdb.so"
carry_needs_of "$out/heliosdb-keeper"
[ "$soname_link" = no ] || ln -s libheliosdb.so "$out/$soname"

{
    echo "libheliosdb.so"
    echo "heliosdb-keeper"
    for name in "${!carried[@]}"; do
        echo "${carried[$name]} $(debian_package_of "${found[$name]}")"
    done | sort
} >"$out/LIBRARIES.txt"

# A package that does not load is worse than none: every name must be found, and found here or in the system.
for file in "$out"/*.so* "$out/heliosdb-keeper"; do
    if ldd "$file" | grep -q 'not found'; then
        echo "collect_libraries: $file does not find all it needs:" >&2
        ldd "$file" | grep 'not found' >&2
        exit 1
    fi
done
