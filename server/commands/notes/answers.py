"""What a server answers, in the words of a command line."""

import json
from typing import Any

import httpx

from server.commands.errors import CommandError


def plain(text: object) -> str:
    """Return a text from elsewhere as one line that a terminal can show."""
    shown = "".join(char if char.isprintable() else " " for char in str(text))
    return " ".join(shown.split())


def refusal(answer: httpx.Response) -> str:
    """Return why a request was refused; `answer` is read already."""
    try:
        return plain(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        return f"the server answered {answer.status_code} {answer.reason_phrase}".rstrip()


def read_object(text: str | bytes, url: str) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        CommandError: it is none, so no Voxline server has written it.
    """
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise CommandError(f"{url} does not answer like a Voxline server")
    return read


def unreachable(url: str, error: Exception) -> str:
    """Return what to say of a server that could not be asked."""
    return f"{url} cannot be reached: {plain(error) or type(error).__name__}"
