"""Whether a format can be made as it is asked for: every way out asks before there is any audio."""

from protocol.codes import ErrorCode
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.formats import AudioFormat, check_rate
from server.audio.pyav import load_pyav
from server.errors import RequestError


def check_format(audio_format: AudioFormat, sample_rate_hz: int) -> None:
    """Pass if the format can be made here at that rate.

    Raises:
        RequestError: `bad_value`, a rate that the format cannot carry; or `unsupported`, where it
            needs a library that is not installed.
    """
    try:
        check_rate(audio_format, sample_rate_hz)
        if not audio_format.is_copied:
            load_pyav()
    except UnsupportedRate as error:
        raise RequestError(ErrorCode.BAD_VALUE, str(error)) from error
    except CodecsMissing as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
