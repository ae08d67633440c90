"""The notes of a running server, over its HTTP API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from server.commands.errors import CommandError
from server.commands.notes.answers import refusal, understood, unreachable

#: Notes are found in milliseconds: a server that takes longer has other worries.
TIMEOUT_S = 30.0
#: The most that a page may have.
PAGE = 500

_NO_METHOD, _NO_CONTENT = 405, 204
_ENDS = ("stored", "failed", "cancelled")


class NotesClient:
    """Asks a server. Each method raises `CommandError` where it refuses or cannot be reached.

    What it shows is looked at within `open`: there, what cannot be read is a `CommandError`, too.
    """

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url

    @classmethod
    @contextmanager
    def open(cls, url: str) -> Iterator["NotesClient"]:
        """Ask the server at `url` while the block runs."""
        with httpx.Client(timeout=TIMEOUT_S) as client, understood(url):
            yield cls(client, url)

    def list(self, limit: int, state: str | None) -> Iterator[dict[str, Any]]:
        """Yield up to `limit` notes in `state`, or of all, the newest first."""
        query = {} if state is None else {"state": state}
        while limit:
            page = self._ask("GET", "", {**query, "limit": str(min(limit, PAGE))})
            yield from page["notes"]
            limit -= len(page["notes"])
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def find(self, note_id: str) -> dict[str, Any]:
        """Return a note."""
        return self._ask("GET", _path(note_id))

    def retry(self, note_id: str) -> dict[str, Any]:
        """Send a note again, and return it."""
        return self._ask("POST", _path(note_id) + "/retry")

    def cancel(self, note_id: str) -> dict[str, Any]:
        """Give up a note, and return it.

        Raises:
            CommandError: it has ended; what is removed then is its audio.
        """
        note = self.find(note_id)
        if note["state"] in _ENDS:
            raise CommandError(f"the note is {note['state']}: there is nothing to give up")
        return self._ask("DELETE", _path(note_id))

    def _ask(self, method: str, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = self._client.request(method, f"{self._url}/v1/notes{path}", params=query)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise CommandError(unreachable(self._url, error)) from error
        if answer.status_code == _NO_METHOD:
            raise CommandError(f"{self._url} keeps no notes")
        if answer.status_code == _NO_CONTENT:
            raise CommandError("the note ended at that very moment, and was removed")
        if not answer.is_success:
            raise CommandError(refusal(answer))
        shown: dict[str, Any] = answer.json()
        return shown


def _path(note_id: str) -> str:
    return "/" + quote(note_id, safe="")
