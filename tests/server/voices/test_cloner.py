"""Voices are made one at a time, each once, and nobody waits for ever."""

import threading
from collections.abc import Callable
from contextlib import suppress

import anyio
import numpy as np
import pytest
from anyio import to_thread
from numpy.typing import NDArray

from engine.cloning import EncodedReference
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices import cloner as module
from server.voices.cache import ReferenceCache
from server.voices.cloner import MAX_WAITING, Cloner, Decode
from server.voices.library import MAX_CACHED_BYTES
from server.voices.store import digest_of
from tests.helpers.cloning import UNUSABLE_TEXT, FakeEncoder, decode_at_once

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # threads decode and encode


def new_cloner(decode: Decode = decode_at_once) -> Cloner:
    return Cloner(ReferenceCache(MAX_CACHED_BYTES), decode)


def recorded(text: str) -> Reference:
    return Reference(b"a recording", text)


async def made(cloner: Cloner, encoder: FakeEncoder, text: str) -> EncodedReference:
    return await cloner.clone(digest_of(recorded(text)), recorded(text), encoder)


async def test_a_voice_is_made_once_however_many_ask_for_it() -> None:
    cloner, encoder = new_cloner(), FakeEncoder()
    async with anyio.create_task_group() as tasks:
        for text in ("one", "two", "one", "two", "one"):
            tasks.start_soon(made, cloner, encoder, text)
    assert sorted(encoder.encoded) == ["one", "two"]
    assert (await made(cloner, encoder, "one")).text == "one"
    assert len(encoder.encoded) == 2


class SociableEncoder(FakeEncoder):
    """Tells whether another encoded at the same time; alone, it soon goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._meeting = threading.Barrier(2, timeout=0.1)

    @property
    def was_alone(self) -> bool:
        return self._meeting.broken

    def encode(
        self, samples: NDArray[np.float32], text: str, checkpoint: Callable[[], None]
    ) -> EncodedReference:
        with suppress(threading.BrokenBarrierError):
            self._meeting.wait()
        return super().encode(samples, text, checkpoint)


async def test_one_voice_is_made_at_a_time() -> None:
    cloner, encoder = new_cloner(), SociableEncoder()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made, cloner, encoder, "one")
        tasks.start_soon(made, cloner, encoder, "two")
    assert encoder.was_alone
    assert sorted(encoder.encoded) == ["one", "two"]


async def test_more_than_may_wait_are_told_when_to_come_again() -> None:
    held = threading.Event()
    cloner, encoder = new_cloner(), FakeEncoder(held)
    async with anyio.create_task_group() as tasks:
        for number in range(1 + MAX_WAITING):
            tasks.start_soon(made, cloner, encoder, str(number))
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(RequestError) as refused:
            await made(cloner, encoder, "one too many")
        assert refused.value.code is ErrorCode.OVERLOADED
        assert refused.value.retry_after_s is not None
        held.set()
    assert len(encoder.encoded) == 1 + MAX_WAITING


async def test_a_recording_that_is_refused_waits_for_no_voice() -> None:
    def decode(audio: bytes, sample_rate_hz: int) -> NDArray[np.float32]:
        if audio == b"no recording":
            raise RequestError(ErrorCode.BAD_VALUE, "no recording")
        return decode_at_once(audio, sample_rate_hz)

    held = threading.Event()
    cloner, encoder = new_cloner(decode), FakeEncoder(held)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made, cloner, encoder, "one")
        await to_thread.run_sync(encoder.has_begun.wait, 20)
        with pytest.raises(RequestError, match="no recording"), anyio.fail_after(5):
            await cloner.clone("digest", Reference(b"no recording", "Hello."), encoder)
        held.set()


async def test_who_leaves_gives_up_the_work_and_the_turn() -> None:
    cloner, encoder = new_cloner(), FakeEncoder(threading.Event())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made, cloner, encoder, "one")
        await to_thread.run_sync(encoder.has_begun.wait, 20)
        tasks.cancel_scope.cancel()
    assert encoder.was_given_up.is_set()
    with anyio.fail_after(20):
        assert (await made(cloner, FakeEncoder(), "one")).text == "one"


async def test_a_voice_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLONE_LIMIT_S", 0.1)
    cloner, encoder = new_cloner(), FakeEncoder(threading.Event())
    with pytest.raises(RequestError) as refused:
        await made(cloner, encoder, "one")
    assert refused.value.code is ErrorCode.OVERLOADED
    assert encoder.was_given_up.is_set()


async def test_what_the_model_cannot_use_is_unsupported_and_not_remembered() -> None:
    cloner, encoder = new_cloner(), FakeEncoder()
    for _ in range(2):
        with pytest.raises(RequestError) as refused:
            await made(cloner, encoder, UNUSABLE_TEXT)
        assert refused.value.code is ErrorCode.UNSUPPORTED
    assert len(encoder.encoded) == 2


def encoded(num_frames: int) -> EncodedReference:
    return EncodedReference("", np.zeros((1, num_frames), np.int64))


def test_the_cache_holds_what_was_used_last_and_no_more_bytes_than_it_may() -> None:
    cache = ReferenceCache(max_bytes=3 * 80)
    for name in "abc":
        cache.put(name, encoded(10))
    assert cache.get("a") is not None
    cache.put("d", encoded(10))
    assert [name for name in "abcd" if cache.get(name) is not None] == ["a", "c", "d"]
    cache.put("d", encoded(20))
    assert cache.num_bytes == 3 * 80
    cache.put("e", encoded(31))
    assert cache.num_bytes == 0
