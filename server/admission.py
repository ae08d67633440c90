"""Whether one more sequence can be taken, and when to ask again if not."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.request import ServiceClass, SynthesisRequest
from protocol.codes import ErrorCode
from server.errors import RequestError
from server.places import Place, Places


class Admission:
    """Counts the reserved places. A reservation is held from `open` to the end of the sequence.

    Calls are taken while each of `keeps`, asked with the number of calls there would be, says that
    all of them can be kept in real time; notes have no deadline, and only a bound. A call whose
    audio is stretched to another speed counts as more or less than one.
    """

    def __init__(
        self,
        max_calls: int,
        max_notes: int,
        *keeps: Callable[[int], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = {ServiceClass.CALL: max_calls, ServiceClass.NOTE: max_notes}
        self._places = {each: Places(each, clock) for each in ServiceClass}
        self._keeps = keeps

    def reserve(self, request: SynthesisRequest) -> Place:
        """Reserve a place.

        Raises:
            RequestError: `overloaded`, with `retry_after_s`.
        """
        places = self._places[request.service_class]
        refusal = self._refusal(request)
        if refusal is not None:
            raise RequestError(ErrorCode.OVERLOADED, refusal, retry_after_s=places.promise())
        return places.take(request.pace)

    @contextmanager
    def holding(self, request: SynthesisRequest) -> Iterator[None]:
        """Keep a place free for a request that lacks something, to be reserved afterwards.

        Raises:
            RequestError: `overloaded`, with `retry_after_s`.
        """
        place = self.reserve(request)
        try:
            yield
        finally:
            self._places[place.service_class].leave(place)

    def retry_after_s(self, service_class: ServiceClass) -> float:
        """Return in how many seconds one who was taken and lost its place should come again."""
        return self._places[service_class].promise()

    def release(self, place: Place, *, is_spoken: bool) -> None:
        """Give a place back. `is_spoken` says that all its text was spoken."""
        self._places[place.service_class].free(place, is_spoken=is_spoken)

    def has_place(self, service_class: ServiceClass) -> bool:
        """Tell whether the bound on a class leaves room, without a promise to who asks."""
        return self.reserved(service_class) < self._limits[service_class]

    def reserved(self, service_class: ServiceClass) -> int:
        """Count the places in use."""
        return len(self._places[service_class])

    def _refusal(self, request: SynthesisRequest) -> str | None:
        service_class = request.service_class
        places = self._places[service_class]
        if len(places) >= self._limits[service_class]:
            return f"all {len(places)} {service_class.value}s are taken"
        if service_class is ServiceClass.CALL:
            wanted = math.ceil(places.num_rows + request.pace)
            if not all(keeps(wanted) for keeps in self._keeps):
                return f"{len(places) + 1} calls could not all be kept in real time"
        return None
