"""Speech into a file, or into standard output, as it is made."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO

from engine.steps import Pcm
from server.audio.encoders import Encoder, make_encoder
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.formats import AudioFormat
from server.audio.wav import wav_header
from server.commands.errors import CommandError


class FileOutput:
    """One file in the making."""

    def __init__(self, file: BinaryIO, encoder: Encoder) -> None:
        self._file = file
        self._encoder = encoder
        self.num_samples = 0

    def write(self, pcm: Pcm) -> None:
        """Take mono int16 samples, shape (samples,); what is encoded leaves at once."""
        self._file.write(self._encoder.encode(pcm))
        self._file.flush()
        self.num_samples += len(pcm)

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
                # The length is known by now: players that trust the header should see it.
                opened.seek(0)
                opened.write(wav_header(output.num_samples, sample_rate_hz))


def _encoder(audio_format: AudioFormat, sample_rate_hz: int) -> Encoder:
    try:
        return make_encoder(audio_format, sample_rate_hz)
    except (CodecsMissing, UnsupportedRate) as error:
        raise CommandError(str(error)) from error
