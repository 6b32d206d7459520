# SPDX-License-Identifier: Apache-2.0
"""The wire of daemon mode: TLS, passwords, networks that fail. Real servers, started for a file of tests."""

import os
import pathlib
import sys

import pytest

# The private PostgreSQL is the same as in the tests of many servers.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scale"))
os.environ.setdefault("HELIOSDB_NOTICES", "off")
# What the machine's owner keeps in the home directory must not decide.
for name in [name for name in os.environ if name.startswith("PG")]:
    del os.environ[name]
os.environ["PGSSLCERT"] = os.environ["PGSSLKEY"] = os.environ["PGSSLROOTCERT"] = "/nowhere"


@pytest.fixture(scope="session")
def template():
    """A PostgreSQL cluster that is only copied."""
    import clusters

    with clusters.place() as directory:
        cluster = clusters.Cluster(directory / "template")
        cluster.initialise()
        yield cluster


@pytest.fixture(scope="module", params=["postgresql", "heliosdb"])
def server(request, template):
    """A server of each kind in turn, of the file's own."""
    import servers

    with servers.postgresql(template) if request.param == "postgresql" else servers.heliosdb() as server:
        yield server


@pytest.fixture(scope="session")
def secured(template):
    import clusters
    from secured import Secured

    with clusters.place() as directory:
        server = Secured(directory, template)
        try:
            yield server
        finally:
            server.cluster.stop("immediate")
