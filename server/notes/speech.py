"""How a note is spoken, checked against what the model and the format can do."""

from dataclasses import replace

from engine.request import ServiceClass
from engine.runner import ModelInfo
from protocol.messages import Limits
from server.audio.formats import natural_rate
from server.format_check import check_format
from server.notes.request import NoteRequest
from server.parameters import Speech, check
from server.run_ahead import RUN_AHEAD_S

#: The part that is made with a call's urgency, since somebody may be listening while it arrives: as
#: much as can be on its way.
HEAD_START_S = RUN_AHEAD_S


def speech_of(
    request: NoteRequest, model: ModelInfo, limits: Limits, head_start_s: float = HEAD_START_S
) -> Speech:
    """Return how a note is spoken; its first `head_start_s` seconds are as urgent as a call.

    Raises:
        RequestError: the request cannot be served.
    """
    parameters = request.parameters
    if parameters.sample_rate is None:
        rate_hz = natural_rate(request.format, model.sample_rate_hz)
        parameters = replace(parameters, sample_rate=rate_hz)
    speech = check(parameters, model, limits, ServiceClass.NOTE, head_start_s=head_start_s)
    check_format(request.format, speech.sample_rate_hz)
    return speech
