"""What a disk may refuse, done in a worker thread, and said as every store says it."""

import errno
import logging
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

from anyio import to_thread

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.voices.store import VoicesUnreachable

#: A disk, or what somebody may have of it, is full.
_FULL = {errno.ENOSPC, errno.EDQUOT}

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

_log = logging.getLogger(__name__)


async def on_disk(work: Callable[[Unpack[_Args]], _T], *args: *_Args) -> _T:
    """Return what `work` returns.

    Raises:
        RequestError: `quota` where no room is left, `VoicesUnreachable` for all else that it may
            refuse, or what `work` raises.
    """
    try:
        return await to_thread.run_sync(work, *args)
    except OSError as error:
        _log.warning("the stored voices cannot be reached: %s", error)
        if error.errno in _FULL:
            raise RequestError(ErrorCode.QUOTA, "no room is left to keep voices in") from error
        raise VoicesUnreachable from error
