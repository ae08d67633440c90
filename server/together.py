"""Several pieces of work at once, of which one failure ends all."""

from collections.abc import Awaitable, Callable

import anyio


async def together(*works: Callable[[], Awaitable[None]]) -> None:
    """Do all of `works`; the first to fail ends the others, and its error is raised as it is."""
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:

        async def run(work: Callable[[], Awaitable[None]]) -> None:
            nonlocal failure
            try:
                await work()
            except Exception as error:  # noqa: BLE001 whatever it was, it is raised below
                failure = failure or error
                tasks.cancel_scope.cancel()

        for work in works:
            tasks.start_soon(run, work)
    if failure is not None:
        raise failure
