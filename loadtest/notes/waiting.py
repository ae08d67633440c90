"""Waiting for what happens in another process: it is looked at again and again."""

from collections.abc import Awaitable, Callable

import anyio


async def until(is_so: Callable[[], Awaitable[bool]], look_s: float) -> None:
    """Wait until `is_so`, looking every `look_s` seconds."""
    while not await is_so():  # noqa: ASYNC110 nobody tells us
        await anyio.sleep(look_s)
