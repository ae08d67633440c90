"""Ctrl-C while the library is at work."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Let SIGINT wait until the block is left.

    Python would run its handler as soon as the library calls back, before the callback's first
    line. What is raised there cannot be caught: it is printed and lost.
    """
    handler = signal.getsignal(signal.SIGINT)
    # Handlers run in the main thread alone, and some are none of Python's.
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            handler(*caught[0])
