# SPDX-License-Identifier: Apache-2.0
"""Let ``import sqlite3`` mean this package, for programs whose imports can't be changed.

``python -m heliosdb_sqlite.run program.py`` does it for one program. For whole environments: a ``sitecustomize`` that
calls install_if_asked(), and ``HELIOSDB_REPLACE_SQLITE3=1`` in the environment of what shall be switched.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

_NAMES = ("sqlite3", "sqlite3.dbapi2", "_sqlite3", "sqlite3.dump", "sqlite3.__main__")

_standard: dict[str, ModuleType] | None = None


def install() -> None:
    """From now on ``import sqlite3`` gives this package, in this process; doing it again does nothing.

    Modules that have imported the standard library's sqlite3 already keep it.

    >>> import heliosdb_sqlite.replace
    >>> heliosdb_sqlite.replace.install()
    >>> import sqlite3
    >>> sqlite3.__name__
    'heliosdb_sqlite'
    """
    global _standard
    if _standard is not None:
        return
    from . import __main__, dbapi2, dump  # first: the exceptions are subclasses of the standard library's

    package = sys.modules[__package__]
    standard = {name: sys.modules[name] for name in _NAMES if name in sys.modules}
    sys.modules.update(zip(_NAMES, (package, dbapi2, dbapi2, dump, __main__)))
    _standard = standard


def is_installed() -> bool:
    """Whether ``import sqlite3`` gives this package."""
    return _standard is not None


def uninstall() -> None:
    """``import sqlite3`` gives the standard library's module again."""
    global _standard
    if _standard is None:
        return
    for name in _NAMES:
        sys.modules.pop(name, None)
    sys.modules.update(_standard)
    _standard = None


def install_if_asked() -> bool:
    """install(), if HELIOSDB_REPLACE_SQLITE3 is set to something other than 0. Returns whether it did."""
    asked = os.environ.get("HELIOSDB_REPLACE_SQLITE3", "0") not in ("", "0")
    if asked:
        install()
    return asked
