"""Whose fault an error is decides what becomes of the job."""

from typing import Any, cast

import pytest

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.job import JobError
from server.jobs.queue import Claim
from server.jobs.verdict import NO_VOICES, NOT_KEPT, RETRY_S, STORE_RETRY_S, no_store, tell
from server.voices.store import VoicesUnreachable

pytestmark = pytest.mark.anyio

#: A retry of the very same request fails alike.
HOPELESS = {
    ErrorCode.BAD_MESSAGE,
    ErrorCode.BAD_VALUE,
    ErrorCode.BAD_STATE,
    ErrorCode.UNKNOWN_STREAM,
    ErrorCode.UNKNOWN_VOICE,
    ErrorCode.UNSUPPORTED,
    ErrorCode.TEXT_TOO_LONG,
    ErrorCode.TIME_LIMIT,
    ErrorCode.UNAUTHORIZED,
}
#: Nobody's fault, and over before long.
LACKING = {
    ErrorCode.TOO_MANY_STREAMS,
    ErrorCode.OVERLOADED,
    ErrorCode.STALLED,
    ErrorCode.IDLE,
    ErrorCode.QUOTA,
}


class Said:
    """A claim that keeps what is said of it."""

    def __init__(self) -> None:
        self.words: list[tuple[Any, ...]] = []

    async def failed(self, error: JobError, *, may_retry: bool) -> None:
        self.words.append(("failed", error, may_retry))

    async def crashed(self) -> None:
        self.words.append(("crashed",))

    async def postponed(self, error: JobError, delay_s: float) -> None:
        self.words.append(("postponed", error, delay_s))


@pytest.mark.parametrize("retry_after_s", [None, 7.5])
@pytest.mark.parametrize("code", ErrorCode)
async def test_every_code_has_one_verdict(code: ErrorCode, retry_after_s: float | None) -> None:
    said = Said()
    told = JobError(code=code.value, message="why")
    await tell(cast("Claim", said), RequestError(code, "why", retry_after_s=retry_after_s))
    expected: list[tuple[Any, ...]] = []
    if code in HOPELESS:
        expected = [("failed", told, False)]
    elif code in LACKING:
        expected = [("postponed", told, retry_after_s or RETRY_S)]
    elif code is ErrorCode.INTERNAL:
        expected = [("failed", told, True)]
    elif code is ErrorCode.ENGINE_FAILED:
        expected = [("crashed",)]
    else:
        # Not a word gives it back.
        assert code is ErrorCode.DRAINING
    assert said.words == expected


async def test_what_cannot_be_kept_is_nobodys_fault() -> None:
    said = Said()
    await no_store(cast("Claim", said), NOT_KEPT, lambda *_: 1.0)
    assert said.words == [("postponed", NOT_KEPT, STORE_RETRY_S)]


async def test_a_voice_that_cannot_be_reached_is_nobodys_fault_and_is_waited_for() -> None:
    said = Said()
    await tell(cast("Claim", said), VoicesUnreachable())
    ((what, told, delay_s),) = said.words
    assert (what, told) == ("postponed", NO_VOICES)
    assert delay_s >= STORE_RETRY_S / 2


async def test_notes_that_could_not_be_kept_together_are_not_tried_together_again() -> None:
    said = Said()
    for _ in range(100):
        await no_store(cast("Claim", said), NOT_KEPT)
    delays = [delay_s for _, _, delay_s in said.words]
    assert len(set(delays)) == 100
    assert STORE_RETRY_S / 2 <= min(delays) < max(delays) <= 1.5 * STORE_RETRY_S
    # All the room between those bounds is used.
    assert max(delays) - min(delays) > STORE_RETRY_S / 2
