"""Speech into a file, or into standard output, as it is made."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO

from engine.steps import Pcm
from server.audio.encoders import Encoder, make_encoder
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.formats import AudioFormat
from server.audio.wav import BYTES_PER_SAMPLE, WAV_HEADER_BYTES, wav_header
from server.commands.errors import CommandError


class FileOutput:
    """One file in the making."""

    def __init__(self, file: BinaryIO, encoder: Encoder) -> None:
        self._file = file
        self._encoder = encoder

    def write(self, pcm: Pcm) -> None:
        """Take mono int16 samples, shape (samples,); what is encoded leaves at once."""
        self._file.write(self._encoder.encode(pcm))
        self._file.flush()

    def finish(self) -> None:
        """Write the rest."""
        self._file.write(self._encoder.finish())


@contextmanager
def open_file(
    file: str | int, audio_format: AudioFormat, sample_rate_hz: int
) -> Iterator[FileOutput]:
    """Open a path or a descriptor. However the block ends, the file holds what came, and is valid.

    Raises:
        CommandError: the format cannot be made here; the file is as it was.
        OSError: the file cannot be written.
    """
    with (
        closing(_encoder(audio_format, sample_rate_hz)) as encoder,
        # Its own buffer, also for standard output: the interpreter's would be flushed once more
        # at the end, and say so where nobody reads any more.
        open(file, "wb", closefd=isinstance(file, str)) as opened,
    ):
        output = FileOutput(opened, encoder)
        try:
            yield output
        finally:
            output.finish()
            if audio_format is AudioFormat.WAV and opened.seekable():
                _write_length(opened, sample_rate_hz)


def _write_length(file: BinaryIO, sample_rate_hz: int) -> None:
    """Let the header say what the file holds: players that trust it should hear all of it.

    It is asked of the file, since Ctrl-C may have come between writing and counting.
    """
    num_bytes = file.seek(0, os.SEEK_END) - WAV_HEADER_BYTES
    file.seek(0)
    file.write(wav_header(num_bytes // BYTES_PER_SAMPLE, sample_rate_hz))


def _encoder(audio_format: AudioFormat, sample_rate_hz: int) -> Encoder:
    try:
        return make_encoder(audio_format, sample_rate_hz)
    except (CodecsMissing, UnsupportedRate) as error:
        raise CommandError(str(error)) from error
