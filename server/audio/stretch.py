"""Another tempo at the same pitch, by FFmpeg's `atempo`."""

from fractions import Fraction
from math import ceil, log2
from typing import Any

import numpy as np

from server.audio.pyav import load_pyav
from server.audio.samples import Samples, fitted

#: `atempo` looks for its overlaps in windows of 1/24 s, rounded up to a power of two.
_WINDOWS_PER_S = 24

#: Windows of input that one `atempo` keeps back at most when it is fed half windows (1.5 measured).
_HELD_WINDOWS = 2

#: One `atempo` slows down to a half at most, and past two it leaves samples out.
_STEEPEST = 2


class Stretcher:
    """Stretch one segment after another.

    `atempo` is fed blocks of one size, whatever the chunks: how much it keeps back, and what it
    makes of its own end, depends on the frames it was given.
    """

    def __init__(self, *, rate_hz: int, factor: Fraction) -> None:
        """Speak `factor` times as fast: 2 halves the number of samples.

        Raises:
            CodecsMissing: PyAV is not installed.
        """
        self._av = load_pyav()
        self._rate_hz = rate_hz
        self._factor = factor
        num_stages = max(1, ceil(abs(log2(factor)) / log2(_STEEPEST)))
        self._tempos = [float(factor) ** (1 / num_stages)] * num_stages
        window = 1 << (rate_hz // _WINDOWS_PER_S - 1).bit_length()
        self._block = window // 2
        speed_before = [self._tempos[0] ** stage for stage in range(num_stages)]
        #: Input samples kept back at most, before the segment ends.
        self.held_input = ceil(_HELD_WINDOWS * window * sum(speed_before))
        self._graph: Any = None
        self._waiting: Samples = np.zeros(0, np.float32)
        self._num_fed = 0
        self._num_pushed = 0
        self._num_out = 0

    def feed(self, samples: Samples, *, segment_end: bool) -> Samples:
        """Return what is ready, shape (samples,) float32.

        At `segment_end` that is all: ceil(samples of the segment / factor) in sum.
        """
        self._num_fed += samples.size
        waiting = np.concatenate((self._waiting, samples))
        num_whole = waiting.size - waiting.size % self._block
        ready = [
            self._push(waiting[at : at + self._block]) for at in range(0, num_whole, self._block)
        ]
        self._waiting = waiting[num_whole:]
        if segment_end:
            ready.append(self._drain())
            self._reset()
        return np.concatenate([self._waiting[:0], *ready])

    def _reset(self) -> None:
        self._graph = None
        self._waiting = np.zeros(0, np.float32)
        self._num_fed = 0
        self._num_pushed = 0
        self._num_out = 0

    def _drain(self) -> Samples:
        """Push silence until the tail is out: at its own end `atempo` would swallow some of it."""
        missing = max(0, ceil(self._num_fed / self._factor) - self._num_out)
        tail = np.zeros(0, np.float32)
        while tail.size < missing:
            tail = np.concatenate((tail, self._push(fitted(self._waiting, self._block))))
            self._waiting = self._waiting[:0]
        return tail[:missing]

    def _push(self, block: Samples) -> Samples:
        if self._graph is None:
            self._graph = self._new_graph()
        frame = self._av.AudioFrame.from_ndarray(block[None], format="flt", layout="mono")
        frame.sample_rate = self._rate_hz
        frame.pts = self._num_pushed
        self._num_pushed += block.size
        self._graph.push(frame)
        return self._pull()

    def _pull(self) -> Samples:
        parts: list[Samples] = [np.zeros(0, np.float32)]
        while True:
            try:
                parts.append(self._graph.pull().to_ndarray()[0])
            except self._av.BlockingIOError:
                break
        ready = np.concatenate(parts)
        self._num_out += ready.size
        return ready

    def _new_graph(self) -> Any:  # noqa: ANN401 - a type of the optional PyAV
        graph = self._av.filter.Graph()
        # FFmpeg would start a thread for every core, for each stream.
        graph.threads = 1
        source = graph.add_abuffer(sample_rate=self._rate_hz, format="flt", layout="mono")
        tempos = [graph.add("atempo", repr(tempo)) for tempo in self._tempos]
        graph.link_nodes(source, *tempos, graph.add("abuffersink")).configure()
        return graph
