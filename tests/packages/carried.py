# SPDX-License-Identifier: Apache-2.0
"""Checks which shared libraries are really loaded by the installed wheel."""
import os
import sqlite3  # the standard library's, to see that both share one libsqlite3

import heliosdb_sqlite

heliosdb_sqlite.connect(":memory:").close()
sqlite3.connect(":memory:").close()
with open("/proc/self/maps", encoding="utf-8") as maps:
    loaded = {line.split()[-1] for line in maps if ".so" in line}
package = os.path.dirname(heliosdb_sqlite.__file__)
libpq = [path for path in loaded if os.path.basename(path).startswith("libpq")]
libsqlite = [path for path in loaded if os.path.basename(path).startswith("libsqlite3")]
print(*sorted(loaded), sep="\n")
assert len(libpq) == 1 and libpq[0].startswith(package), libpq
assert len(libsqlite) == 1 and not libsqlite[0].startswith(package), libsqlite
