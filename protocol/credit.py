"""The arithmetic of credit: absolute counts that only grow."""

from .errors import LocalProtocolError


class CreditWindow:
    """How many samples may be sent, and how many were: `0 <= sent <= granted`, always."""

    __slots__ = ("_granted", "_sent")

    def __init__(self, granted: int) -> None:
        """Begin with `granted` samples allowed and none sent."""
        self._granted = granted
        self._sent = 0

    @property
    def granted(self) -> int:
        """The largest count ever granted."""
        return self._granted

    @property
    def sent(self) -> int:
        """Samples sent so far, which is the index of the next one."""
        return self._sent

    @property
    def available(self) -> int:
        """Samples that may be sent now."""
        return self._granted - self._sent

    def grant(self, upto: int) -> None:
        """Allow the samples below `upto`; a smaller count than before changes nothing."""
        self._granted = max(self._granted, upto)

    def spend(self, num_samples: int) -> None:
        """Count `num_samples` as sent.

        Raises:
            LocalProtocolError: fewer are available; nothing was counted.
        """
        if not 0 <= num_samples <= self.available:
            raise LocalProtocolError(f"{num_samples} samples against {self.available} of credit")
        self._sent += num_samples
