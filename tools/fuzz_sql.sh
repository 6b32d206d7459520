#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: FROM=1 TO=20600 SETUP=embedded DIRECT=auto TIME=0 JOBS=2 tools/fuzz_sql.sh
#
# Random scripts on plain SQLite and on this library, seed after seed; what differs is shrunk and printed as a case. SETUP is
# embedded, daemon-heliosdb or daemon-postgresql; TIME ends the run after so many seconds. A run that was ended goes on
# where it was; the last line counts seeds, statements and differences.
set -euo pipefail
cd "$(dirname "$0")/.."

setup=${SETUP:-embedded} direct=${DIRECT:-auto} from=${FROM:-1} to=${TO:-20600} time=${TIME:-0}
state=build/fuzz-$setup-$direct-$from-$to.state
HELIOSDB_BIN=$(tools/engine.sh)
export HELIOSDB_BIN
program=(build/tests/sql/fuzz/run_fuzz --from "$from" --to "$to" --jobs "${JOBS:-2}" --direct "$direct" --state "$state")
# Nothing of it has to survive: memory is faster than a disk.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
    TMPDIR=$(mktemp -d /dev/shm/hdb-fuzz.XXXXXX)
    chmod 0755 "$TMPDIR"
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
fi

if [ "$setup" = embedded ]; then
    "${program[@]}" --seconds "$time" "$setup"
elif [ "$setup" = daemon-heliosdb ] && [ "$time" -eq 0 ]; then
    # HeliosDB Nano gets slower with every table it ever had: new servers after 100 s. A run that is complete leaves no state.
    tests/support/servers.sh run "${program[@]}" --seconds 100 "$setup"
    while [ -e "$state" ]; do
        tests/support/servers.sh run "${program[@]}" --seconds 100 "$setup"
    done
else
    tests/support/servers.sh run "${program[@]}" --seconds "$time" "$setup"
fi
