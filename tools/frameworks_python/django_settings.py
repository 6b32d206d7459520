# SPDX-License-Identifier: Apache-2.0
"""Settings for Django's own tests: its two databases in files, or on two servers, and results for table.py."""

import os

from test_sqlite import *  # noqa: F403 - what Django's own settings for SQLite say

TEST_RUNNER = "xmlrunner.extra.djangotestrunner.XMLTestRunner"
TEST_OUTPUT_DIR, TEST_OUTPUT_FILE_NAME = os.path.split(os.environ["FRAMEWORKS_RESULTS"])


def _database(alias):
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{alias}.sqlite3", "TEST": {"NAME": f"test_{alias}.sqlite3"}}
    if os.environ.get("HELIOSDB_MODE") == "daemon":
        database["OPTIONS"] = {"mode": "daemon", "dsn": os.environ["HELIOSDB_DSN" if alias == "default" else "FRAMEWORKS_OTHER_DSN"]}
    return database


DATABASES = {alias: _database(alias) for alias in ("default", "other")}
