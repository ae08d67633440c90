"""What the way from PCM to bytes can refuse."""


class CodecsMissing(Exception):
    """PyAV is not installed: no time-stretching, no mp3, opus, aac or flac."""

    def __init__(self) -> None:
        super().__init__(
            "stretching and the formats mp3, opus, aac and flac need PyAV: "
            'pip install "voxline[codecs]"'
        )


class UnsupportedRate(ValueError):
    """The format cannot carry that sample rate. The message lists those it can."""
