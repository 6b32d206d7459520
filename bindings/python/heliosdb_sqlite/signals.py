# SPDX-License-Identifier: Apache-2.0
"""Python's signal handlers while a statement runs, so that Ctrl-C ends a long one.

The interpreter runs a signal's handler only between its own instructions, so never while it waits for a C function. The
library calls back now and then; that lets a pending handler run, and what it raises ends the statement.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Callable, Generator

from . import _declarations as c
from .tracebacks import show

# SQLite's instructions between two calls: some milliseconds, so that a call costs nothing in comparison.
OPERATIONS = 50_000


# What a statement's caller gets in the end, because SQLite can't pass it on; of each thread.
_of_thread = threading.local()

# Whether something was kept that the statement's code does not tell of.
lost = False

_hook_before: Any = None


def keep(error: BaseException) -> None:
    """Ctrl-C while one of the program's functions ran: the statement fails for it, and this is what the program gets."""
    if isinstance(error, KeyboardInterrupt):
        _of_thread.kept = error


def kept() -> BaseException | None:
    """What was kept for the statement that this thread has just run."""
    global lost
    error: BaseException | None = _of_thread.__dict__.pop("kept", None)
    if error is not None:
        lost = False
    return error


def lose(error: BaseException) -> None:
    """Ctrl-C in a function whose failure SQLite does not hear of, such as a collation: the statement still ends."""
    global lost
    if isinstance(error, KeyboardInterrupt):
        _of_thread.kept, lost = error, True


def raise_lost() -> None:
    """Raises what was lost in this thread; called only if ``lost`` says that there may be something."""
    error = getattr(_of_thread, "kept", None)
    if error is not None:
        raise error


def _unraisable(told: Any) -> None:
    """The hook of what can't be raised: what a signal's handler raises as one of this package's functions is entered."""
    global lost
    trace = told.exc_traceback
    ours = trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__
    if ours and "ctypes callback" in (told.err_msg or ""):
        _of_thread.kept, lost = told.exc_value, True
    else:
        _hook_before(told)


def notice_lost() -> None:
    """Has it noticed from now on. Before there are functions that SQL calls there is nothing to lose."""
    global _hook_before
    if _hook_before is None:
        _hook_before, sys.unraisablehook = sys.unraisablehook, _unraisable


class SignalWatch:
    """The callbacks of one connection, ``working`` while SQLite's instructions run and ``waiting`` for the engine or a
    server. ``raised`` is what a signal's handler raised, until take() takes it; ``handler`` is the program's own progress
    handler, which is called each time that the first is."""

    __slots__ = ("handler", "raised", "waiting", "working")

    def __init__(self) -> None:
        self.raised: BaseException | None = None
        self.handler: Callable[[], Any] | None = None
        # Not a function: a handler that raises as a function is entered does so outside of any ``try`` in it, and what
        # a callback raises is lost. A generator is entered inside its ``try``.
        working, waiting = self._look(True), self._look(False)
        next(working), next(waiting)
        self.working = c.hdb_progress_callback(working.send)
        self.waiting = c.hdb_progress_callback(waiting.send)

    def _look(self, asks: bool) -> Generator[int, Any, None]:
        stop = 0
        while True:
            try:
                yield stop
                stop = self._ask(self.handler) if asks and self.handler is not None else 0
                if lost:
                    raise_lost()
            except GeneratorExit:
                return
            except BaseException as error:
                self.raised, stop = error, 1

    def _ask(self, handler: Callable[[], Any]) -> int:
        """1 if the program's handler wants the statement to end, or fails."""
        try:
            return 1 if handler() else 0
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            show(error, handler)
            return 1

    def take(self) -> BaseException | None:
        """What was raised since this was asked last."""
        raised, self.raised = self.raised, None
        return raised
