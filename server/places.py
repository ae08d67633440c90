"""The places of one class of work: who holds them, and when the next of them should be free."""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from engine.request import ServiceClass

#: English is heard at about so many.
CHARS_PER_S = 15.0
#: A file is made some times as fast: what is believed until some text was spoken.
_FIRST_S_PER_CHAR = {ServiceClass.CALL: 1 / CHARS_PER_S, ServiceClass.NOTE: 0.1 / CHARS_PER_S}
#: The same of a whole utterance: some sentences.
_FIRST_DURATION_S = 10.0
#: How much one utterance moves what is believed of all.
_WEIGHT = 0.1
#: Sooner than this, coming again costs more than it brings.
MIN_RETRY_S = 0.5
#: Later than this, nobody knows.
MAX_RETRY_S = 300.0
#: Expectations are as good after so long, and a storm of refusals shares them.
_REFRESH_S = 0.25
#: Callers told when to come; beyond so many, all are told the latest time.
_MAX_PROMISES = 10_000


@dataclass(slots=True, eq=False)
class Place:
    """A place that is held: by whom does not matter, for how long depends on this."""

    service_class: ServiceClass
    since_s: float
    #: Rows it takes of each step: more than one where its audio is used up faster than it lasts.
    num_rows: float
    num_chars: int = 0
    #: Whether all its text has come.
    is_complete: bool = False


class Places:
    """Learns how long work lasts from work that has ended, and expects the same of work in hand."""

    def __init__(self, service_class: ServiceClass, clock: Callable[[], float]) -> None:
        self._service_class = service_class
        self._clock = clock
        self._held: set[Place] = set()
        #: Rows that the holders take of each step.
        self.num_rows = 0.0
        self._s_per_char = _FIRST_S_PER_CHAR[service_class]
        self._duration_s = _FIRST_DURATION_S
        #: When those in hand should end, as it was expected at `_expected_s`.
        self._ends_s: list[float] = []
        self._expected_s = -math.inf
        #: When those who were refused were told to come, in order.
        self._promises: deque[float] = deque()

    def __len__(self) -> int:
        """Count the places that are held."""
        return len(self._held)

    def take(self, num_rows: float) -> Place:
        """Hold one more."""
        place = Place(self._service_class, self._clock(), num_rows)
        self._held.add(place)
        self.num_rows += num_rows
        return place

    def leave(self, place: Place) -> None:
        """Give a place back of which nothing can be learnt."""
        self._held.remove(place)
        # Nothing is left of roundings where nobody is left.
        self.num_rows = self.num_rows - place.num_rows if self._held else 0.0

    def free(self, place: Place, *, is_spoken: bool) -> None:
        """Give a place back; `is_spoken` says that all its text was spoken, and it was not cut."""
        self.leave(place)
        duration_s = self._clock() - place.since_s
        self._duration_s += _WEIGHT * (duration_s - self._duration_s)
        if is_spoken and place.num_chars:
            self._s_per_char += _WEIGHT * (duration_s / place.num_chars - self._s_per_char)

    def promise(self) -> float:
        """Return in how many seconds the place after those already promised should be free."""
        now_s = self._clock()
        while self._promises and self._promises[0] <= now_s:
            self._promises.popleft()
        if now_s - self._expected_s > _REFRESH_S:
            self._expected_s = now_s
            self._ends_s = sorted(max(self._end_s(place), now_s) for place in self._held)
        rounds, index = divmod(len(self._promises), max(len(self._ends_s), 1))
        end_s = self._ends_s[index] if self._ends_s else now_s
        wait_s = end_s - now_s + rounds * self._duration_s
        retry_s = min(max(wait_s, MIN_RETRY_S), MAX_RETRY_S)
        self._promise(now_s + retry_s)
        return retry_s

    def _promise(self, when_s: float) -> None:
        if len(self._promises) == _MAX_PROMISES:
            self._promises.popleft()
        self._promises.insert(bisect_right(self._promises, when_s), when_s)

    def _end_s(self, place: Place) -> float:
        """Expect the end of one: its text is spoken by then, and of live text more will come."""
        spoken_s = place.num_chars * self._s_per_char
        lasts_s = spoken_s if place.is_complete else max(spoken_s, self._duration_s)
        return place.since_s + lasts_s
