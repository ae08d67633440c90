"""Servers of a run: each with its log, to be ill-treated, and gone when the run is over."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from anyio import to_thread

from tests.helpers.serving import ServerProcess, starting

#: Flags of a server that makes notes and nothing else. They cost this engine nothing: with few at
#: once each is over soon, and nobody has to be told of it meanwhile.
MAKES = ("--role", "notes", "--note-slots", "8")
#: Of one that accepts notes for others.
TAKES = ("--role", "calls")


class Fleet:
    """Servers of `tone`, whose steps take no time, with the flags that all of them share."""

    def __init__(self, folder: Path, flags: Sequence[str], *, port: int = 0) -> None:
        """Keep what they log in `folder`; without a `port` each takes a free one."""
        self._folder = folder
        self._port = port
        self._flags = flags
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stack.close()

    async def start(self, name: str, *flags: str) -> ServerProcess:
        """Start one, and return it when it is ready."""
        return await to_thread.run_sync(self._start, name, flags)

    def _start(self, name: str, flags: Sequence[str]) -> ServerProcess:
        log = self._stack.enter_context((self._folder / f"{name}.log").open("a"))
        # Unless the flags name another, a folder of its own: one process at a time has one.
        data = ("--data-dir", str(self._folder / name))
        command = ("server", "serve", "--model", "tone", *data, *self._flags, *flags)
        return self._stack.enter_context(starting(*command, port=self._port, log=log))
