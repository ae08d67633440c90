"""How many rows a device has memory for at a time, where that runs out."""

from collections.abc import Callable

#: So many times in a row there must have been memory before more rows are tried again: a try in
#: vain costs about as much as one that is not, so it may be one in a hundred.
_TRIED_AFTER = 100
#: Whoever else fills the device, as a reference that is encoded beside, is done by then. Later
#: nothing that waits will help, and rows fail rather than wait for ever.
PATIENCE_S = 10.0
#: What rows fail with.
NO_MEMORY = "the device has no memory for a single row"


class Width:
    """The most rows that are computed together: half of what was too much, and slowly more again.

    What is too much is no sequence's fault: there would be no more memory if one gave up its keys
    and values, which lie in a tensor of their own.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        """Begin with `most` rows. `clock` counts seconds."""
        self._most = most
        self._clock = clock
        self._num_good = 0
        #: When a row alone was too much for the first time since anything was computed.
        self._alone_s: float | None = None
        self.num_rows = most

    @property
    def is_hopeless(self) -> bool:
        """Tell whether there has been no memory for a row alone for `PATIENCE_S`."""
        return self._alone_s is not None and self._clock() - self._alone_s >= PATIENCE_S

    def narrow(self, num_rows: int) -> None:
        """Take note that there was no memory for `num_rows`."""
        self._num_good = 0
        self.num_rows = max(num_rows // 2, 1)
        if num_rows == 1 and self._alone_s is None:
            self._alone_s = self._clock()

    def widen(self) -> None:
        """Take note that there was memory."""
        self._alone_s = None
        if self.num_rows == self._most:
            return
        self._num_good += 1
        if self._num_good == _TRIED_AFTER:
            self._num_good = 0
            self.num_rows = min(2 * self.num_rows, self._most)
