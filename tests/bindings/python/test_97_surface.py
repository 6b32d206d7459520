# SPDX-License-Identifier: Apache-2.0
"""Every name of the interpreter's own sqlite3, one by one: what is missing or differs stands in a table here."""

import importlib
import inspect
import re
import sqlite3
import subprocess
import sys
import types

import pytest

import heliosdb_sqlite
import heliosdb_sqlite.dbapi2

# Public names of sqlite3 that are not here, and why.
MISSING = {
    "collections": "a module that sqlite3 uses, not a part of its interface",
    "datetime": "a module that sqlite3 uses, not a part of its interface",
    "time": "a module that sqlite3 uses, not a part of its interface",
    "test": "sqlite3's own tests, before Python 3.11",
}

# Parameters that differ from the standard library's, and why.
PARAMETERS = {
    ("fetchmany", "size"): "arraysize is the default, which sqlite3 shows as 1",
    ("iterdump", "filter"): "of Python 3.13, taken everywhere",
    ("Blob", "arguments"): "no blob can be made by calling the class; there is a TypeError in either",
    ("Blob", "options"): "no blob can be made by calling the class; there is a TypeError in either",
}

# Special methods whose presence says nothing about what can be done with an object.
SPECIAL = {"__text_signature__"}

CLASSES = [name for name in dir(sqlite3) if isinstance(getattr(sqlite3, name), type) and not name.startswith("_")]
EXCEPTIONS = [name for name in CLASSES if issubclass(getattr(sqlite3, name), Exception)]
DATE_TYPES = {"Binary", "Date", "Time", "Timestamp"}  # the same objects in both


def public(module):
    return {name for name in dir(module) if not name.startswith("_")}


@pytest.mark.parametrize("name", ["sqlite3", "sqlite3.dbapi2"])
def test_public_names_of_the_module(name):
    theirs = importlib.import_module(name)
    ours = importlib.import_module(name.replace("sqlite3", "heliosdb_sqlite", 1))
    assert public(theirs) - public(ours) - set(MISSING) == set()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "name", ["version", "version_info", "OptimizedUnicode", "enable_shared_cache", "Cache", "Statement"]
)
def test_names_that_sqlite3_has_or_gave_up(name):
    assert hasattr(heliosdb_sqlite, name) == hasattr(sqlite3, name)


@pytest.mark.parametrize("name", [name for name in dir(sqlite3) if re.match("[A-Z][A-Z]+_[A-Z_]+$", name)])
def test_constants_have_the_same_values(name):
    assert getattr(heliosdb_sqlite, name) == getattr(sqlite3, name)


def star_imported(module):
    """The names that a star import brings, in a process where nobody has imported a submodule."""
    code = f"from {module} import *; print(*dir())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_star_import_brings_what_sqlite3s_brings():
    ours, theirs = star_imported("heliosdb_sqlite"), star_imported("sqlite3")
    extra = {name for name in set(ours) - set(theirs) if not name.startswith("SQLITE_")}
    assert set(theirs) - set(ours) - set(MISSING) == set()
    assert extra <= {"Blob", "LEGACY_TRANSACTION_CONTROL"}  # of a newer Python


@pytest.mark.parametrize("name", CLASSES)
def test_names_of_classes(name):
    theirs, ours = getattr(sqlite3, name), getattr(heliosdb_sqlite, name)
    assert {each for each in dir(theirs) if not hasattr(ours, each)} - SPECIAL == set()


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exceptions_have_the_same_bases_and_attributes(name):
    theirs, ours = getattr(sqlite3, name), getattr(heliosdb_sqlite, name)
    assert issubclass(ours, theirs)
    for other in EXCEPTIONS:
        assert issubclass(ours, getattr(heliosdb_sqlite, other)) == issubclass(theirs, getattr(sqlite3, other)), other


def members():
    """(class or None, name) of everything that can be called."""
    for name in sorted(public(sqlite3) - set(MISSING) - DATE_TYPES):
        value = getattr(sqlite3, name)
        if isinstance(value, type) and name not in EXCEPTIONS:
            yield pytest.param(None, name, id=name)
            for each in sorted(each for each in dir(value) if not each.startswith("_")):
                if callable(getattr(value, each)) and not isinstance(getattr(value, each), type):
                    yield pytest.param(name, each, id=f"{name}.{each}")
        elif callable(value) and not isinstance(value, type):
            yield pytest.param(None, name, id=name)


def parameters(function, bound):
    """What a caller can give, None if it is not known: (name, kind, has a default, default)."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    told = []
    for each in found[1 if bound else 0 :]:
        # Nobody can use the name of a positional-only parameter.
        name = None if each.kind is each.POSITIONAL_ONLY else each.name
        default = None if each.default is each.empty else (repr(each.default),)
        if (function.__name__, each.name) not in PARAMETERS:
            told.append((name, each.kind, default))
    return told


@pytest.mark.parametrize("owner, name", list(members()))
def test_signatures(owner, name):
    theirs, ours = sqlite3, heliosdb_sqlite
    if owner is not None:
        theirs, ours = getattr(theirs, owner), getattr(ours, owner)
    expected = parameters(getattr(theirs, name), owner is not None)
    if expected is None:
        assert callable(getattr(ours, name))  # a C function that does not tell its parameters
    else:
        assert parameters(getattr(ours, name), owner is not None) == expected


@pytest.mark.parametrize("name", ["Connection", "Cursor", "Row", "Blob"])
def test_properties_and_methods_are_what_they_are_in_sqlite3(name):
    if not hasattr(sqlite3, name):
        pytest.skip(f"this interpreter's sqlite3 has no {name}")
    theirs, ours = getattr(sqlite3, name), getattr(heliosdb_sqlite, name)
    for each in dir(theirs):
        if not each.startswith("_"):
            assert callable(getattr(theirs, each)) == callable(getattr(ours, each)) or isinstance(
                getattr(theirs, each), types.MemberDescriptorType
            ), each


def test_the_tables_name_what_is_so():
    assert set(MISSING) & public(heliosdb_sqlite) == set()
