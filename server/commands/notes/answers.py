"""What a server answers, in the words of a command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from server.commands.errors import CommandError


def plain(text: object) -> str:
    """Return a text from elsewhere as one line that a terminal can show."""
    return " ".join(printable(str(text)).split())


def printable(line: str) -> str:
    """Return a line without what would move a terminal's cursor, its columns as they are."""
    return "".join(char if char.isprintable() else " " for char in line)


def refusal(answer: httpx.Response) -> str:
    """Return why a request was refused; `answer` is read already."""
    try:
        return plain(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        return f"the server answered {answer.status_code} {answer.reason_phrase}".rstrip()


@contextmanager
def understood(url: str) -> Iterator[None]:
    """Read answers in the block.

    Raises:
        CommandError: one of them is nothing that this version knows.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise CommandError(f"{url} does not answer like a Voxline server") from error


def unreachable(url: str, error: Exception) -> str:
    """Return what to say of a server that could not be asked."""
    return f"{url} cannot be reached: {plain(error) or type(error).__name__}"
