"""Where the command line puts its audio, and how it shows that it is at work."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from engine.steps import Pcm
from protocol.codes import ErrorCode
from server.audio.encoders import make_encoder
from server.audio.formats import AudioFormat
from server.audio.wav import wav_header
from server.errors import RequestError


class Output(Protocol):
    """Takes PCM."""

    def write(self, pcm: Pcm) -> None:
        """Take mono int16 samples, shape (samples,)."""
        ...


@contextmanager
def open_output(target: str, sample_rate_hz: int) -> Iterator[Output]:
    """Open `-` (raw PCM to standard output) or a file whose ending names its format.

    Raises:
        RequestError: the ending names no format, or the format cannot carry the rate.
        OSError: the file cannot be written.
    """
    if target == "-":
        yield _Encoded(sys.stdout.buffer, AudioFormat.PCM, sample_rate_hz)
        return
    audio_format = _format_of(target)
    with Path(target).open("wb") as file:
        output = _Encoded(file, audio_format, sample_rate_hz)
        yield output
        output.finish()


class _Encoded:
    def __init__(self, file: BinaryIO, audio_format: AudioFormat, sample_rate_hz: int) -> None:
        self._file = file
        self._format = audio_format
        self._rate_hz = sample_rate_hz
        self._num_samples = 0
        self._encoder = make_encoder(audio_format, sample_rate_hz)

    def write(self, pcm: Pcm) -> None:
        self._num_samples += len(pcm)
        self._file.write(self._encoder.encode(pcm))
        self._file.flush()

    def finish(self) -> None:
        self._file.write(self._encoder.finish())
        if self._format is AudioFormat.WAV:
            # The length is known by now: players that trust the header should see it.
            self._file.seek(0)
            self._file.write(wav_header(self._num_samples, self._rate_hz))


def _format_of(target: str) -> AudioFormat:
    ending = Path(target).suffix.lstrip(".").lower()
    try:
        return AudioFormat("opus" if ending == "ogg" else ending)
    except ValueError:
        names = ", ".join(member.value for member in AudioFormat)
        raise RequestError(
            ErrorCode.BAD_VALUE, f"{target}: the file's ending must be one of {names}"
        ) from None


class Progress:
    """Seconds made and how fast, on a terminal only."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._num_samples = 0
        self._started_s = time.monotonic()
        self._shown = sys.stderr.isatty()

    def advance(self, num_samples: int) -> None:
        """Count samples and show them."""
        self._num_samples += num_samples
        if self._shown:
            print(f"\r{self._status()}", end="", file=sys.stderr, flush=True)

    def finish(self, path: Path | None) -> None:
        """Show the total."""
        if self._shown:
            where = "" if path is None else f" → {path}"
            print(f"\r{self._status()}{where}", file=sys.stderr)

    def _status(self) -> str:
        audio_s = self._num_samples / self._rate_hz
        elapsed_s = max(time.monotonic() - self._started_s, 1e-6)
        return f"{audio_s:6.2f} s of speech, {audio_s / elapsed_s:.0f}x real time"
