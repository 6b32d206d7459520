# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Test points of shell scripts, in TAP. Source it, call tap_check for each, and tap_done at the end.
tap_count=0
tap_failures=0

# tap_check NAME COMMAND..: a test that passes if the command does; what it printed is shown if not. The command runs in
# a subshell of its own, where an error ends it.
tap_check() {
    local name=$1 output status=0
    shift
    tap_count=$((tap_count + 1))
    output=$(mktemp)
    # Not in a condition: bash ignores `set -e` in what a condition calls.
    set +e
    (
        set -e
        "$@"
    ) </dev/null >"$output" 2>&1
    status=$?
    set -e
    if [ "$status" = 0 ]; then
        echo "ok $tap_count - $name"
    else
        echo "not ok $tap_count - $name"
        tail -n 60 "$output" | sed 's/^/# /'
        echo "# status $status"
        tap_failures=$((tap_failures + 1))
    fi
    rm -f "$output"
}

tap_skip() { # name reason
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

tap_done() {
    echo "1..$tap_count"
    [ "$tap_failures" = 0 ]
}
