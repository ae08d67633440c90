"""Whether one more sequence can be taken, and when to ask again if not."""

from collections.abc import Callable

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from server.errors import RequestError
from server.retry_times import RetryTimes


class Admission:
    """Counts the reserved places. A reservation is held from `open` to the end of the sequence.

    Calls are taken while each of `keeps`, asked with the number of calls there would be, says that
    all of them can be kept in real time; notes have no deadline, and only a bound.
    """

    def __init__(self, max_calls: int, max_notes: int, *keeps: Callable[[int], bool]) -> None:
        self._limits = {ServiceClass.CALL: max_calls, ServiceClass.NOTE: max_notes}
        self._reserved = dict.fromkeys(ServiceClass, 0)
        self._retry_times = {service_class: RetryTimes() for service_class in ServiceClass}
        self._keeps = keeps

    def reserve(self, service_class: ServiceClass) -> None:
        """Reserve a place.

        Raises:
            RequestError: `overloaded`, with `retry_after_s`.
        """
        refusal = self._refusal(service_class, self._reserved[service_class] + 1)
        if refusal is not None:
            raise RequestError(
                ErrorCode.OVERLOADED,
                refusal,
                retry_after_s=self._retry_times[service_class].promise(),
            )
        self._reserved[service_class] += 1

    def release(self, service_class: ServiceClass) -> None:
        """Give a place back."""
        self._reserved[service_class] -= 1
        self._retry_times[service_class].place_freed()

    def reserved(self, service_class: ServiceClass) -> int:
        """Count the places in use."""
        return self._reserved[service_class]

    def _refusal(self, service_class: ServiceClass, wanted: int) -> str | None:
        if wanted > self._limits[service_class]:
            return f"all {wanted - 1} {service_class.value}s are taken"
        if service_class is ServiceClass.CALL and not all(keeps(wanted) for keeps in self._keeps):
            return f"{wanted} calls could not all be kept in real time"
        return None
