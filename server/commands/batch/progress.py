"""How a batch shows that it is at work: a bar on a terminal, elsewhere a line now and then."""

import math
import shutil
import sys
import time

from server.commands.batch.scripts import Script

#: People do not see more.
_REDRAW_S = 0.1
#: Logs should not be full of it.
_LINE_S = 15.0
#: As often is it said that nothing goes on.
_WAIT_LINE_S = 10.0
_BAR_CHARS = 24
_ERASE = "\r\x1b[K"


class Progress:
    """Counts the files of a batch. It is told in lines on standard error."""

    def __init__(self, total: int) -> None:
        """Expect `total` files."""
        self._total = total
        self._num_made = 0
        self._num_kept = 0
        self.num_failed = 0
        self._audio_s = 0.0
        #: Of the notes that are being made, how much is.
        self._under_way_s: dict[Script, float] = {}
        self._began_s = time.monotonic()
        self._shown_s = self._began_s
        self._wait_said_s = -math.inf
        self._is_terminal = sys.stderr.isatty()

    def made(self, script: Script) -> None:
        """Count a file that is in its place."""
        self._num_made += 1
        self._audio_s += self._under_way_s.pop(script, 0.0)
        self._show()

    def kept(self) -> None:
        """Count a file that was there."""
        self._num_kept += 1
        self._show()

    def failed(self, script: Script, reason: str) -> None:
        """Count a file that there will not be, and say why."""
        self.num_failed += 1
        self._under_way_s.pop(script, None)
        self.say(f"{script.source}: {reason}")

    def is_at(self, script: Script, made_s: float) -> None:
        """Hear how many seconds of audio were made of a script."""
        self._under_way_s[script] = made_s
        self._show()

    def waits(self, seconds: float, reason: str) -> None:
        """Say why nothing happens, where it is for long."""
        now = time.monotonic()
        if seconds >= 1 and now - self._wait_said_s >= _WAIT_LINE_S:
            self._wait_said_s = now
            self.say(f"waiting {seconds:.0f} s: {reason}")

    def say(self, line: str) -> None:
        """Say something else in between."""
        print(f"{_ERASE if self._is_terminal else ''}voxline: {line}", file=sys.stderr)
        self._show(is_due=self._is_terminal)

    def finish(self) -> None:
        """Leave the totals on a line of their own."""
        print(f"{_ERASE if self._is_terminal else ''}{self._status()}", file=sys.stderr)

    @property
    def num_there(self) -> int:
        """Count the files that are in their place."""
        return self._num_made + self._num_kept

    def _show(self, *, is_due: bool = False) -> None:
        now = time.monotonic()
        if not is_due and now - self._shown_s < (_REDRAW_S if self._is_terminal else _LINE_S):
            return
        self._shown_s = now
        if self._is_terminal:
            line = f"{self._bar()} {self._status()}"
            # A line that is broken could not be erased.
            line = line[: shutil.get_terminal_size().columns - 1]
            print(f"{_ERASE}{line}", end="", file=sys.stderr, flush=True)
        else:
            print(self._status(), file=sys.stderr, flush=True)

    def _bar(self) -> str:
        done = _BAR_CHARS * (self.num_there + self.num_failed) // max(self._total, 1)
        return f"[{'#' * done}{'-' * (_BAR_CHARS - done)}]"

    def _status(self) -> str:
        audio_s = self._audio_s + sum(self._under_way_s.values())
        elapsed_s = max(time.monotonic() - self._began_s, 1e-6)
        parts = [f"{self.num_there} of {self._total} there"]
        if self._num_kept:
            parts.append(f"{self._num_kept} of them before")
        if self.num_failed:
            parts.append(f"{self.num_failed} failed")
        if audio_s:
            parts.append(f"{audio_s:.1f} s of speech, {audio_s / elapsed_s:.0f}x real time")
        return ", ".join(parts)
