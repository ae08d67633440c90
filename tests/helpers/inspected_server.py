"""`python -m tests.helpers.inspected_server serve …`: prints what the process is set to.

One JSON object, in the moment in which it begins to serve.
"""

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable

import hypercorn.asyncio
from hypercorn.config import Config
from hypercorn.typing import Framework

from server.__main__ import main

_serve = hypercorn.asyncio.serve


async def _inspect_and_serve(
    app: Framework, config: Config, *, shutdown_trigger: Callable[..., Awaitable[None]]
) -> None:
    settings = {
        "loop": type(asyncio.get_running_loop()).__module__,
        "switch_interval_s": sys.getswitchinterval(),
        "gc_frozen": gc.get_freeze_count(),
        "gc_thresholds": gc.get_threshold(),
    }
    sys.stdout.write(json.dumps(settings) + "\n")
    sys.stdout.flush()
    await _serve(app, config, shutdown_trigger=shutdown_trigger)


if __name__ == "__main__":
    hypercorn.asyncio.serve = _inspect_and_serve  # type: ignore[assignment] # before it is looked up
    sys.exit(main())
