# SPDX-License-Identifier: Apache-2.0
"""What stands for something open in this process can't be pickled or copied, as in sqlite3."""

from __future__ import annotations

from typing import Any, NoReturn


def refuse(self: Any) -> NoReturn:
    """The ``__reduce__`` of such a class; a subclass may define its own.

    Raises TypeError.
    """
    raise TypeError(f"cannot pickle '{type(self).__name__}' object")
