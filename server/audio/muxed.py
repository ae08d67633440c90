"""Compressed formats, by FFmpeg through PyAV, into a sink that cannot seek."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.steps import Pcm
from server.audio.pyav import load_pyav


@dataclass(frozen=True, slots=True)
class Recipe:
    """How FFmpeg makes one format: names and options in its own words."""

    container: str
    codec: str
    container_options: Mapping[str, str] = field(default_factory=dict)
    codec_options: Mapping[str, str] = field(default_factory=dict)


MP3 = Recipe(
    container="mp3",
    codec="libmp3lame",
    # The Xing header is written last, at the start; the ID3 tag would say nothing.
    container_options={"write_xing": "0", "id3v2_version": "0"},
    # 64 kbit/s is the most that MPEG 2.5 carries, and clear for one voice. Without a reservoir no
    # frame waits for a later one, and a listener may come in at any of them. LAME's level 5 takes
    # half the time of its default.
    codec_options={"b": "64000", "reservoir": "0", "compression_level": "5"},
)

OPUS = Recipe(
    container="ogg",
    codec="libopus",
    # Microseconds of audio in a page. One leaves when the next begins to fill, so the first speech
    # is 80 ms late; the pages' headers are 7 % of the bytes.
    container_options={"page_duration": "40000"},
    # One voice is clear at 32 kbit/s, when the codec is told that it is speech.
    codec_options={"b": "32000", "application": "voip"},
)

AAC = Recipe(
    container="adts",
    codec="aac",
    # As clear as the mp3, at as many bits. The fast search takes half the time of the default one,
    # and at this rate comes nearer to the speech.
    codec_options={"b": "64000", "aac_coder": "fast"},
)

FLAC = Recipe(container="flac", codec="flac")


class _Sink:
    """What the muxer has written and nobody has taken yet."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


class MuxedEncoder:
    """One compressed file, written as it is made."""

    def __init__(self, recipe: Recipe, sample_rate_hz: int, bit_rate: int | None = None) -> None:
        """Make a file of `recipe` at a rate that its codec can carry.

        `bit_rate`, in bits per second, takes the place of the recipe's.

        Raises:
            CodecsMissing: PyAV is not installed.
        """
        self._av = load_pyav()
        self._sample_rate_hz = sample_rate_hz
        self._num_encoded = 0
        self._sink = _Sink()
        # Else the container would wait until its buffer is full.
        options = {"flush_packets": "1", **recipe.container_options}
        codec_options = dict(recipe.codec_options)
        if bit_rate is not None:
            codec_options["b"] = str(bit_rate)
        self._container: Any = self._av.open(
            self._sink, mode="w", format=recipe.container, container_options=options
        )
        self._stream: Any = self._container.add_stream(
            recipe.codec, rate=sample_rate_hz, layout="mono", options=codec_options
        )
        # FFmpeg would start a thread for every core, for each file.
        self._stream.codec_context.thread_count = 1

    def encode(self, pcm: Pcm) -> bytes:
        """Return the bytes that are ready, perhaps none."""
        if pcm.size == 0:
            return b""
        frame = self._av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = self._sample_rate_hz
        frame.pts = self._num_encoded
        self._num_encoded += pcm.size
        self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def finish(self) -> bytes:
        """Return the rest of the file. Nothing may be encoded afterwards."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()

    def close(self) -> None:
        """Give back FFmpeg's memory now: Python's collector does not know how large it is."""
        if self._container is not None:
            self._container.close()
            self._container = self._stream = None
