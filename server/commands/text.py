"""The text that a command line is given: an argument, or all of standard input."""

import sys

from server.commands.errors import CommandError

#: `voxline say -`.
STANDARD_INPUT = "-"


def read_text(argument: str) -> str:
    """Return the whole text.

    Raises:
        CommandError: it is blank, or standard input is not UTF-8.
    """
    if argument == STANDARD_INPUT:
        with open(input_descriptor(), "rb", closefd=False) as file:
            data = file.read()
        try:
            argument = data.decode()
        except UnicodeDecodeError as error:
            raise not_utf8() from error
    if not argument.strip():
        raise CommandError("the text has nothing to speak")
    return argument


def input_descriptor() -> int:
    """Return the descriptor of standard input.

    Raises:
        CommandError: the shell has closed it; then Python has none.
    """
    if sys.stdin is None:
        raise CommandError("standard input is closed")
    return sys.stdin.fileno()


def not_utf8() -> CommandError:
    """Say that standard input holds no text."""
    return CommandError("standard input is not UTF-8")
