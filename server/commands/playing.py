"""Plays PCM through whatever player the machine has."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from engine.steps import Pcm
from protocol.codes import ErrorCode
from server.commands.output import Output
from server.errors import RequestError


@contextmanager
def open_player(sample_rate_hz: int) -> Iterator[Output]:
    """Start a player and feed it; leaving waits until it has played.

    Raises:
        RequestError: the machine has no player.
    """
    command = _command(sample_rate_hz)
    if command is None:
        raise RequestError(
            ErrorCode.UNSUPPORTED, "no player found (aplay, pw-play, ffplay): use -o FILE"
        )
    with subprocess.Popen(command, stdin=subprocess.PIPE) as player:  # noqa: S603 a fixed list
        yield _Player(player)


class _Player:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def write(self, pcm: Pcm) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(pcm.astype("<i2", copy=False).tobytes())
            self._process.stdin.flush()


def _command(rate_hz: int) -> list[str] | None:
    rate = str(rate_hz)
    commands = {
        "aplay": ["-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", rate],
        "pw-play": ["--format", "s16", "--channels", "1", "--rate", rate, "-"],
        "ffplay": ["-v", "error", "-nodisp", "-autoexit", "-f", "s16le", "-ar", rate, "-i", "-"],
    }
    for program, arguments in commands.items():
        path = shutil.which(program)
        if path is not None:
            return [path, *arguments]
    return None
