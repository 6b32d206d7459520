# SPDX-License-Identifier: Apache-2.0
"""Found on PYTHONPATH by the interpreters that run other people's tests.

With HELIOSDB_REPLACE_SQLITE3 set, `import sqlite3` gives heliosdb_sqlite. A database is a file and the directory beside
it, which the tests do not know: where they remove the file, the directory goes, too. From the file alone they expect an
empty database at the same path afterwards, and would find their rows again.
"""

import os
import shutil
import sys
import tempfile


def _remove_directory(directory):
    """The engine may linger: what it still has open goes out of the way first, it ends when it sees that."""
    aside = tempfile.mkdtemp(prefix="removed-", dir=os.path.dirname(directory) or ".")
    os.rename(directory, aside)
    shutil.rmtree(aside, ignore_errors=True)


def _watch(event, arguments):
    if event == "os.remove" and arguments[1] == -1:
        directory = os.fsdecode(arguments[0]) + "-heliosdb"
        if os.path.isdir(directory):
            _remove_directory(directory)


if os.environ.get("HELIOSDB_MODE"):
    import heliosdb_sqlite.replace

    heliosdb_sqlite.replace.install_if_asked()
    sys.addaudithook(_watch)
