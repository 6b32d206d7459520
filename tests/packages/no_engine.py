# SPDX-License-Identifier: Apache-2.0
"""Without an engine, connect() must say what is missing and leave nothing behind: no_engine.py DATABASE"""
import os
import sys

import heliosdb_sqlite

try:
    heliosdb_sqlite.connect(sys.argv[1])
except heliosdb_sqlite.OperationalError as error:
    print(error)
    assert "HELIOSDB_BIN" in str(error) and "heliosdb-nano" in str(error)
else:
    sys.exit("connect() succeeded without an engine")
assert not os.path.exists(sys.argv[1])
