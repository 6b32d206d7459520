# SPDX-License-Identifier: Apache-2.0
"""docs/python-examples.md: each example prints what the page shows, with sqlite3 and with ours in every place.

Each runs in a process of its own, forked from this one before it has opened anything there, in an empty directory; the
servers' databases are emptied before each.
"""

import importlib.util
import os
import sys

import pytest
from conftest import ROOT, SERVERS, drop_everything

SCRIPT = ROOT / "tools" / "docs" / "python_examples.py"
spec = importlib.util.spec_from_file_location("python_examples", SCRIPT)
python_examples = importlib.util.module_from_spec(spec)
spec.loader.exec_module(python_examples)
EXAMPLES = python_examples.read()[1]


def test_there_are_a_hundred_with_names_of_their_own():
    assert len({example.title for example in EXAMPLES}) == len(EXAMPLES) >= 100


@pytest.mark.parametrize("where", ["sqlite3", "embedded", "heliosdb", "postgresql"])
@pytest.mark.parametrize("example", EXAMPLES, ids=[example.title.replace(" ", "-") for example in EXAMPLES])
def test_prints_what_the_page_shows(example, where, monkeypatch):
    if example.too_new():
        pytest.skip("needs Python {}.{}".format(*example.needs))
    if where == "sqlite3" and sys.version_info < (3, 11):
        pytest.skip("the page's outputs are those of Python 3.11 and newer")
    if where in SERVERS:
        if example.not_on_servers:
            pytest.skip(f"not on servers: {example.not_on_servers}")
        dsn = os.environ.get(SERVERS[where])
        if not dsn:
            pytest.skip(f"{SERVERS[where]} is not set")
        drop_everything(dsn)
        monkeypatch.setenv("HELIOSDB_MODE", "daemon")
        monkeypatch.setenv("HELIOSDB_DSN", dsn)
    module = "sqlite3" if where == "sqlite3" else "heliosdb_sqlite"
    source = example.source_on_server() if where in SERVERS else example.source
    assert python_examples.run(module, source) == example.output
