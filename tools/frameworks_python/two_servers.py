# SPDX-License-Identifier: Apache-2.0
"""Runs a command with FRAMEWORKS_OTHER_DSN naming an empty database of the same kind as that of HELIOSDB_DSN.

Usage: two_servers.py COMMAND [ARGUMENT..]        for tests that use two databases at once
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import servers


def run(other):
    return subprocess.run(sys.argv[1:], env={**os.environ, "FRAMEWORKS_OTHER_DSN": other}).returncode


dsn = os.environ["HELIOSDB_DSN"]
if servers.is_heliosdb(dsn):
    with tempfile.TemporaryDirectory(prefix="heliosdb-") as directory:
        with servers.heliosdb(pathlib.Path(directory)) as other:
            sys.exit(run(other))
sys.exit(run(servers.another_postgresql(dsn, "other")))
