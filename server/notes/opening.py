"""From a request to a note that is being made: all that can refuse it comes first."""

from functools import partial

from anyio import to_thread

from server.audio.file_encoder import FileEncoder
from server.notes.gathered_stream import GatheredStream
from server.notes.passages import Passage, passages_of
from server.notes.request import NoteRequest
from server.notes.speech import HEAD_START_S, speech_of
from server.notes.spoken import SpokenScript, SpokenText
from server.notes.streaming import NoteStream
from server.pulled_stream import PulledStream
from server.service import Service

#: SSML whose passages are found in some milliseconds, whatever it says; those of the longest take
#: a tenth of a second at worst.
_CHEAP_CHARS = 1_000


async def open_note(
    service: Service,
    request: NoteRequest,
    request_id: str,
    *,
    is_awaited: bool = True,
) -> NoteStream:
    """Open a note. One that is awaited begins as urgently as a call, and comes piece by piece.

    Raises:
        RequestError: it cannot be served, or not now.
    """
    head_start_s = HEAD_START_S if is_awaited else 0.0
    speech = speech_of(request, service.engine.info, service.limits, head_start_s)
    streams = PulledStream if is_awaited else GatheredStream
    open_stream = partial(streams, request_id=request_id)
    passages = await _passages(service, request)
    speech = await service.with_voice(speech)
    spoken = (
        SpokenScript(service, passages, speech, open_stream)
        if passages
        else SpokenText(service, request, speech, open_stream)
    )
    return NoteStream(spoken, FileEncoder(request.format, speech.sample_rate_hz, request.bit_rate))


async def _passages(service: Service, request: NoteRequest) -> tuple[Passage, ...]:
    find = partial(passages_of, request, service.engine.info, service.limits)
    is_cheap = not request.parts or len(request.text) <= _CHEAP_CHARS
    return find() if is_cheap else await to_thread.run_sync(find)
