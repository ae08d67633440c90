"""A route that is only read, for as long as it lasts: a file or events, while they are made."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from server.bodies.presence import while_connected
from server.drain import Drain
from server.errors import RequestError
from server.jobs.http.problems import TOLD, problem_with
from server.notes.file_response import FileResponse
from server.problems import problem_of

_log = logging.getLogger(__name__)


class ReadRoute:
    """The ASGI application of a route. Whoever leaves, and a server that ends, end its answer."""

    def __init__(self, drain: Drain, answer: Callable[[Request, Send], Awaitable[None]]) -> None:
        """Answer by `answer`; what it raises before it has sent anything is said as a problem."""
        self._drain = drain
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def answer() -> None:
            try:
                await self._answer(Request(scope), send)
            except RequestError as error:
                await problem_of(error)(scope, receive, send)
            except TOLD as error:
                await problem_with(error)(scope, receive, send)

        # A body that was cut has no end, which tells the reader.
        with suppress(ClientDisconnect, RequestError):
            await while_connected(receive, answer, self._drain)


async def send_body(response: FileResponse, body: AsyncGenerator[bytes, None]) -> None:
    """Send a body; one that fails once it has begun is left without its end.

    Raises:
        RequestError, or one of the errors of jobs: it failed before anything was sent.
    """
    try:
        async with aclosing(body) as chunks:
            await response.send(chunks)
    except (RequestError, *TOLD) as error:
        if not response.has_begun:
            raise
        _log.warning("an answer was cut short: %s", type(error).__name__)
