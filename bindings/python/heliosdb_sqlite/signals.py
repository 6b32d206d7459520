# SPDX-License-Identifier: Apache-2.0
"""Python's signal handlers while a statement runs, so that Ctrl-C ends a long one.

The interpreter runs a signal's handler only between its own instructions, so never while it waits for a C function. The
library calls back now and then; that lets a pending handler run, and what it raises ends the statement.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Generator

from . import _declarations as c
from .tracebacks import show

# SQLite's instructions between two calls: some milliseconds, so that a call costs nothing in comparison.
OPERATIONS = 50_000


_of_thread = threading.local()


def keep(error: BaseException) -> None:
    """Ctrl-C while one of the program's functions ran: the statement fails for it, and this is what the program gets."""
    if isinstance(error, KeyboardInterrupt):
        _of_thread.kept = error


def kept() -> BaseException | None:
    """What was kept for the statement that this thread has just run."""
    error: BaseException | None = _of_thread.__dict__.pop("kept", None)
    return error


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
