"""From the PCM of the model to PCM at the rate, the tempo and the volume a client asked for."""

from fractions import Fraction

import numpy as np

from engine.steps import Pcm
from server.audio.resample import Resampler
from server.audio.samples import fitted, gain_of, to_pcm, to_samples
from server.audio.stretch import Stretcher
from server.audio.timeline import Timeline

#: Factors are read as fractions this fine: 0.8 means 4/5, not the double next to it.
_FINEST_FACTOR = 1_000_000


class AudioPath:
    """Stretch, resample and amplify one stream. Synchronous; one caller at a time.

    The output is a function of the segments alone, never of how they were cut into chunks. A
    segment of n samples becomes `round(n * sample_rate_hz / model_rate_hz / stretch)`, halves
    rounded up. Where nothing is to be done, the very array that went in comes out.
    """

    def __init__(
        self,
        *,
        model_rate_hz: int,
        sample_rate_hz: int,
        stretch: float = 1.0,
        volume_db: float = 0.0,
    ) -> None:
        """Take samples at `model_rate_hz`, give them at `sample_rate_hz`.

        `stretch` is a factor: 2 is twice as fast, at the same pitch. `volume_db` is a gain in
        decibels; what it drives too far is saturated.

        Raises:
            CodecsMissing: `stretch` is not 1 and PyAV is not installed.
        """
        factor = Fraction(stretch).limit_denominator(_FINEST_FACTOR)
        self._timeline = Timeline(Fraction(sample_rate_hz, model_rate_hz) / factor)
        self._gain = gain_of(volume_db)
        self._stretcher: Stretcher | None = None
        self._resampler: Resampler | None = None
        held_output, held_input = 0, 0
        if factor != 1:
            self._stretcher = Stretcher(rate_hz=model_rate_hz, factor=factor)
            held_input = self._stretcher.held_input
        if sample_rate_hz != model_rate_hz:
            self._resampler = Resampler(from_hz=model_rate_hz, to_hz=sample_rate_hz)
            held_output = self._resampler.held_output
        # One more for the rounding of `position`, which may round up.
        self._held_model = held_input + self._timeline.unscaled(held_output + 1)
        self._num_fed = 0
        #: Output samples so far.
        self.produced = 0

    @property
    def is_costly(self) -> bool:
        """Tell whether `feed` may take milliseconds: stretching does, resampling does not."""
        return self._stretcher is not None

    def feed(self, pcm: Pcm, *, segment_end: bool) -> Pcm:
        """Return the output that is ready, shape (samples,) int16, at the output's rate.

        `pcm` is the segment's next chunk at the model's rate, and may be empty. `segment_end`
        drains what is held back; the next chunk starts a new segment.
        """
        self._num_fed += pcm.size
        ready = self._converted(pcm, segment_end=segment_end)
        self.produced += ready.size
        if segment_end:
            self._timeline.end_segment(self._num_fed)
        return ready

    def position(self, model_at: int) -> int:
        """Return the output index of sample `model_at` of the model's whole stream.

        Monotonic; the first sample of a segment maps exactly to its first output sample.
        """
        return self._timeline.position(model_at)

    def demand(self, output_upto: int) -> int:
        """Return how many model samples, from the start, make `output_upto` output samples.

        Enough for certain, unless the segment ends before: the output that the resampler and the
        stretcher hold back is counted in.
        """
        if output_upto <= self.produced:
            return self._num_fed
        in_segment = self._timeline.unscaled(output_upto - self._timeline.output_start)
        held = self._held_model if self._stretcher or self._resampler else 0
        return self._timeline.model_start + in_segment + held

    def _converted(self, pcm: Pcm, *, segment_end: bool) -> Pcm:
        if self._stretcher is None and self._resampler is None:
            return pcm if self._gain == 1.0 else to_pcm(to_samples(pcm, self._gain))
        num_in_segment = self._num_fed - self._timeline.model_start
        if num_in_segment == 0:
            return np.zeros(0, np.int16)
        samples = to_samples(pcm, self._gain)
        if self._stretcher is not None:
            samples = self._stretcher.feed(samples, segment_end=segment_end)
        if self._resampler is not None:
            samples = self._resampler.feed(samples, segment_end=segment_end)
        if segment_end:
            num_sent = self.produced - self._timeline.output_start
            samples = fitted(samples, self._timeline.scaled(num_in_segment) - num_sent)
        return to_pcm(samples)
