"""Whether one more sequence can be taken: a plain bound for each class."""

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from server.errors import RequestError

#: The bound frees up as soon as any utterance ends, and a clause lasts about this long.
RETRY_AFTER_S = 1.0


class Admission:
    """Counts the reserved places. A reservation is held from `open` to the end of the sequence."""

    def __init__(self, max_calls: int, max_notes: int) -> None:
        self._limits = {ServiceClass.CALL: max_calls, ServiceClass.NOTE: max_notes}
        self._reserved = dict.fromkeys(ServiceClass, 0)

    def reserve(self, service_class: ServiceClass) -> None:
        """Reserve a place.

        Raises:
            RequestError: `overloaded`, with `retry_after_s`.
        """
        if self._reserved[service_class] >= self._limits[service_class]:
            limit = self._limits[service_class]
            raise RequestError(
                ErrorCode.OVERLOADED,
                f"all {limit} {service_class.value}s are taken",
                retry_after_s=RETRY_AFTER_S,
            )
        self._reserved[service_class] += 1

    def release(self, service_class: ServiceClass) -> None:
        """Give a place back."""
        self._reserved[service_class] -= 1

    def reserved(self, service_class: ServiceClass) -> int:
        """Count the places in use."""
        return self._reserved[service_class]
