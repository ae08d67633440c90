"""What an error means for a job: whose fault it is, and whether trying again can help."""

import random
from collections.abc import Callable

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.job import JobError
from server.jobs.queue import Claim
from server.voices.store import VoicesUnreachable

#: What the disk or the store lacks has to be seen to by somebody: until then, little is tried.
STORE_RETRY_S = 15.0
#: Those that fill a disk together fail together. Were they tried together again, they would for
#: ever, though there is room for each: the delay of each is between these parts of it.
STORE_RETRY_SPREAD = (0.5, 1.5)
#: What another has is free soon, or what cannot be reached is back.
RETRY_S = 5.0

NOT_KEPT = JobError(code="store", message="its audio cannot be kept at the moment")
NO_VOICES = JobError(code="store", message="the stored voices cannot be reached at the moment")


async def tell(claim: Claim, error: RequestError) -> None:
    """Say of a take that failed with `error` what becomes of its job.

    Raises:
        Superseded: nothing, since it is not the job's any more.
    """
    if isinstance(error, VoicesUnreachable):
        await no_store(claim, NO_VOICES)
        return
    told = JobError(code=error.code.value, message=error.message)
    match error.code:
        case ErrorCode.DRAINING:
            return
        case ErrorCode.ENGINE_FAILED:
            # The process dies with it, and the job may have been the cause.
            await claim.crashed()
        case ErrorCode.INTERNAL:
            await claim.failed(told, may_retry=True)
        case _ if error.code.retryable:
            await claim.postponed(told, error.retry_after_s or RETRY_S)
        case _:
            await claim.failed(told, may_retry=False)


async def no_store(
    claim: Claim, told: JobError, draw: Callable[[float, float], float] = random.uniform
) -> None:
    """Say of a take that what it needs of a store cannot be had: the job waits until it can.

    How long is `draw`n from between two bounds.

    Raises:
        Superseded: see `tell`.
    """
    await claim.postponed(told, STORE_RETRY_S * draw(*STORE_RETRY_SPREAD))
