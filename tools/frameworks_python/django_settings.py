# SPDX-License-Identifier: Apache-2.0
"""Settings for Django's own tests: what Django's settings for SQLite say, and results for table.py.

Its two databases are in memory, as there; in files where an engine shall have the rows; or on two servers.
"""

import os

from test_sqlite import *  # noqa: F403
from test_sqlite import DATABASES

TEST_RUNNER = "xmlrunner.extra.djangotestrunner.XMLTestRunner"
TEST_OUTPUT_DIR, TEST_OUTPUT_FILE_NAME = os.path.split(os.environ["FRAMEWORKS_RESULTS"])

_SERVERS = {"default": "HELIOSDB_DSN", "other": "FRAMEWORKS_OTHER_DSN"}

for _alias, _database in DATABASES.items():
    if os.environ.get("HELIOSDB_MODE") == "daemon" or os.environ.get("HELIOSDB_MEMORY") == "engine":
        _database.update(NAME=f"{_alias}.sqlite3", TEST={"NAME": f"test_{_alias}.sqlite3"})
    if os.environ.get("HELIOSDB_MODE") == "daemon":
        _database["OPTIONS"] = {"mode": "daemon", "dsn": os.environ[_SERVERS[_alias]]}
