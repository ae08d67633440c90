"""Where the command line puts its speech: a player, standard output, or a file."""

import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from engine.steps import Pcm
from server.audio.formats import AudioFormat, natural_rate
from server.commands.errors import CommandError
from server.commands.files import open_file
from server.commands.playing import open_player
from server.commands.progress import Progress

#: `-o -`.
_STANDARD_OUTPUT = "-"


class _Sink(Protocol):
    def write(self, pcm: Pcm) -> None: ...


class Output:
    """Takes speech to where `-o` says. It is opened with the first sound.

    What fails before that leaves a file as it was. A context manager: leaving it finishes the file,
    or waits until all is played.
    """

    def __init__(self, target: str) -> None:
        """Take speech to a file, to standard output (`-`), or to a player (empty).

        Raises:
            CommandError: the file's ending names no format, or nobody could use the output.
        """
        self._target = target
        self._format = _format_of(target)
        self._stack = ExitStack()
        self._sink: _Sink | None = None
        self._progress = Progress()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish.

        Raises:
            CommandError: there was nothing to speak, or the player failed.
            OSError: the file cannot be written.
        """
        self._stack.__exit__(kind, error, trace)
        if error is None and self._sink is None:
            raise CommandError("the text has nothing to speak")
        if self._sink is not None:
            self._progress.finish()

    def natural_rate(self, model_rate_hz: int) -> int:
        """Return the rate in Hz to ask for where the user named none."""
        return natural_rate(self._format, model_rate_hz)

    def write(self, pcm: Pcm, sample_rate_hz: int) -> None:
        """Take mono int16 samples, shape (samples,), always of one rate.

        Raises:
            CommandError: there is no player or encoder for it.
            OSError: the file cannot be written.
        """
        if not len(pcm):
            return
        if self._sink is None:
            self._sink = self._stack.enter_context(self._open(sample_rate_hz))
        self._sink.write(pcm)
        self._progress.advance(len(pcm) / sample_rate_hz)

    def _open(self, sample_rate_hz: int) -> AbstractContextManager[_Sink]:
        if not self._target:
            return open_player(sample_rate_hz)
        file = sys.stdout.fileno() if self._target == _STANDARD_OUTPUT else self._target
        return open_file(file, self._format, sample_rate_hz)


def _format_of(target: str) -> AudioFormat:
    if not target:
        return AudioFormat.PCM
    if target == _STANDARD_OUTPUT:
        _require_reader()
        return AudioFormat.PCM
    ending = Path(target).suffix.lstrip(".").lower()
    try:
        return AudioFormat("opus" if ending == "ogg" else ending)
    except ValueError:
        names = ", ".join(member.value for member in AudioFormat)
        raise CommandError(f"{target}: the file's ending must be one of {names}") from None


def _require_reader() -> None:
    # Python has none where the shell closed it.
    if sys.stdout is None:
        raise CommandError("standard output is closed")
    if sys.stdout.isatty():
        raise CommandError("PCM is nothing for a terminal: use -o FILE, or pipe it into a player")
