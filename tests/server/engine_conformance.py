"""What every engine behind an `EngineClient` must do. `test_engine_client.py` runs it on each."""

import threading
from collections.abc import Callable
from typing import Any

import anyio
import numpy as np
import pytest

from engine.outputs import Blocked, Chunk, Failed, Finished, Flushed, Output
from engine.request import ServiceClass, SynthesisRequest
from engine.runner import Runner
from engine.runners.tone import SAMPLES_PER_CHAR
from engine.steps import FinishReason, Pcm
from protocol.codes import ErrorCode
from server.engine_client import EngineClient, Utterance
from server.errors import RequestError
from tests.helpers.broken import BrokenRunner
from tests.helpers.virtual_engine import PLENTY, instant_tone
from tests.helpers.virtual_engine_thread import Engine, running

CALL = SynthesisRequest(voice="tone")
NOTE = SynthesisRequest(voice="tone", service_class=ServiceClass.NOTE)
#: Nothing here takes as long; a fault shows as a timeout, not as a hang.
TIMEOUT_S = 10.0


#: Builds an engine with room for two calls and two notes.
MakeEngine = Callable[[Runner], Engine]


class Listener:
    """A sink that waits."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.threads: set[int] = set()
        self._changed = anyio.Event()

    def __call__(self, output: Output) -> None:
        self.outputs.append(output)
        self.threads.add(threading.get_ident())
        self._changed.set()

    async def until(self, kind: type[Output]) -> None:
        with anyio.fail_after(TIMEOUT_S):
            while not any(isinstance(output, kind) for output in self.outputs):
                await self._changed.wait()
                self._changed = anyio.Event()

    @property
    def pcm(self) -> Pcm:
        chunks = [output for output in self.outputs if isinstance(output, Chunk)]
        at = 0
        for chunk in chunks:
            assert chunk.at == at
            at += len(chunk.pcm)
        return np.concatenate([np.zeros(0, np.int16), *(chunk.pcm for chunk in chunks)])


def speak(client: EngineClient, text: str, **changes: Any) -> tuple[Utterance, Listener]:  # noqa: ANN401 any field
    listener = Listener()
    utterance = client.open(
        changes.get("request", CALL), changes.get("credit", PLENTY), sink=listener
    )
    utterance.append(text)
    utterance.end()
    return utterance, listener


class EngineConformance:
    """The suite: a subclass gives the fixture `make_engine`."""

    @pytest.fixture
    def engine(self, make_engine: MakeEngine) -> Engine:
        return make_engine(instant_tone())

    async def test_all_audio_comes_in_order_and_the_end_once_and_last(self, engine: Engine) -> None:
        client = engine.client
        async with running(engine):
            _, listener = speak(client, "Hello there.")
            await listener.until(Finished)
        samples = len("Hello there.") * SAMPLES_PER_CHAR
        assert len(listener.pcm) == samples
        ends = [output for output in listener.outputs if isinstance(output, Finished | Failed)]
        assert ends == [Finished(1, samples, FinishReason.END)]
        assert listener.outputs[-1] is ends[0]

    async def test_sinks_hear_on_the_event_loop(self, engine: Engine) -> None:
        client = engine.client
        async with running(engine):
            _, listener = speak(client, "Hello.")
            await listener.until(Finished)
        assert listener.threads == {threading.get_ident()}

    async def test_sequences_together_hear_what_each_hears_alone(
        self, make_engine: MakeEngine
    ) -> None:
        async def heard(*, together: bool) -> list[Pcm]:
            listeners = []
            engine = make_engine(instant_tone())
            client = engine.client
            async with running(engine):
                for text in ("One is short.", "The other one takes a little longer to say."):
                    listeners.append(speak(client, text)[1])
                    if not together:
                        await listeners[-1].until(Finished)
                for listener in listeners:
                    await listener.until(Finished)
            return [listener.pcm for listener in listeners]

        pairs = zip(await heard(together=True), await heard(together=False), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)

    async def test_credit_is_a_wall_and_a_grant_opens_it(self, engine: Engine) -> None:
        client = engine.client
        async with running(engine):
            frame = client.info.frame_samples
            utterance, listener = speak(client, "x" * 40, credit=3_000)
            await listener.until(Blocked)
            assert 3_000 <= len(listener.pcm) < 3_000 + frame
            utterance.grant(40 * SAMPLES_PER_CHAR)
            await listener.until(Finished)
        assert len(listener.pcm) == 40 * SAMPLES_PER_CHAR
        assert sum(isinstance(output, Blocked) for output in listener.outputs) == 1

    async def test_flushes_come_in_order_behind_their_audio(self, engine: Engine) -> None:
        listener = Listener()
        client = engine.client
        async with running(engine):
            utterance = client.open(CALL, PLENTY, listener)
            utterance.flush(1)
            utterance.append("one")
            utterance.flush(2)
            utterance.append("two")
            utterance.flush(3)
            utterance.end()
            await listener.until(Finished)
        flushed = [(o.token, o.at) for o in listener.outputs if isinstance(o, Flushed)]
        assert flushed == [(1, 0), (2, 3 * SAMPLES_PER_CHAR), (3, 6 * SAMPLES_PER_CHAR)]

    async def test_after_a_cancel_nothing_is_heard_and_others_go_on(self, engine: Engine) -> None:
        client = engine.client
        async with running(engine):
            cancelled, listener = speak(client, "word " * 200)
            await listener.until(Chunk)
            cancelled.cancel()
            num_heard = len(listener.outputs)
            cancelled.append("more")
            cancelled.grant(PLENTY)
            cancelled.cancel()
            _, other = speak(client, "Still here.")
            await other.until(Finished)
        assert len(listener.outputs) == num_heard

    async def test_a_place_is_taken_at_open_and_free_at_every_end(self, engine: Engine) -> None:
        client = engine.client
        async with running(engine):
            cancelled, _ = speak(client, "word " * 200)
            _, listener = speak(client, "Short.")
            with pytest.raises(RequestError) as refused:
                speak(client, "No room.")
            assert refused.value.code is ErrorCode.OVERLOADED
            assert refused.value.retry_after_s is not None
            speak(client, "Notes have places of their own.", request=NOTE)[0].cancel()
            await listener.until(Finished)
            cancelled.cancel()
            assert client.admission.reserved(ServiceClass.CALL) == 0
            for text in ("One.", "Two."):
                _, listener = speak(client, text)
                await listener.until(Finished)

    async def test_an_engine_that_breaks_tells_all_and_raises(
        self, make_engine: MakeEngine
    ) -> None:
        engine = make_engine(BrokenRunner())
        listeners = [speak(engine.client, "Hello.")[1] for _ in range(2)]
        with pytest.raises(ExceptionGroup) as raised:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(engine.run)
        assert raised.group_contains(RuntimeError)
        for listener in listeners:
            assert [type(output) for output in listener.outputs] == [Failed]
        assert not engine.is_alive
        assert engine.client.admission.reserved(ServiceClass.CALL) == 0
        with pytest.raises(RequestError) as refused:
            speak(engine.client, "Hello?")
        assert refused.value.code is ErrorCode.ENGINE_FAILED
