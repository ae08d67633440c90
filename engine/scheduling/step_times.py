"""How long a step takes, by its number of rows: measured at warm-up, corrected while running."""

from bisect import bisect_left, bisect_right

#: How much one step moves an average: a change of pace is believed after some hundred steps, a
#: hiccup never.
_WEIGHT = 0.02


class StepTimeModel:
    """Predicts the seconds of a step that makes one frame in each of its rows.

    Steps are kept by their number of rows, rounded up to a power of two; between these lie straight
    lines. A step that makes several frames a row takes at least as long as one that makes one, and
    at most as many times longer as it makes frames: so each step that is observed bounds the
    prediction from both sides. One thread observes, any may ask.
    """

    def __init__(self) -> None:
        self._measured: dict[int, float] = {}
        self._shortest: dict[int, float] = {}
        self._longest: dict[int, float] = {}

    def measure(self, num_rows: int, seconds: float) -> None:
        """Set what a step of `num_rows` rows takes."""
        bucket = bucket_of(num_rows)
        self._measured[bucket] = self._shortest[bucket] = self._longest[bucket] = seconds

    def observe(self, num_planned: int, num_made: int, num_frames: int, seconds: float) -> None:
        """Learn from a step: `num_made` of `num_planned` rows made `num_frames` frames in sum."""
        if not num_frames:
            return
        bucket = bucket_of(num_planned)
        whole_s = seconds * num_planned / num_made
        frames_a_row = max(num_frames / num_made, 1.0)
        self._measured.setdefault(bucket, whole_s)
        _move(self._longest, bucket, whole_s)
        _move(self._shortest, bucket, whole_s / frames_a_row)

    def predict(self, num_rows: int) -> float:
        """Return the seconds of a step of `num_rows` rows; 0 while nothing is known."""
        buckets = sorted(self._measured)
        if not buckets:
            return 0.0
        index = bisect_left(buckets, num_rows)
        if index == len(buckets):
            # Beyond the largest, as if each further row cost what a row of the largest does.
            return self._of(buckets[-1]) * num_rows / buckets[-1]
        upper = buckets[index]
        if index == 0:
            return self._of(upper)
        lower = buckets[index - 1]
        share = (num_rows - lower) / (upper - lower)
        return self._of(lower) * (1 - share) + self._of(upper) * share

    def most_rows(self, seconds: float, limit: int) -> int:
        """Return the most rows, `limit` at most, of a step that takes no longer than `seconds`."""
        return bisect_right(range(1, limit + 1), seconds, key=self.predict)

    def _of(self, bucket: int) -> float:
        return min(max(self._measured[bucket], self._shortest[bucket]), self._longest[bucket])


def bucket_of(num_rows: int) -> int:
    """Return the power of two that is not less than `num_rows`."""
    return 1 << max(num_rows - 1, 0).bit_length()


def _move(averages: dict[int, float], bucket: int, value: float) -> None:
    before = averages.setdefault(bucket, value)
    averages[bucket] = before + _WEIGHT * (value - before)
