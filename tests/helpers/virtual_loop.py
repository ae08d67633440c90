"""asyncio with trio's autojump clock: when every task waits, time jumps to the next deadline."""

import asyncio
import selectors


class _JumpingSelector(selectors.DefaultSelector):
    """Never sleeps for a deadline: counts the sleep as done."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            # No deadline at all: only the outside can end this wait.
            return super().select(None)
        events = super().select(0)
        if not events:
            self.now_s += max(timeout, 0.0)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop for tests that talk to no real socket and wait for no real thread."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s
