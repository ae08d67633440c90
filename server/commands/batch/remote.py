"""Notes that a running server makes, over its HTTP API."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx

from server.commands.batch.maker import Answer, NoteGone, Refused, Sight
from server.commands.batch.orders import Request
from server.commands.batch.patience import Away, Patience
from server.commands.batch.progress import Progress
from server.commands.batch.scripts import Unusable
from server.commands.batch.shown import answers_of, sight_of
from server.commands.errors import CommandError
from server.commands.notes.answers import refusal, understood, unreachable
from server.jobs.http.batch import MEDIA_TYPE
from server.jobs.views import PATH

#: A server that does not say a word for so long is not there.
TIMEOUT_S = 30.0
#: Between two looks at a note: at first, and at most. Each pause is twice the one before.
FIRST_LOOK_S, MAX_LOOK_S = 0.1, 2.0

_NOT_FOUND, _NO_METHOD, _WRONG_STATE = 404, 405, 409
#: Of the server, or of a proxy before it: it is there again soon.
_AWAY = (429, 502, 503, 504)


@asynccontextmanager
async def making_there(
    url: str, max_connections: int, progress: Progress
) -> AsyncIterator["RemoteMaker"]:
    """Have notes made by the server at `url` while the block runs.

    Raises:
        CommandError: it cannot be reached, or keeps no notes.
    """
    limits = httpx.Limits(max_connections=max_connections)
    # Audio may be elsewhere: then the server says where.
    async with httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits, follow_redirects=True) as client:
        try:
            answer = await client.get(url + PATH, params={"limit": "1"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(unreachable(url, error)) from error
        if answer.status_code in (_NO_METHOD, _NOT_FOUND):
            raise CommandError(f"{url} keeps no notes")
        yield RemoteMaker(client, url, Patience(progress))


class RemoteMaker:
    """The `NoteMaker` that a server is."""

    def __init__(self, client: httpx.AsyncClient, url: str, patience: Patience) -> None:
        self._client = client
        self._url = url
        self._patience = patience

    async def submit(self, requests: Sequence[Request]) -> list[Answer]:
        """Ask for notes: see `NoteMaker`."""
        return await self._patience.ask(partial(self._submit, requests))

    async def follow(self, note_id: str) -> AsyncGenerator[Sight, None]:
        """Yield how far a note is: see `NoteMaker`."""
        pause_s = FIRST_LOOK_S
        while True:
            sight = await self._patience.ask(partial(self._look, note_id))
            yield sight
            if sight.state.is_end:
                return
            await anyio.sleep(pause_s)
            pause_s = min(2 * pause_s, MAX_LOOK_S)

    async def retry(self, note_id: str) -> None:
        """Send a note again: see `NoteMaker`."""

        async def retry() -> None:
            answer = await self._ask("POST", f"{PATH}/{note_id}/retry")
            # Somebody else may have sent it again.
            if answer.status_code != _WRONG_STATE:
                _check_found(answer)

        await self._patience.ask(retry)

    async def save(self, note_id: str, path: Path) -> None:
        """Write the audio of a note: see `NoteMaker`."""
        await self._patience.ask(partial(self._save, note_id, path))

    async def forget(self, note_id: str) -> None:
        """Leave a note to the server, which keeps it for whoever asks again."""

    async def _submit(self, requests: Sequence[Request]) -> list[Answer]:
        lines = [json.dumps({**each.fields, "key": each.order.key}) for each in requests]
        answer = await self._ask(
            "POST",
            f"{PATH}/batch",
            content="\n".join(lines).encode(),
            headers={"Content-Type": MEDIA_TYPE},
        )
        if answer.is_success:
            with understood(self._url):
                answers = answers_of(answer.content, len(requests))
            if len(answers) == len(requests):
                return answers
        elif len(requests) == 1:
            return [Refused(refusal(answer))]
        # One of them is the reason, and the others were refused for it, or not read.
        return [each for request in requests for each in await self._submit([request])]

    async def _look(self, note_id: str) -> Sight:
        answer = await self._ask("GET", f"{PATH}/{note_id}")
        _check_found(answer)
        with understood(self._url):
            return sight_of(answer.json())

    async def _save(self, note_id: str, path: Path) -> None:
        try:
            async with self._client.stream("GET", f"{self._url}{PATH}/{note_id}/audio") as answer:
                if not answer.is_success:
                    await answer.aread()
                    _check_there(answer)
                    _check_found(answer)
                async with await anyio.open_file(path, "wb") as file:
                    async for data in answer.aiter_bytes():
                        await file.write(data)
        except httpx.HTTPError as error:
            raise Away(unreachable(self._url, error)) from error

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 httpx's own
        try:
            answer = await self._client.request(method, self._url + path, **options)
        except httpx.HTTPError as error:
            raise Away(unreachable(self._url, error)) from error
        _check_there(answer)
        return answer


def _check_there(answer: httpx.Response) -> None:
    if answer.status_code in _AWAY:
        raise Away(refusal(answer), _retry_after_s(answer))


def _check_found(answer: httpx.Response) -> None:
    if answer.status_code == _NOT_FOUND:
        raise NoteGone
    if not answer.is_success:
        raise Unusable(refusal(answer))


def _retry_after_s(answer: httpx.Response) -> float:
    """Return what `Retry-After` says, unless it is a date: nobody here sends one."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
