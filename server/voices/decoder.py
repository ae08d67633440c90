"""A recording's bytes to samples, in a process of its own: this file, run by its path.

Whoever may clone a voice may send any bytes, and decoders are large programs in C. So they get a
process that holds nothing else, opens no file, and ends at its limits of memory and time. It
imports nothing of ours, and so starts in a quarter of a second.
"""

import io
import resource
import struct
import sys
import wave
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

#: A shorter recording says too little of a voice; of a longer one every sentence would be spoken
#: with all of it in mind.
DURATION_S = (1.0, 60.0)
#: What the codecs in these containers add or drop at an end: the longest packet of Opus.
_PACKET_S = {"mp3": 0.12, "ogg": 0.12, "wav": 0.0, "flac": 0.0}
#: From telephones to studios.
RATE_HZ = (8_000, 192_000)
MAX_CHANNELS = 2
#: Below it, -60 dB, a recording is silence with some noise.
MIN_PEAK = 1e-3

#: The exit status with a reason on standard output. Any other than it and 0 is that of a crash.
REFUSED = 3
#: A minute of stereo at the highest rate takes a third of it, libraries included.
_MAX_MEMORY_BYTES = 768 << 20
#: Twenty times what that minute takes.
_MAX_CPU_S = 10

#: FFmpeg's names of the containers, and what may be in each. By itself it would guess, and take
#: films, playlists and scripts.
_CODECS = {
    "wav": {"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"},
    "flac": {"flac"},
    "mp3": {"mp3", "mp3float"},
    "ogg": {"vorbis", "opus", "libopus", "flac"},
}
#: MPEG audio, layer III: eleven bits that are set, and the layer four bits further.
_MP3_MASK, _MP3_MARK = 0xFFE6, 0xFFE2

_CUT_OFF = "audio is cut off"
#: FFmpeg leaves out a frame that is not as it was written.
_INCOMPLETE = "audio is cut off, or damaged"
#: Behind `RIFF`, its size and `WAVE`: chunks, each with a name and a size.
_WAV_CHUNKS_AT, _WAV_CHUNK = 12, struct.Struct("<4sI")
#: What those who write a stream say of its size: the largest number there is, signed or not, or one
#: a little below it.
_WAV_UNKNOWN_BYTES = 0x7FFF_0000

Samples: TypeAlias = NDArray[np.float32]


class Refused(Exception):
    """The recording cannot be used; the message says why."""


def decode(data: bytes, sample_rate_hz: int) -> Samples:
    """Return a recording as mono samples (n,) within [-1, 1] at `sample_rate_hz`.

    Raises:
        Refused: it is no recording, or one that may not be a reference.
    """
    # Tens of megabytes, and the server itself imports this file for its limits.
    import av

    name = _container(data)
    try:
        with av.open(io.BytesIO(data), mode="r", format=name) as container:
            stream = _stream(container, name)
            rate_hz = stream.codec_context.sample_rate
            claimed_s = _claimed_s(stream, name)
            samples = _mono(_frames(container, stream, name), stream)
    except (av.FFmpegError, ValueError) as error:
        raise Refused(f"audio is no {name}, or a damaged one") from error
    _check_duration(len(samples) / rate_hz, _PACKET_S[name])
    if name == "flac" and len(samples) < round(claimed_s * rate_hz):
        raise Refused(_INCOMPLETE)
    _check_finite(samples)
    if np.abs(samples).max() < MIN_PEAK:
        raise Refused("audio is silent")
    return _resampled(samples, rate_hz, sample_rate_hz)


def _container(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        _check_whole_wav(data)
        return "wav"
    if data[:4] == b"fLaC":
        return "flac"
    if data[:4] == b"OggS":
        return "ogg"
    if data[:3] == b"ID3" or int.from_bytes(data[:2], "big") & _MP3_MASK == _MP3_MARK:
        return "mp3"
    raise Refused("audio is neither wav nor flac, mp3 or ogg")


def _stream(container: "InputContainer", name: str) -> "AudioStream":
    """Return the only audio stream, once all that its header says is allowed."""
    if len(container.streams.audio) != 1:
        raise Refused("audio must have one stream")
    stream = container.streams.audio[0]
    codec = stream.codec_context
    if codec.name not in _CODECS[name]:
        raise Refused(f"audio is {codec.name} in {name}, which is not taken")
    if not RATE_HZ[0] <= codec.sample_rate <= RATE_HZ[1]:
        raise Refused(f"audio must have {RATE_HZ[0]} to {RATE_HZ[1]} Hz")
    if not 1 <= codec.channels <= MAX_CHANNELS:
        raise Refused(f"audio must have 1 to {MAX_CHANNELS} channels")
    # FFmpeg would start one for every core.
    codec.thread_count = 1
    return stream


def _check_whole_wav(data: bytes) -> None:
    """Find one that ends before its samples do: FFmpeg takes what there is."""
    at = _WAV_CHUNKS_AT
    while at + _WAV_CHUNK.size <= len(data):
        name, size = _WAV_CHUNK.unpack_from(data, at)
        at += _WAV_CHUNK.size
        if name == b"data":
            if at + size > len(data) and size < _WAV_UNKNOWN_BYTES:
                raise Refused(_CUT_OFF)
            return
        at += size + size % 2


def _claimed_s(stream: "AudioStream", name: str) -> float:
    """Return how long the header says it is, if that is allowed; 0 if it does not say.

    Of mp3 that is a guess, by the first frame's bit rate.
    """
    if name == "mp3" or stream.duration is None or stream.time_base is None:
        return 0.0
    claimed_s = float(stream.duration * stream.time_base)
    _check_duration(claimed_s, _PACKET_S[name])
    return claimed_s


def _frames(
    container: "InputContainer", stream: "AudioStream", name: str
) -> "Iterator[AudioFrame]":
    """Decode until nothing but what is no audio follows: mp3 files end in padding and tags."""
    import av

    has_begun, failure = False, None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError as error:
            if name != "mp3" or not has_begun:
                raise
            failure = error
            continue
        if frames and failure is not None:
            raise failure
        has_begun = has_begun or bool(frames)
        yield from frames


def _mono(frames: "Iterator[AudioFrame]", stream: "AudioStream") -> Samples:
    """Return the mean of the channels, reading no further than is allowed."""
    import av

    codec = stream.codec_context
    converter = av.AudioResampler(format="fltp", layout=codec.layout, rate=codec.sample_rate)
    max_samples = int((DURATION_S[1] + max(_PACKET_S.values())) * codec.sample_rate)
    pieces: list[Samples] = []
    num_samples = 0
    for frame in frames:
        for converted in converter.resample(frame):
            pieces.append(converted.to_ndarray().mean(axis=0, dtype=np.float32))
            num_samples += converted.samples
        # A header need not say how long it is, and need not be true.
        if num_samples > max_samples:
            break
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _check_duration(duration_s: float, leeway_s: float) -> None:
    shortest_s, longest_s = DURATION_S
    if not shortest_s - leeway_s <= duration_s <= longest_s + leeway_s:
        # Nobody knows how much more: it is not read.
        actual = "more" if duration_s > longest_s else f"{duration_s:.2f}"
        raise Refused(f"audio must last {shortest_s:g} to {longest_s:g} s, not {actual}")


def _check_finite(samples: Samples) -> None:
    if not np.isfinite(samples).all():
        raise Refused("audio has samples that are not finite")


def _resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    import soxr

    resampled: Samples = samples if from_hz == to_hz else soxr.resample(samples, from_hz, to_hz)
    # What lies between the largest of samples may be larger than any float.
    _check_finite(resampled)
    return np.clip(resampled, -1.0, 1.0, out=resampled)


def _load_libraries(sample_rate_hz: int) -> None:
    """Decode a recording of our own: libraries load some of their parts no sooner."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, RATE_HZ[0], 0, "NONE", ""))
        sound.writeframes(b"\0\x40" * RATE_HZ[0])
    decode(file.getvalue(), sample_rate_hz)


def _confine() -> None:
    """Give up what decoding does not need."""
    for kind, limit in (
        (resource.RLIMIT_AS, _MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, _MAX_CPU_S),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        # The dump of a crash would be of somebody's voice.
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def main() -> int:
    """Turn standard input into float32 samples on standard output, or into a reason why not."""
    sample_rate_hz = int(sys.argv[1])
    _load_libraries(sample_rate_hz)
    _confine()
    try:
        samples = decode(sys.stdin.buffer.read(), sample_rate_hz)
    except Refused as refusal:
        sys.stdout.write(str(refusal))
        return REFUSED
    sys.stdout.buffer.write(samples.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
