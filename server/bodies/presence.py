"""Work for a client that may leave before it is done."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from server.drain import Drain, WorkInHand
from server.errors import RequestError

_T = TypeVar("_T")


async def while_connected(receive: Receive, work: Callable[[], Awaitable[_T]], drain: Drain) -> _T:
    """Return what `work` returns, or give it up as soon as the client leaves.

    The whole body must have been read. A server that ends waits for the work.

    Raises:
        ClientDisconnect: the client has left.
        RequestError: what `work` raises, or `draining` where the server could not wait for it.
    """
    refusal: RequestError | None = None
    async with anyio.create_task_group() as tasks:

        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(listen)
        try:
            with drain.working(WorkInHand(tasks.cancel_scope)):
                return await work()
        except RequestError as error:
            # Raised here, it would come out as one of a group.
            refusal = error
        finally:
            tasks.cancel_scope.cancel()
    if refusal is not None:
        raise refusal
    drain.check()
    raise ClientDisconnect
