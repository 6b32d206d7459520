# SPDX-License-Identifier: Apache-2.0
"""sqlite3.Row."""

from __future__ import annotations

import collections.abc
from typing import Any, Iterator, TypeVar

from .pickling import refuse

_Self = TypeVar("_Self", bound="Row")


class Row:
    """A row that can be read by index, by slice and by column name, whatever the name's case.

    >>> connection.row_factory = Row
    >>> row = connection.execute("SELECT 1 AS one, 2 AS two").fetchone()
    >>> row[0], row["TWO"], row.keys(), dict(row)
    (1, 2, ['one', 'two'], {'one': 1, 'two': 2})

    Raises IndexError ("No item with that key") for a name that is not a column's.
    """

    __slots__ = ("_description", "_indexes", "_values")

    _description: tuple[Any, ...]
    _indexes: dict[str, int]  # of the names asked for so far, shared by the rows of a result
    _values: tuple[Any, ...]

    __reduce__ = refuse

    def __new__(cls: type[_Self], cursor: Any, data: tuple[Any, ...], /) -> _Self:
        if not isinstance(data, tuple):
            raise TypeError(f"Row() argument 2 must be tuple, not {type(data).__name__}")
        row = object.__new__(cls)
        try:
            row._description, row._indexes = cursor._description, cursor._indexes
        except AttributeError:
            raise TypeError(f"Row() argument 1 must be heliosdb_sqlite.Cursor, not {type(cursor).__name__}") from None
        row._values = data
        return row

    def keys(self) -> list[str]:
        """The names of the columns."""
        return [column[0] for column in self._description]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            index = self._indexes.get(key)
            if index is None:
                index = self._indexes[key] = self._find(key)
            return self._values[index]
        if isinstance(key, (int, slice)):
            return self._values[key]
        raise IndexError("Index must be int or string")

    def _find(self, key: str) -> int:
        """Index of the first column of that name; case is ignored in ASCII names only, as in SQLite."""
        lowered = key.lower() if key.isascii() else None
        for index, (name, *_) in enumerate(self._description):
            if name == key or (lowered is not None and name.isascii() and name.lower() == lowered):
                return index
        raise IndexError("No item with that key")

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __hash__(self) -> int:
        return hash(self._description) ^ hash(self._values)

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, Row):
            return NotImplemented
        return self._description == other._description and self._values == other._values


collections.abc.Sequence.register(Row)


def own_row(factory: Any) -> Any:
    """The row factory to use: the standard library's Row takes only its own cursors, so ours stands in for it."""
    if factory is not None and getattr(factory, "__module__", None) == "sqlite3" and factory.__name__ == "Row":
        return Row
    return factory
