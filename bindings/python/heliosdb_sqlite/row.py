# SPDX-License-Identifier: Apache-2.0
"""sqlite3.Row."""

from __future__ import annotations

import collections.abc
from typing import Any, NoReturn

from .pickling import refuse
from .states import RowState


class Row(RowState):
    """A row that can be read by index, by slice and by column name, whatever the name's case.

    >>> connection.row_factory = Row
    >>> row = connection.execute("SELECT 1 AS one, 2 AS two").fetchone()
    >>> row[0], row["TWO"], row.keys(), dict(row)
    (1, 2, ['one', 'two'], {'one': 1, 'two': 2})

    Raises IndexError ("No item with that key") for a name that is not a column's.
    """

    __slots__ = ()

    __reduce__ = refuse

    @staticmethod
    def _refuse(cursor: Any, data: Any) -> NoReturn:
        """Raises what is wrong with the arguments."""
        if not isinstance(data, tuple):
            raise TypeError(f"Row() argument 2 must be tuple, not {type(data).__name__}")
        raise TypeError(f"Row() argument 1 must be heliosdb_sqlite.Cursor, not {type(cursor).__name__}")

    def keys(self) -> list[str]:
        """The names of the columns."""
        return [column[0] for column in self._description or ()]

    def _item(self, key: Any) -> Any:
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
        for index, (name, *_) in enumerate(self._description or ()):
            if name == key or (lowered is not None and name.isascii() and name.lower() == lowered):
                return index
        raise IndexError("No item with that key")

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
