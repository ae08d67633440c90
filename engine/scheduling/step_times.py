"""How long a step takes, by its number of rows: measured at warm-up, corrected while running."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: How much one step moves an average: a change of pace is believed after some hundred steps, a
#: hiccup never.
_WEIGHT = 0.02
#: How much it moves those of other numbers of rows back to what was measured. What was believed of
#: large steps on a bad day keeps large steps from being made, which alone could disprove it.
_FORGETTING = 0.0005
#: What a row beyond the largest step known costs at least, of what a row of that did. Small steps
#: that took long by chance would make larger ones look free, and whoever is taken by that stays.
_LEAST_SHARE = 0.5


@dataclass(slots=True)
class _Average:
    """What an average step planned, made and took."""

    planned: float
    made: float
    frames: float
    seconds: float

    @property
    def longest_s(self) -> float:
        """The time of all its rows, as if those left out took as long as those made."""
        return self.seconds * self.planned / self.made

    @property
    def shortest_s(self) -> float:
        """The same for one frame a row, as if each frame took its share."""
        return self.longest_s / max(self.frames / self.made, 1.0)

    def move(self, other: "_Average", weight: float) -> None:
        """Come nearer to `other`."""
        self.planned += weight * (other.planned - self.planned)
        self.made += weight * (other.made - self.made)
        self.frames += weight * (other.frames - self.frames)
        self.seconds += weight * (other.seconds - self.seconds)


class StepTimeModel:
    """Predicts the seconds of a step that makes one frame in each of its rows.

    Steps are kept by their number of rows, rounded up to a power of two; between these lie straight
    lines, and beyond them another one. A step that makes several frames a row takes at least as
    long as one that makes one, and at most as many times longer as it makes frames: so the average
    step that is observed bounds the prediction from both sides. It is the average of the steps, not
    of their paces: a runner may make in one step what it hands out in many. One thread observes,
    any may ask.
    """

    def __init__(self) -> None:
        self._measured: dict[int, float] = {}
        self._shares: dict[int, float] = {}
        self._averages: dict[int, _Average] = {}

    def measure(self, num_rows: int, seconds: float, further_share: float = 1.0) -> None:
        """Set what a step of `num_rows` rows takes, and the part of it that a further frame takes.

        The part is 1 where every frame is made by itself, and next to nothing where a step takes as
        long for a chunk as for a frame.
        """
        bucket = bucket_of(num_rows)
        self._shares[bucket] = further_share
        self._averages[bucket] = _even(num_rows, seconds)
        self._measured[bucket] = seconds

    def observe(self, num_planned: int, num_made: int, num_frames: int, seconds: float) -> None:
        """Learn from a step: `num_made` of `num_planned` rows made `num_frames` frames in sum."""
        if not num_frames:
            return
        observed = bucket_of(num_planned)
        step = _Average(num_planned, num_made, num_frames, seconds)
        if observed not in self._measured:
            # In this order: whoever asks meanwhile looks up the average of all that is measured.
            self._averages[observed] = step
            self._measured[observed] = step.longest_s
        for bucket, average in self._averages.items():
            if bucket == observed:
                average.move(step, _WEIGHT)
            else:
                average.move(_even(bucket, self._measured[bucket]), _FORGETTING)

    def predict(self, num_rows: int) -> float:
        """Return the seconds of a step of `num_rows` rows; 0 while nothing is known."""
        return self._between(num_rows, self._of)

    def measured(self, num_rows: int) -> float:
        """Return the same as it was measured, whatever was observed since."""
        return self._between(num_rows, self._measured.__getitem__)

    def further_share(self, num_rows: int) -> float:
        """Return what part of a step each further frame of its rows takes; 1 if it is unknown.

        As it was measured: a step tells what it took, and not what a shorter one would have taken.
        """
        return self._shares.get(bucket_of(num_rows), 1.0)

    def most_rows(self, seconds: float, limit: int) -> int:
        """Return the most rows, `limit` at most, of a step that takes no longer than `seconds`."""
        return bisect_right(range(1, limit + 1), seconds, key=self.predict)

    def _between(self, num_rows: int, of: Callable[[int], float]) -> float:
        buckets = sorted(self._measured)
        if not buckets:
            return 0.0
        index = bisect_left(buckets, num_rows)
        if index == len(buckets):
            return _beyond([(bucket, of(bucket)) for bucket in buckets], num_rows)
        upper = buckets[index]
        if index == 0:
            return of(upper)
        lower = buckets[index - 1]
        share = (num_rows - lower) / (upper - lower)
        return of(lower) * (1 - share) + of(upper) * share

    def _of(self, bucket: int) -> float:
        average = self._averages[bucket]
        return min(max(self._measured[bucket], average.shortest_s), average.longest_s)


def bucket_of(num_rows: int) -> int:
    """Return the power of two that is not less than `num_rows`."""
    return 1 << max(num_rows - 1, 0).bit_length()


def _beyond(known: Sequence[tuple[int, float]], num_rows: int) -> float:
    """Return the seconds of more rows than are known, from those that are, in ascending order.

    Part of a step is for all rows together, so a further one costs less than a row of the largest
    did; but no less than any of the rows cost on average by which the largest had more, and than
    `_LEAST_SHARE` of it.
    """
    *smaller, (most, seconds) = known
    row_s = seconds / most
    slopes = [(seconds - s) / (most - n) for n, s in smaller] or [row_s]
    return seconds + min(max(*slopes, _LEAST_SHARE * row_s), row_s) * (num_rows - most)


def _even(num_rows: int, seconds: float) -> _Average:
    """Return a step that makes a frame in each of its rows."""
    return _Average(num_rows, num_rows, num_rows, seconds)
