#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/test.sh [STAGE..]     runs these stages, or all; tools/test.sh --list names them
#
# Sets the machine up, gets the engine, builds with warnings as errors and runs every kind of test. Each stage has its
# log and its results in build/test/. The last line adds up what all runners recorded: "N passed, N failed, N skipped".
set -euo pipefail
cd "$(dirname "$0")/.."

results=build/test
servers=tests/support/servers.sh
stages=(
    setup engine build generated interface docs c instructions sql fault fuzz python scale wire node ruby demo packages sanitizers tsan valgrind leftovers
)
passed=0 failed=0 skipped=0
failures=() # a line each, told again before the last line
stage_pid=''

meson_build() { # directory, options
    local directory=$1
    shift
    if [ -f "$directory/build.ninja" ]; then
        meson configure "$directory" "$@"
    else
        meson setup "$directory" "$@"
    fi
    ninja -C "$directory"
}

# --- the stages: each is a function run_<name>

run_setup() { tools/setup.sh; }

run_engine() { tools/engine.sh; }

run_build() { meson_build build -Dwerror=true -Ddocs=false; }

run_generated() {
    build/venv/bin/python tools/bindings/generate.py --check
    build/venv/bin/python tools/docs/compatibility.py --check
}

run_interface() { tools/check_interface.sh build | tee "$results/interface.tap"; }

run_docs() { meson_build build/docs -Ddocs=true -Dtests=false; }

run_c() { meson_test c --no-suite sql --no-suite fault; }

run_instructions() { python3 bench/instructions.py --build build | tee "$results/instructions.tap"; }

run_sql() {
    local status=0
    meson_test sql --suite sql || status=$?
    python3 tools/count_differential.py "$results/sql.json" >"$results/sql.summary"
    return "$status"
}

run_fault() {
    local status=0
    meson_test fault --suite fault || status=$?
    python3 tools/count_kills.py "$results/fault.json" >"$results/fault.summary"
    return "$status"
}

# A short form; `make fuzz` runs the long one.
run_fuzz() {
    local status=0
    RUNS=20000 SEED=1 tools/fuzz.sh >"$results/fuzz.lines" || status=$?
    awk '/, no finding$/ { print "ok", ++count, "-", $0; next } { print "not ok", ++count, "-", $0 }
        END { print "1.." count }' "$results/fuzz.lines" | tee "$results/fuzz.tap"
    return "$status"
}

# Suites that use a server empty its database between cases: each gets servers of its own.
meson_test() { # name, what to select
    local name=$1 status=0
    shift
    "$servers" run meson test -C build --no-rebuild --print-errorlogs --logbase "$name" "$@" || status=$?
    cp "build/meson-logs/$name.json" "$results/$name.json"
    return "$status"
}

# The second time without the module in C: what the two give must be the same.
run_python() {
    local status=0
    export PYTHONPATH=bindings/python
    "$servers" run build/venv/bin/python -m pytest -v -rs --timeout=120 --junitxml="$results/python.xml" tests/bindings/python ||
        status=$?
    HELIOSDB_ACCELERATOR=off build/venv/bin/python -m pytest -v -rs --timeout=120 --junitxml="$results/python_plain.xml" \
        -k 'not heliosdb and not postgresql' tests/bindings/python/test_[2-6]*.py || status=$?
    return "$status"
}

build_node() {
    HELIOSDB_INCLUDE=$PWD/include:$PWD/build/include HELIOSDB_LIBDIR=$PWD/build/src \
        NODE_INCLUDE=$PWD/build/node/node_modules/node-api-headers/include bindings/node/build.sh
}

# Its servers are its own.
run_scale() {
    build_node
    PYTHONPATH=bindings/python build/venv/bin/python -m pytest -v -rs --timeout=300 --junitxml="$results/scale.xml" tests/scale
}

# Its servers are its own, too; HDB_WIRE_LONG=1 stalls commits at every point.
run_wire() {
    PYTHONPATH=bindings/python build/venv/bin/python -m pytest -v -rs --timeout=300 --junitxml="$results/wire.xml" tests/wire
}

run_node() {
    build_node
    "$servers" run node --test --test-timeout=300000 --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=junit --test-reporter-destination="$results/node.xml" tests/bindings/node/
}

run_ruby() {
    MINITEST_JUNIT=$results/ruby.xml "$servers" run ruby -I bindings/ruby/lib -r ./tests/support/minitest_junit.rb \
        -e 'Dir["./tests/bindings/ruby/**/test_*.rb"].sort.each { |file| require file }'
}

run_demo() { tools/demo.sh; }

run_packages() {
    tools/package.sh
    tests/packages/run.sh dist | tee "$results/packages.tap"
}

run_sanitizers() {
    local status=0 sql
    # Without -Werror: with the sanitizers' code in it, gcc warns of pointers it can no longer follow.
    meson_build build/sanitizers -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false
    # glibc leaks the path it reads from this.
    unset LOCPATH
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    local without=(--no-suite sql --no-suite fault)
    [ -n "${EVERYTHING:-}" ] || without+=(--no-suite slow)
    sanitized sanitizers "${without[@]}" || status=$?
    # Those with the direct lane off take long here, and go through the same code.
    mapfile -t sql < <(meson test -C build/sanitizers --no-rebuild --list --suite sql 2>/dev/null |
        sed -n 's,.* / \(differential .*\),\1,p' | grep -v 'direct off')
    sanitized sanitizers_sql --test-args '--every 5' "${sql[@]}" || status=$?
    return "$status"
}

sanitized() { # name of the results, what to select
    local name=$1 status=0
    shift
    "$servers" run meson test -C build/sanitizers --no-rebuild --print-errorlogs --timeout-multiplier 3 \
        --logbase "$name" "$@" || status=$?
    cp "build/sanitizers/meson-logs/$name.json" "$results/$name.json"
    return "$status"
}

# A process has a log if ThreadSanitizer has something to tell. libsqlite3 and libpq are not built with it: it sees their locks
# and not their memory, which makes no false reports. Without EVERYTHING only what has threads; meson compiles what that needs.
run_tsan() {
    local logs=$results/tsan.logs names=(test_threads test_applier test_embedded_life test_gathering test_hostile_server test_waiting) log status=0
    [ -f build/tsan/build.ninja ] || meson setup build/tsan -Db_sanitize=thread -Db_lundef=false -Ddocs=false
    [ -z "${EVERYTHING:-}" ] || names=(--no-suite sql --no-suite fault)
    rm -rf "$logs"
    mkdir -p "$logs"
    unset LOCPATH
    export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp detect_deadlocks=1 die_after_fork=0 log_path=$logs/report"
    # The tests' targets do not name the program that they start.
    ninja -C build/tsan src/heliosdb-keeper
    "$servers" run meson test -C build/tsan --print-errorlogs --timeout-multiplier 5 --logbase tsan "${names[@]}" || status=$?
    cp build/tsan/meson-logs/tsan.json "$results/tsan.json"
    for log in "$logs"/*; do
        [ ! -s "$log" ] || { cat "$log" && status=1; }
    done
    {
        echo 1..1
        [ -z "$(ls "$logs")" ] || printf 'not '
        echo "ok 1 - no race and no order of locks that could end in a deadlock"
    } >"$results/tsan.tap"
    return "$status"
}

# Every process has a log, empty unless valgrind has something to tell. A forked child says nothing: it can't free what
# the threads it does not have held.
run_valgrind() {
    local logs=$results/valgrind.logs names log status=0
    unset LOCPATH
    rm -rf "$logs"
    mkdir -p "$logs"
    # What goes to an engine or a server takes minutes each; the address sanitizer has that, and `make valgrind`.
    local chosen='test_backup\|test_blob\|test_ffi\|test_session'
    [ -z "${EVERYTHING:-}" ] || chosen='test_[a-z_]*'
    # test_child looks at how exec fails, which valgrind answers differently; test_modes measures how long it waits.
    names=$(meson test -C build --no-rebuild --list 2>/dev/null |
        sed -n "s,.*:unit / \(test_[a-z_]*\)\$,\1,p; s,.*:api[+a-z]* / \($chosen\)\$,\1,p" | grep -vx -e test_child -e test_modes)
    # shellcheck disable=SC2086
    "$servers" run meson test -C build --no-rebuild --print-errorlogs --timeout-multiplier 10 \
        --wrap "valgrind --quiet --leak-check=full --show-leak-kinds=definite --child-silent-after-fork=yes
            --log-file=$logs/%p" $names || status=$?
    cp build/meson-logs/testlog-valgrind.json "$results/valgrind.json"
    find "$logs" -type f -size +0 | sort >"$results/valgrind.found"
    {
        echo 1..1
        [ ! -s "$results/valgrind.found" ] || printf 'not '
        echo "ok 1 - no error and no leak in $(find "$logs" -type f | wc -l) processes"
    } >"$results/valgrind.tap"
    while read -r log; do
        cat "$log"
        status=1
    done <"$results/valgrind.found"
    return "$status"
}

# No engine or keeper of ours may be left once the linger time is over.
run_leftovers() {
    local tries left
    for tries in $(seq 20); do
        left=$(processes_of_this_run)
        [ -n "$left" ] || return 0
        [ "$tries" = 20 ] || sleep 1
    done
    echo "processes are left:"
    # shellcheck disable=SC2086
    ps -o pid,etime,args -p $left
    return 1
}

processes_of_this_run() {
    local directory pid
    for directory in /proc/[0-9]*; do
        pid=${directory#/proc/}
        case $(readlink "$directory/exe" 2>/dev/null) in
        */heliosdb-nano* | */heliosdb-keeper* | */postgres)
            if tr '\0' '\n' <"$directory/cmdline" 2>/dev/null | grep -qF "$TMPDIR"; then
                echo "$pid"
            fi
            ;;
        esac
    done
}

# --- running them

# What a stage's runners write below $results; a stage without any counts as one test.
results_of() {
    case $1 in
    interface) echo tap:interface.tap ;;
    c) echo meson:c.json ;;
    instructions) echo tap:instructions.tap ;;
    sql) echo meson:sql.json ;;
    fault) echo meson:fault.json ;;
    fuzz) echo tap:fuzz.tap ;;
    python) echo junit:python.xml junit:python_plain.xml ;;
    scale) echo junit:scale.xml ;;
    wire) echo junit:wire.xml ;;
    node) echo junit:node.xml ;;
    ruby) echo junit:ruby.xml ;;
    packages) echo tap:packages.tap ;;
    sanitizers) echo meson:sanitizers.json meson:sanitizers_sql.json ;;
    tsan) echo meson:tsan.json tap:tsan.tap ;;
    valgrind) echo meson:valgrind.json tap:valgrind.tap ;;
    esac
}

limit_of() {
    case $1 in
    engine) echo 3600 ;; # cargo builds it here when there is none
    sql) echo 5400 ;;
    c | fault | sanitizers | tsan | valgrind) echo 1800 ;;
    *) echo 900 ;;
    esac
}

run_stage() {
    local name=$1 start=$SECONDS status=0 sources=() source report='' counts=(0 0 0)
    local log=$results/$name.log
    rm -f "$results/$name".{log,totals,summary} "$results/$name"*.{tap,xml,json}
    # timeout makes a process group of it and ends that group when the time is over, or when it gets a signal itself.
    # The first two can take long on a new machine: they are shown as they go.
    local bounded=(timeout --kill-after=20 "$(limit_of "$name")" "$0" --run "$name")
    case $name in
    setup | engine) "${bounded[@]}" </dev/null > >(tee "$log") 2>&1 8>&- & ;;
    *) "${bounded[@]}" </dev/null >"$log" 2>&1 8>&- & ;;
    esac
    stage_pid=$!
    wait "$stage_pid" || status=$?
    stage_pid=''
    for source in $(results_of "$name"); do
        sources+=("${source%%:*}:$results/${source#*:}")
    done
    if [ ${#sources[@]} -gt 0 ]; then
        report=$(python3 tools/count_results.py --totals "$results/$name.totals" "${sources[@]}")
        read -r -a counts <"$results/$name.totals"
    elif [ "$status" = 0 ]; then
        counts=(1 0 0)
    fi
    # A runner that failed without a failed test (it died, or could not start) is a failure too.
    if [ "$status" != 0 ] && [ "${counts[1]}" = 0 ]; then
        counts[1]=1
    fi
    passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
    printf '%-11s %4d s   %d ok, %d failed, %d skipped\n' "$name" $((SECONDS - start)) "${counts[@]}"
    [ -z "$report" ] || echo "$report"
    [ ! -f "$results/$name.summary" ] || cat "$results/$name.summary"
    if [ "${counts[1]}" != 0 ]; then
        [ "$status" != 124 ] || echo "--- $name took more than $(limit_of "$name") s and was ended"
        echo "--- the end of $log:"
        tail -n 100 "$log"
        echo "---"
        remember_failures "$name" "$status" "$report"
    fi
    [ "${counts[1]}" = 0 ]
}

remember_failures() { # stage, its status, its report
    local lines
    mapfile -t lines < <(grep '^    failed: ' <<<"$3" || echo "    failed: the stage ended with $2")
    failures+=("${lines[@]/#    failed/failed in $1}")
}

interrupted() {
    # The stage stops its servers, which it knows by files that must still be there then.
    if [ -n "$stage_pid" ]; then
        kill "$stage_pid" 2>/dev/null || true
        wait "$stage_pid" || true
    fi
    exit 130
}

main() {
    local name status=0 chosen=("$@")
    [ ${#chosen[@]} -gt 0 ] || chosen=("${stages[@]}")
    mkdir -p "$results"
    exec 8>build/test.lock
    if ! flock -n 8; then
        echo "another test run uses build/: waiting for its end"
        flock 8
    fi
    TMPDIR=$(mktemp -d /tmp/hdb-test.XXXXXX)
    # The private PostgreSQL runs as another user.
    chmod 0755 "$TMPDIR"
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
    trap interrupted INT TERM
    for name in "${chosen[@]}"; do
        run_stage "$name" || status=1
        # Nothing that follows makes sense without these.
        case $status:$name in
        1:setup | 1:engine | 1:build) break ;;
        esac
    done
    [ ${#failures[@]} = 0 ] || printf '%s\n' "${failures[@]}"
    echo "$passed passed, $failed failed, $skipped skipped"
    return "$status"
}

prepare_environment() {
    export HELIOSDB_LIBRARY=$PWD/build/src/libheliosdb.so
    export LOCPATH=$PWD/build/locale
    unset HELIOSDB_DSN HELIOSDB_MODE HELIOSDB_MEMORY
    if [ "$1" != setup ] && [ "$1" != engine ]; then
        HELIOSDB_BIN=$(tools/engine.sh --check)
        export HELIOSDB_BIN
    fi
    results=$PWD/build/test
}

case ${1:-} in
--list) printf '%s\n' "${stages[@]}" ;;
--run)
    # Not ended before what it runs is: that has servers to stop.
    trap 'exit 143' INT TERM
    prepare_environment "$2" && "run_$2"
    ;;
*)
    main "$@"
    exit
    ;;
esac
