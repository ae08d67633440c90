"""Standard input, output and error as a shell may leave them: closed, full, or without a reader."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STANDARD_DESCRIPTORS = (0, 1, 2)


def open_closed() -> None:
    """Open on nothing what the shell has closed. To be called before anything else is opened.

    Else the event loop's own descriptor would take the free number, and whoever prints, or tidies
    up at the end, would write into it or close it. Python's `sys.stdin` and `sys.stdout` stay
    `None`, which tells commands that nobody is there; errors have somewhere to go.
    """
    for descriptor in _STANDARD_DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            # It gets the lowest free number, which is this one. Children may have it too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stderr is None:
        # `print` would take standard output instead, and a text would lie amid the speech.
        sys.stderr = os.fdopen(2, "w", closefd=False)


@contextmanager
def flushed_output() -> Iterator[None]:
    """Write out what the block prints while there is somebody to say that this failed.

    Raises:
        OSError: it cannot be written.
    """
    try:
        yield
    finally:
        if sys.stdout is not None:
            _flush()


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        # The interpreter tries once more at its end, and would complain in its own way.
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())
        raise
