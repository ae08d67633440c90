"""From a thread to the event loop, without waiting for it: AnyIO's own way waits."""

import asyncio
from collections.abc import Callable
from typing import Any

from anyio.lowlevel import current_token


def poster() -> Callable[[Callable[[], object]], Any]:
    """Return what any thread may call to let the event loop, which runs now, call something soon.

    What is posted is called in order. Once the loop is closed, posting raises.
    """
    loop: Any = current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        return loop.call_soon_threadsafe
    return loop.run_sync_soon  # type: ignore[no-any-return] # Trio's token
