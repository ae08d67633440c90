"""The way into the engine thread: any thread puts, the engine drains."""

import threading

from engine.commands import Command, Grant


class Mailbox:
    """A channel that never blocks the one who puts.

    It is bounded by its callers: grants of a sequence coalesce here, and the text of a sequence is
    limited before it is put.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._commands: list[Command] = []
        self._grants: dict[int, Grant] = {}
        self._closed = False

    def put(self, command: Command) -> None:
        """Add a command. After `close` it is dropped."""
        with self._changed:
            if self._closed:
                return
            if isinstance(command, Grant):
                self._grants[command.sequence_id] = _merged(
                    self._grants.get(command.sequence_id), command
                )
            else:
                self._commands.append(command)
            self._changed.notify()

    def drain(self, timeout_s: float) -> list[Command]:
        """Take all there is, after waiting up to `timeout_s` for something."""
        with self._changed:
            if not (self._commands or self._grants or self._closed) and timeout_s > 0:
                self._changed.wait(timeout_s)
            commands: list[Command] = [*self._commands, *self._grants.values()]
            self._commands, self._grants = [], {}
            return commands

    def close(self) -> None:
        """Wake the engine for the last time."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def closed(self) -> bool:
        """Tell whether `close` was called."""
        return self._closed


def _merged(earlier: Grant | None, later: Grant) -> Grant:
    if earlier is None:
        return later
    played = earlier.played if later.played is None else later.played
    return Grant(later.sequence_id, max(earlier.upto, later.upto), played)
