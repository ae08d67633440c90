"""How a route asks for a note and is answered; what it means is the same for all of them."""

from collections.abc import Mapping
from typing import Protocol

from starlette.responses import Response

from server.errors import RequestError
from server.notes.request import NoteRequest, parse_note
from server.problems import problem, problem_of


class Dialect(Protocol):
    """The words of one route. No speech is made here."""

    def parse(self, body: bytearray, headers: Mapping[str, str]) -> NoteRequest:
        """Read the body of a request.

        Raises:
            RequestError: `bad_message`, `bad_value`, `text_too_long` or `unsupported`.
        """
        ...

    def refusal(self, error: RequestError) -> Response:
        """Say why there is no note."""
        ...

    def wrong_method(self, allowed: str) -> Response:
        """Say that notes are made by one of the `allowed` methods."""
        ...


class OwnDialect:
    """Our own: JSON or msgpack, read strictly, and problem documents."""

    def __init__(self, max_text_chars: int) -> None:
        self._max_text_chars = max_text_chars

    def parse(self, body: bytearray, headers: Mapping[str, str]) -> NoteRequest:
        """Do as `Dialect` says."""
        return parse_note(body, self._max_text_chars, headers.get("content-type", ""))

    def refusal(self, error: RequestError) -> Response:
        """Do as `Dialect` says."""
        return problem_of(error)

    def wrong_method(self, allowed: str) -> Response:
        """Do as `Dialect` says."""
        return problem(405, "method_not_allowed", "notes are made by POST", {"Allow": allowed})
