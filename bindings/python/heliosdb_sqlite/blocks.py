# SPDX-License-Identifier: Apache-2.0
"""Rows in blocks: many of them in one call of the C library, column by column, as <heliosdb/block.h> describes it.

Every column of one storage class is taken apart, or put together, by one call of Python's own.
"""

from __future__ import annotations

import struct
from array import array
from ctypes import string_at
from itertools import accumulate
from typing import Any, List, Sequence, Tuple

from ._declarations import (
    HDB_BLOCK_FLOAT,
    HDB_BLOCK_INTEGER,
    HDB_BLOCK_MIXED,
    HDB_BLOCK_NULL,
    HDB_BLOCK_TEXT,
    HDB_TYPE_BLOB,
    HDB_TYPE_FLOAT,
    HDB_TYPE_INTEGER,
    HDB_TYPE_NULL,
    HDB_TYPE_TEXT,
)
from .adapters import is_plain

# Rows that go into one block: enough that a call does not show, few enough that they need little memory.
ROWS = 256

_HEAD, _COLUMN_HEAD = 2, 3  # numbers
TYPES = {type(None): HDB_TYPE_NULL, int: HDB_TYPE_INTEGER, float: HDB_TYPE_FLOAT, str: HDB_TYPE_TEXT, bytes: HDB_TYPE_BLOB}
_double, _number = struct.Struct("d"), struct.Struct("q")

Column = Tuple[int, bytes]  # form, data


# Reading


def columns_of(address: int, size: int, text_factory: Any) -> List[Sequence[Any]]:
    """The columns of a block, each with a value for every row; none if there are no rows.

    Raises UnicodeDecodeError for text that is not UTF-8, if ``text_factory`` is str.
    """
    data = string_at(address, size)
    numbers = memoryview(data).cast("q")
    rows, count = numbers[0], numbers[1]
    if not rows:
        return []
    heads = numbers[_HEAD : _HEAD + count * _COLUMN_HEAD].tolist()
    return [
        _column(data, rows, heads[place], heads[place + 1], heads[place + 2], text_factory)
        for place in range(0, len(heads), _COLUMN_HEAD)
    ]


def _column(data: bytes, rows: int, form: int, offset: int, size: int, text_factory: Any) -> Sequence[Any]:
    if form == HDB_BLOCK_INTEGER:
        return memoryview(data)[offset : offset + size].cast("q").tolist()
    if form == HDB_BLOCK_TEXT:
        return _texts(data[offset : offset + size - 1], text_factory)
    if form == HDB_BLOCK_FLOAT:
        return memoryview(data)[offset : offset + size].cast("d").tolist()
    if form == HDB_BLOCK_NULL:
        return [None] * rows
    return _mixed(data, rows, offset, offset + size, text_factory)


def _texts(data: bytes, text_factory: Any) -> List[Any]:
    if text_factory is str:
        return data.decode().split("\0")
    return [text_factory(text) for text in data.split(b"\0")]


def _mixed(data: bytes, rows: int, offset: int, end: int, text_factory: Any) -> List[Any]:
    numbers = memoryview(data)[offset : offset + 8 * rows]
    types = data[offset + 8 * rows : offset + 9 * rows]
    bytes_at = offset + 9 * rows
    kinds = set(types)
    if kinds == {HDB_TYPE_INTEGER, HDB_TYPE_NULL}:
        return [n if kind != HDB_TYPE_NULL else None for kind, n in zip(types, numbers.cast("q").tolist())]
    if kinds == {HDB_TYPE_FLOAT, HDB_TYPE_NULL}:
        return [n if kind != HDB_TYPE_NULL else None for kind, n in zip(types, numbers.cast("d").tolist())]
    if kinds == {HDB_TYPE_TEXT, HDB_TYPE_NULL} and data.count(0, bytes_at, end) == types.count(HDB_TYPE_TEXT):
        text = iter(_texts(data[bytes_at : end - 1], text_factory))
        return [next(text) if kind != HDB_TYPE_NULL else None for kind in types]
    return list(_each(data, types, numbers, bytes_at, text_factory))


def _each(data: bytes, types: bytes, numbers: memoryview, position: int, text_factory: Any) -> Any:
    """The values of a column that has several storage classes."""
    for kind, integer, real in zip(types, numbers.cast("q").tolist(), numbers.cast("d").tolist()):
        if kind == HDB_TYPE_INTEGER:
            yield integer
        elif kind == HDB_TYPE_FLOAT:
            yield real
        elif kind == HDB_TYPE_NULL:
            yield None
        else:
            value = data[position : position + integer]
            position += integer + 1
            if kind == HDB_TYPE_BLOB:
                yield value
            else:
                yield value.decode() if text_factory is str else text_factory(value)


# Writing


def block_of(rows: Sequence[Any], count: int) -> bytes | None:
    """A block of parameter sets; None if one of them needs a closer look: another length than ``count``, another kind of
    sequence, a value that has to be adapted, or one that can't be bound."""
    if not set(map(type, rows)) <= {tuple, list} or set(map(len, rows)) != {count}:
        return None
    columns = []
    for values in zip(*rows):
        kinds = set(map(type, values))
        if not all(kind in TYPES and is_plain(kind) for kind in kinds):
            return None
        try:
            columns.append(_pack(values, kinds))
        except (OverflowError, UnicodeEncodeError):
            return None
    return _assemble(len(rows), columns)


def _pack(values: Sequence[Any], kinds: set[type]) -> Column:
    if len(kinds) == 1:
        if int in kinds:
            return HDB_BLOCK_INTEGER, array("q", values).tobytes()
        if float in kinds:
            return HDB_BLOCK_FLOAT, array("d", values).tobytes()
        if str in kinds:
            data = ("\0".join(values) + "\0").encode()
            if data.count(0) == len(values):
                return HDB_BLOCK_TEXT, data
        elif bytes not in kinds:
            return HDB_BLOCK_NULL, b""
    return HDB_BLOCK_MIXED, _pack_mixed(values)


def _pack_mixed(values: Sequence[Any]) -> bytes:
    numbers: List[int] = []
    parts: List[bytes] = []
    for value in values:
        kind = type(value)
        if kind is int:
            numbers.append(value)
        elif kind is float:
            numbers.append(_number.unpack(_double.pack(value))[0])
        elif value is None:
            numbers.append(0)
        else:
            data = value.encode() if kind is str else value
            numbers.append(len(data))
            parts.append(data + b"\0")
    types = bytes([TYPES[type(value)] for value in values])
    return array("q", numbers).tobytes() + types + b"".join(parts)


def _assemble(rows: int, columns: List[Column]) -> bytes:
    padded = [data + bytes(-len(data) % 8) for _, data in columns]
    first = 8 * (_HEAD + _COLUMN_HEAD * len(columns))
    offsets = accumulate([first, *map(len, padded)])
    head = array("q", (rows, len(columns)))
    for (form, data), offset in zip(columns, offsets):
        head.extend((form, offset, len(data)))
    return b"".join((head.tobytes(), *padded))
