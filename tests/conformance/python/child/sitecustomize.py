# SPDX-License-Identifier: Apache-2.0
"""Found on PYTHONPATH by the interpreters that the conformance run starts: swaps sqlite3 for heliosdb_sqlite."""

import os

if os.environ.get("HELIOSDB_REPLACE_SQLITE3", "0") != "0":
    import heliosdb_sqlite.replace

    heliosdb_sqlite.replace.install_if_asked()
    if os.environ.get("HELIOSDB_CONFORMANCE_DAEMON"):
        import places

        places.install()
