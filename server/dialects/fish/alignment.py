"""Which words are heard when: what the routes `with-timestamp` say beside the audio.

Each segment of ours is a chunk there. Its alignment is told again and again while it grows; the
last one that is told for a chunk counts. Times are seconds from the chunk's first sample; silence
that fills a message up is no part of a chunk, and comes before the next one.
"""

from typing import Any

from engine.outputs import MarkUnit
from server.stream_events import AudioPiece, MarkReached, StreamEvent


class Alignment:
    """Follows one stream: its text, its marks, its samples."""

    def __init__(self, sample_rate_hz: int, first_chunk: int = 0, offset_s: float = 0.0) -> None:
        """Number the chunks from `first_chunk` on; the stream begins at `offset_s`."""
        self._rate_hz = sample_rate_hz
        self._offset_s = offset_s
        self._text = ""
        #: The number of the chunk that is spoken, and where it begins, in samples.
        self._chunk = first_chunk - 1
        self._begin = 0
        self._content = ""
        #: Each word of the chunk, and the sample with which it begins.
        self._words: list[tuple[str, int]] = []
        self._sent = 0
        #: Silence that was sent between the samples: all of it, and what came before the chunk.
        self._filled = 0
        self._filled_before = 0

    def following(self, sample_rate_hz: int) -> "Alignment":
        """Return the alignment of the stream that is spoken after this one."""
        end_s = self._offset_s + (self._sent + self._filled) / self._rate_hz
        return Alignment(sample_rate_hz, self._chunk + 1, end_s)

    def append(self, text: str) -> None:
        """Take text that the stream was given."""
        self._text += text

    def hear(self, event: StreamEvent) -> None:
        """Take note of what the stream says."""
        match event:
            case AudioPiece(_, pcm):
                self._sent += len(pcm)
            case MarkReached():
                self._mark(event)

    def fill(self, num_samples: int) -> None:
        """Take note that so many samples of silence follow what was sent."""
        self._filled += num_samples

    def snapshot(self) -> dict[str, Any]:
        """Return what is known of the chunk that is spoken."""
        words = self._words or [(self._content, self._begin)]
        ends = [at for _, at in words[1:]] + [self._sent]
        segments = [
            {"text": text, "start": self._seconds(at), "end": self._seconds(max(at, end))}
            for (text, at), end in zip(words, ends, strict=True)
        ]
        return {
            "content": self._content,
            "alignment": {"segments": segments, "audio_duration": self._seconds(self._sent)},
            "chunk_seq": max(self._chunk, 0),
            "chunk_audio_offset_sec": round(self._chunk_offset_s, 3),
        }

    @property
    def _chunk_offset_s(self) -> float:
        return self._offset_s + (self._begin + self._filled_before) / self._rate_hz

    def _mark(self, mark: MarkReached) -> None:
        text = self._text[mark.start : mark.end]
        if mark.unit is MarkUnit.SEGMENT:
            self._chunk += 1
            self._begin, self._content, self._words = mark.at, text.strip(), []
            self._filled_before = self._filled
        else:
            self._words.append((text, mark.at))

    def _seconds(self, at: int) -> float:
        return round((at - self._begin) / self._rate_hz, 3)
