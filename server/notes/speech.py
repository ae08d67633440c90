"""How a note is spoken, checked against what the model and the format can do."""

from dataclasses import replace

from engine.request import ServiceClass
from engine.runner import ModelInfo
from protocol.codes import ErrorCode
from protocol.messages import Limits
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.formats import AudioFormat, check_rate, natural_rate
from server.audio.pyav import load_pyav
from server.errors import RequestError
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
    _check_format(request.format, speech.sample_rate_hz)
    return speech


def _check_format(audio_format: AudioFormat, rate_hz: int) -> None:
    try:
        check_rate(audio_format, rate_hz)
        if not audio_format.is_copied:
            load_pyav()
    except UnsupportedRate as error:
        raise RequestError(ErrorCode.BAD_VALUE, str(error)) from error
    except CodecsMissing as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
