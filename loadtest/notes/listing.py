"""All that a server knows of its notes, asked as any client asks."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx

from loadtest.notes.waiting import until

#: The most that a page has.
_PAGE_NOTES = 500
#: Between two looks at whether anything is left.
LOOK_S = 0.5
_PATH = "/v1/notes"
#: Of a batch, when everything is busy.
TIMEOUT_S = 60.0

#: A note as it is shown.
Shown = dict[str, Any]


def asking(url: str) -> httpx.AsyncClient:
    """Return a client of the server at `url`."""
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False)


async def all_notes(client: httpx.AsyncClient) -> dict[str, Shown]:
    """Return every note by its id."""
    return {note["id"]: note async for note in _pages(client)}


async def drained(client: httpx.AsyncClient) -> None:
    """Wait until none waits, and none is made."""

    async def is_empty() -> bool:
        return not (await _any(client, "queued") or await _any(client, "running"))

    await until(is_empty, LOOK_S)


def made_a_second(notes: Mapping[str, Shown]) -> float:
    """Return how many were stored in a second, from the begin of the first to the last end."""
    stored = [note for note in notes.values() if note["state"] == "stored"]
    begun = min(datetime.fromisoformat(note["begun_at"]) for note in stored)
    ended = max(datetime.fromisoformat(note["ended_at"]) for note in stored)
    return len(stored) / (ended - begun).total_seconds()


async def _pages(client: httpx.AsyncClient) -> AsyncIterator[Shown]:
    asked: dict[str, str | int] = {"limit": _PAGE_NOTES}
    while True:
        answer = (await client.get(_PATH, params=asked)).raise_for_status().json()
        for note in answer["notes"]:
            yield note
        if answer["next_cursor"] is None:
            return
        asked["cursor"] = answer["next_cursor"]


async def _any(client: httpx.AsyncClient, state: str) -> bool:
    """Tell whether a note is in `state`, or nobody can tell."""
    try:
        answer = await client.get(_PATH, params={"limit": 1, "state": state})
    except httpx.TransportError:
        return True
    return not answer.is_success or bool(answer.json()["notes"])
