# SPDX-License-Identifier: Apache-2.0
"""What the program's callbacks raise can't be raised through SQLite: enable_callback_tracebacks(True) has it shown."""

from __future__ import annotations

import sys
from typing import Any

_shown = False
_hook_arguments: Any = None


def show_tracebacks(enable: bool) -> None:
    """Whether what callbacks raise is shown."""
    global _shown
    _shown = bool(enable)


def show(error: BaseException, callback: Any) -> None:
    """Hands an exception that can't be raised to ``sys.unraisablehook``, if that was asked for."""
    if _shown:
        fields = (type(error), error, error.__traceback__, None, callback)
        sys.unraisablehook(_unraisable_type()(fields))


def _unraisable_type() -> Any:
    """The type of what the hook takes, which has no public name."""
    global _hook_arguments
    if _hook_arguments is None:

        class Raising:
            def __del__(self) -> None:
                raise RuntimeError

        hook, seen = sys.unraisablehook, []
        sys.unraisablehook = lambda told: seen.append(type(told))
        try:
            Raising()
        finally:
            sys.unraisablehook = hook
        _hook_arguments = seen[0]
    return _hook_arguments
