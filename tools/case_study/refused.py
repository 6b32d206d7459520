# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for the case study: records in the results which missing methods a test called.

A program may catch the exception and fail later, with a message that does not tell why.
"""

import pytest
from heliosdb_sqlite import Connection

_test = None
_refuse = Connection._refuse


def _recorded(connection, name):
    entry = ("not supported", name)
    if _test is not None and entry not in _test.user_properties:
        _test.user_properties.append(entry)
    return _refuse(connection, name)


Connection._refuse = _recorded


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    global _test
    _test = item
    return (yield)
