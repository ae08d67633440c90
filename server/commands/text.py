"""The text that a command line is given: an argument, or standard input as it comes."""

import codecs
import os
import select
import sys
from collections.abc import Iterator

from server.commands.errors import CommandError

#: `voxline say -`.
STANDARD_INPUT = "-"
#: A line of a terminal is no longer, and no server's limit on one message is smaller.
PIECE_BYTES = 4_096
#: Whoever writes has paused when nothing came for so long: as long as the engine waits for more.
_PAUSE_S = 0.5


class TextDecoder:
    """Makes text of bytes that come in pieces."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def decode(self, data: bytes) -> str:
        """Return the text that `data` completes. Empty data is the end.

        Raises:
            CommandError: standard input is not UTF-8.
        """
        try:
            return self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise CommandError("standard input is not UTF-8") from error


def check_text(argument: str) -> str:
    """Return an argument that is no blank.

    Raises:
        CommandError: it is one.
    """
    if not argument.strip():
        raise CommandError("the text has nothing to speak")
    return argument


def read_pieces(argument: str) -> Iterator[str]:
    """Yield the text in pieces, and an empty one whenever standard input pauses.

    Raises:
        CommandError: an argument is blank, or standard input is closed or not UTF-8.
    """
    if argument != STANDARD_INPUT:
        yield check_text(argument)
        return
    descriptor, decoder = input_descriptor(), TextDecoder()
    while True:
        if not select.select([descriptor], [], [], _PAUSE_S)[0]:
            yield ""
            continue
        data = os.read(descriptor, PIECE_BYTES)
        yield decoder.decode(data)
        if not data:
            return


def input_descriptor() -> int:
    """Return the descriptor of standard input.

    Raises:
        CommandError: the shell has closed it; then Python has none.
    """
    if sys.stdin is None:
        raise CommandError("standard input is closed")
    return sys.stdin.fileno()
