# SPDX-License-Identifier: Apache-2.0
"""The bytes of values that are passed as blobs."""

from __future__ import annotations

from typing import Any


def bytes_of(value: Any) -> bytes:
    """The bytes of a value that has a buffer; a copy, unless it is ``bytes``.

    Raises TypeError for a value without a buffer, BufferError for one whose bytes do not lie side by side.
    """
    if isinstance(value, bytes):
        return value
    view = memoryview(value)
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view.tobytes()
