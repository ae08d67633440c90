"""Encoded references by content, those that were used last."""

from collections import OrderedDict

from engine.cloning import EncodedReference


class ReferenceCache:
    """Holds at most `max_bytes` of codes and texts."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._entries: OrderedDict[str, EncodedReference] = OrderedDict()

    @property
    def num_bytes(self) -> int:
        """The bytes that it holds."""
        return self._num_bytes

    def get(self, digest: str) -> EncodedReference | None:
        """Return what is held under `digest`; it counts as used."""
        found = self._entries.get(digest)
        if found is not None:
            self._entries.move_to_end(digest)
        return found

    def put(self, digest: str, reference: EncodedReference) -> None:
        """Hold one more, and forget those that were not used for the longest time."""
        replaced = self._entries.pop(digest, None)
        self._num_bytes += _size(reference) - (0 if replaced is None else _size(replaced))
        self._entries[digest] = reference
        while self._num_bytes > self._max_bytes:
            _, forgotten = self._entries.popitem(last=False)
            self._num_bytes -= _size(forgotten)


def _size(reference: EncodedReference) -> int:
    return reference.codes.nbytes + len(reference.text.encode())
