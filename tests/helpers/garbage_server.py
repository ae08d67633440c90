"""`python -m tests.helpers.garbage_server serve …`: on SIGUSR1 prints what only a collector frees.

That is how many objects have become unreachable in cycles since it was last asked.
"""

import gc
import signal
import sys
from collections.abc import Callable

import anyio

from server.__main__ import main
from server.commands import serve


async def _never(_: Callable[[], bool]) -> None:
    await anyio.sleep_forever()


def _tell(_: int, __: object) -> None:
    sys.stdout.write(f"{gc.collect()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve.collect_when_idle = _never  # type: ignore[attr-defined, assignment]
    signal.signal(signal.SIGUSR1, _tell)
    sys.exit(main())
