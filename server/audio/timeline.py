"""Which output sample a model sample becomes, in exact arithmetic."""

from bisect import bisect_right
from fractions import Fraction


class Timeline:
    """The map from the samples of the model to those of the output, segment by segment.

    Each segment is rounded by itself, because each is resampled by itself. One pair of integers is
    kept for each segment of the stream.
    """

    def __init__(self, ratio: Fraction) -> None:
        """Map with `ratio` output samples for each sample of the model."""
        self._ratio = ratio
        self._model_starts = [0]
        self._output_starts = [0]

    @property
    def model_start(self) -> int:
        """First model sample of the current segment."""
        return self._model_starts[-1]

    @property
    def output_start(self) -> int:
        """First output sample of the current segment."""
        return self._output_starts[-1]

    def scaled(self, num_samples: int) -> int:
        """Return the output samples of a segment of `num_samples`, halves rounded up."""
        numerator, denominator = self._ratio.as_integer_ratio()
        return (2 * num_samples * numerator + denominator) // (2 * denominator)

    def unscaled(self, num_output: int) -> int:
        """Return the fewest model samples that last as long as `num_output` output samples."""
        numerator, denominator = self._ratio.as_integer_ratio()
        return -(-num_output * denominator // numerator)

    def position(self, model_at: int) -> int:
        """Return the output index of the model sample `model_at`, absolute and monotonic."""
        segment = bisect_right(self._model_starts, model_at) - 1
        return self._output_starts[segment] + self.scaled(model_at - self._model_starts[segment])

    def end_segment(self, model_at: int) -> None:
        """Let the next segment start at `model_at`."""
        if model_at == self.model_start:
            return
        output_at = self.position(model_at)
        self._model_starts.append(model_at)
        self._output_starts.append(output_at)
