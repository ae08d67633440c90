"""PyAV, which is optional."""

from types import ModuleType

from server.audio.errors import CodecsMissing


def load_pyav() -> ModuleType:
    """Return the module `av`.

    Raises:
        CodecsMissing: it is not installed.
    """
    try:
        # An extra, and tens of megabytes of FFmpeg: only who asks for it pays.
        import av
        import av.filter
    except ImportError as error:
        raise CodecsMissing from error
    return av
