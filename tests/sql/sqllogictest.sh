#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tests/sql/sqllogictest.sh RUN_DIFFERENTIAL [OPTION..] SETUP
#
# Runs a sample of the public sqllogictest corpus (https://www.sqlite.org/sqllogictest) in a set-up. The corpus is no part
# of this project: HELIOSDB_TEST_SQLLOGICTEST is the directory `test` of a copy of it. Without it nothing is run, and the
# exit code is 77. HELIOSDB_TEST_SQLLOGICTEST_EVERY (12) takes each Nth file, _QUERIES (400) so many queries of each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ ! -d "${HELIOSDB_TEST_SQLLOGICTEST:-}" ]; then
    echo "skipped - HELIOSDB_TEST_SQLLOGICTEST does not name a copy of the sqllogictest corpus"
    exit 77
fi
output=$(mktemp -d "${TMPDIR:-/tmp}/hdb-slt.XXXXXX")
trap 'rm -rf "$output"' EXIT
# Tables of a thousand rows, filled row by row, take too long on a server.
"$here/../../tools/sqllogictest.py" "$HELIOSDB_TEST_SQLLOGICTEST" "$output" --skip '/10000*/' \
    --every "${HELIOSDB_TEST_SQLLOGICTEST_EVERY:-12}" --queries "${HELIOSDB_TEST_SQLLOGICTEST_QUERIES:-400}"
status=0
"$@" "$output"/*.test || status=$?
exit "$status"
