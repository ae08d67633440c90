"""Plays PCM through whatever player the machine has."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.steps import Pcm
from server.commands.errors import CommandError

#: In the order of preference: how each takes mono PCM16 of a rate from its standard input.
_PLAYERS = {
    "aplay": "-q -t raw -f S16_LE -c 1 -r {rate_hz}",
    "pw-play": "--format s16 --channels 1 --rate {rate_hz} -",
    "ffplay": "-v error -nodisp -autoexit -f s16le -ar {rate_hz} -i -",
}


class Player:
    """A player that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None  # noqa: S101 opened with one
        self._process = process
        self._stdin = process.stdin

    def write(self, pcm: Pcm) -> None:
        """Take mono int16 samples, shape (samples,); wait until the player has taken them."""
        self._stdin.write(pcm.astype("<i2", copy=False).tobytes())
        self._stdin.flush()

    def play_out(self) -> None:
        """Say that no more will come, and wait for the player's end."""
        self._stdin.close()
        self._process.wait()


def find_player() -> str | None:
    """Return the path of the player that would be used, or None."""
    return next(filter(None, map(shutil.which, _PLAYERS)), None)


@contextmanager
def open_player(sample_rate_hz: int) -> Iterator[Player]:
    """Start a player and feed it; leaving waits until it has played. Ctrl-C silences it.

    Raises:
        CommandError: the machine has no player, or it did not play to the end.
    """
    path = find_player()
    if path is None:
        raise CommandError(f"no player found ({', '.join(_PLAYERS)}): use -o FILE")
    name = path.rpartition("/")[2]
    arguments = _PLAYERS[name].format(rate_hz=sample_rate_hz).split()
    process = subprocess.Popen([path, *arguments], stdin=subprocess.PIPE)  # noqa: S603 from a table
    player = Player(process)
    try:
        yield player
        player.play_out()
    except KeyboardInterrupt:
        process.terminate()
        raise
    except BrokenPipeError:
        status = process.wait()
        raise CommandError(f"{name} ended before the speech, with status {status}") from None
    finally:
        with suppress(BrokenPipeError):
            player.play_out()
    if process.returncode:
        raise CommandError(f"{name} could not play: it ended with status {process.returncode}")
