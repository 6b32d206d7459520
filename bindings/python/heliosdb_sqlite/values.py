# SPDX-License-Identifier: Apache-2.0
"""The values of one row, of parameters or of a result, in one call of the C library: the data of a mixed column, as
<heliosdb/block.h> describes it. What has to be done for a row depends on the types of its values only, and is found out once
for each sequence of types."""

from __future__ import annotations

from ctypes import string_at
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Any, Callable, Dict, List, Tuple

from ._declarations import HDB_TYPE_BLOB, HDB_TYPE_FLOAT, HDB_TYPE_INTEGER, HDB_TYPE_NULL, HDB_TYPE_TEXT
from .adapters import is_plain, packers
from .blocks import TYPES

_MOST = 1000  # sequences of types that are remembered

_Others = List[Tuple[int, int]]  # index and type of what is not a number
_unpackers: Dict[bytes, Tuple[Callable[..., Tuple[Any, ...]], _Others]] = {}


def _layout(types: bytes, ending: str) -> tuple[Struct, _Others]:
    numbers = "".join("d" if kind == HDB_TYPE_FLOAT else "q" for kind in types)
    others = [(index, kind) for index, kind in enumerate(types) if kind not in (HDB_TYPE_INTEGER, HDB_TYPE_FLOAT)]
    return Struct(numbers + ending), others


def _packer(kinds: tuple[type, ...]) -> tuple[Callable[..., bytes], bytes, _Others] | None:
    if not all(kind in TYPES and is_plain(kind) for kind in kinds):
        return None
    if len(packers) >= _MOST:
        packers.clear()
    types = bytes([TYPES[kind] for kind in kinds])
    layout, others = _layout(types, f"{len(types)}s")
    packers[kinds] = packer = layout.pack, types, others
    return packer


def packed(parameters: Any, count: int) -> bytes | None:
    """A parameter set; None if it needs a closer look: another length than ``count``, another kind of sequence, a value that has
    to be adapted, or one that can't be bound."""
    if type(parameters) not in (tuple, list) or len(parameters) != count:
        return None
    kinds = tuple(map(type, parameters))
    packer = packers.get(kinds) or _packer(kinds)
    if packer is None:
        return None
    pack, types, others = packer
    try:
        if not others:
            return pack(*parameters, types)
        values: List[Any] = list(parameters)
        tail: List[bytes] = []
        for index, kind in others:
            value = values[index]
            if kind == HDB_TYPE_NULL:
                values[index] = 0
                continue
            data = value.encode() if kind == HDB_TYPE_TEXT else value
            values[index] = len(data)
            tail += data, b"\0"
        return pack(*values, types) + b"".join(tail)
    except (StructError, UnicodeEncodeError):
        return None


def unpacked(address: int, size: int, columns: int, text_factory: Any) -> tuple[Any, ...]:
    """The row that lies there. Raises UnicodeDecodeError for text that is not UTF-8, if ``text_factory`` is str."""
    data = string_at(address, size)
    position = 9 * columns
    types = data[8 * columns : position]
    unpacker = _unpackers.get(types)
    if unpacker is None:
        if len(_unpackers) >= _MOST:
            _unpackers.clear()
        layout, others = _layout(types, "")
        _unpackers[types] = unpacker = layout.unpack_from, others
    unpack, others = unpacker
    row = unpack(data)
    if not others:
        return row
    values = list(row)
    for index, kind in others:
        if kind == HDB_TYPE_NULL:
            values[index] = None
            continue
        end = position + values[index]
        part = data[position:end]
        position = end + 1
        if kind == HDB_TYPE_BLOB:
            values[index] = part
        else:
            values[index] = part.decode() if text_factory is str else text_factory(part)
    return tuple(values)
