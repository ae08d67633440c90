"""A client counts the samples of the encoding that it asked for."""

import anyio
import pytest

from protocol import (
    Audio,
    Cancel,
    Cancelled,
    Credit,
    Done,
    End,
    Limits,
    LocalProtocolError,
    Open,
    Opened,
    Ready,
)
from protocol.client import connect
from protocol.encodings import BYTES_PER_SAMPLE, G711_RATE_HZ, EncodingName
from tests.protocol.client.peers import Peer, serving

pytestmark = pytest.mark.anyio

#: Of the model: not that of the telephone.
MODEL_RATE_HZ = 24_000
PIECE = 400
NUM_PIECES = 10


@pytest.fixture
def anyio_backend() -> str:
    # The server's library knows no other loop.
    return "asyncio"


async def speak(peer: Peer) -> None:
    """Send as many samples for every stream, whatever its encoding."""
    await peer.send(Ready("session", "tone", MODEL_RATE_HZ, Limits()))
    opening = Open(1)
    async for message in peer:
        if isinstance(message, Open):
            opening = message
            await peer.send(Opened(1, G711_RATE_HZ))
        elif isinstance(message, End):
            pcm = bytes(PIECE * BYTES_PER_SAMPLE[opening.encoding])
            for at in range(0, NUM_PIECES * PIECE, PIECE):
                await peer.send(Audio(1, at, pcm))
            await peer.send(Done(1, NUM_PIECES * PIECE, "end"))
        elif isinstance(message, Cancel):
            await peer.send(Cancelled(1, 0))


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_the_window_of_a_telephone_is_in_its_own_samples(encoding: EncodingName) -> None:
    async with serving(speak) as server, connect(server.url) as connection:
        async with connection.stream(encoding=encoding, window_s=1.5) as stream:
            await stream.wait_opened()
        opening = server.received(Open)[0]
        assert opening == Open(1, encoding=encoding, credit=round(1.5 * G711_RATE_HZ))


@pytest.mark.parametrize("encoding", BYTES_PER_SAMPLE)
async def test_what_was_taken_is_counted_in_samples(encoding: EncodingName) -> None:
    async with serving(speak) as server, connect(server.url) as connection:
        opening = connection.stream(encoding=encoding, sample_rate=8000, service_class="note")
        async with opening as stream:
            await stream.end()
            taken = [event async for event in stream if isinstance(event, Audio)]
            # What a note has taken counts as played.
            cancelled = await stream.cancel()
    assert sum(len(audio.pcm) for audio in taken) == (
        NUM_PIECES * PIECE * BYTES_PER_SAMPLE[encoding]
    )
    assert cancelled.samples == NUM_PIECES * PIECE
    assert stream._played() == NUM_PIECES * PIECE


async def test_a_grant_follows_the_samples_that_a_telephone_reports() -> None:
    granted = anyio.Event()

    async def speak_the_window(peer: Peer) -> None:
        await peer.send(Ready("session", "tone", MODEL_RATE_HZ, Limits()))
        async for message in peer:
            if isinstance(message, Open):
                await peer.send(Opened(1, G711_RATE_HZ))
                await peer.send(Audio(1, 0, bytes(PIECE)))
            elif isinstance(message, Credit):
                granted.set()
            elif isinstance(message, Cancel):
                await peer.send(Cancelled(1, PIECE))

    async with (
        serving(speak_the_window) as server,
        connect(server.url) as connection,
        connection.stream(encoding="mulaw", window_s=PIECE / G711_RATE_HZ) as stream,
    ):
        audio = await anext(stream)
        assert isinstance(audio, Audio)
        stream.report_played(len(audio.pcm))
        with anyio.fail_after(5):
            await granted.wait()
        assert server.received(Credit) == [Credit(1, 2 * PIECE, PIECE)]


@pytest.mark.parametrize(
    "options", [{"encoding": "g722"}, {"encoding": "mulaw", "sample_rate": 16_000}], ids=str
)
async def test_what_telephones_do_not_play_is_refused_before_it_is_sent(
    options: dict[str, object],
) -> None:
    async with serving(speak) as server, connect(server.url) as connection:
        with pytest.raises(LocalProtocolError):
            async with connection.stream(**options):  # type: ignore[arg-type]
                pass
    assert server.received(Open) == []
