"""What the library carries from one text into the next, put back so that nothing is carried.

Three counters run on from call to call: the place in the table that lets the pitch flutter, the
count of glottal cycles, the phase of the Klatt synthesiser; and the gain that follows an overload.
The library has no call to set them and they are private, so they are found through the symbol table
of its file. Where there is none (another platform, a stripped build) a text sounds a few samples
different each time, and nothing else is lost.
"""

import ctypes
import struct
from collections.abc import Iterator
from pathlib import Path

#: Private integers by name, and their value in a library just loaded.
_FRESH = {"Flutter_ix": 0, "cycle_count": 0, "agc": 256, "time_count": 0}
#: A function that is public too: its address tells where the file lies in memory.
_ANCHOR = "espeak_Synth"
#: The same noise for every text.
_SEED = 1

_ELF64_LITTLE = b"\x7fELF\x02\x01"
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOL_TABLE = 2
_INT_SIZE = 4


class CarriedState:
    """The counters of one loaded library."""

    def __init__(self, library: ctypes.CDLL, path: Path) -> None:
        """Find the counters of the library loaded from `path`."""
        self._library = library
        found = _find(path)
        self._counters: list[tuple[ctypes.c_int, int]] = []
        if found is not None:
            anchor = ctypes.cast(library.espeak_Synth, ctypes.c_void_p).value or 0
            base = anchor - found[_ANCHOR]
            self._counters = [
                (ctypes.c_int.from_address(base + found[name]), fresh)
                for name, fresh in _FRESH.items()
            ]
            # Two variants of voices draw their breath from the C library.
            self._libc = ctypes.CDLL(None)

    @property
    def is_known(self) -> bool:
        """Tell whether the counters were found, so that a text always sounds the same."""
        return bool(self._counters)

    def reset(self) -> None:
        """Put everything back to what it was before the first text."""
        if not self.is_known:
            return
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        self._libc.srand(ctypes.c_uint(_SEED))
        for counter, fresh in self._counters:
            counter.value = fresh


def _find(path: Path) -> dict[str, int] | None:
    """Return the address of every counter and of the anchor in the file, None unless all are."""
    image = path.read_bytes()
    if not image.startswith(_ELF64_LITTLE):
        return None
    wanted = {_ANCHOR, *_FRESH}
    found: dict[str, int] = {}
    for name, address, size in _symbols(image):
        # The compiler numbers what is private to a function: `agc.6035`.
        bare = name.partition(".")[0]
        if bare not in wanted or (bare in _FRESH and size != _INT_SIZE):
            continue
        if found.setdefault(bare, address) != address:
            return None
    return found if found.keys() == wanted else None


def _symbols(image: bytes) -> Iterator[tuple[str, int, int]]:
    (offset,) = struct.unpack_from("<Q", image, 0x28)
    size, count = struct.unpack_from("<HH", image, 0x3A)
    sections = [_SECTION.unpack_from(image, offset + index * size) for index in range(count)]
    for _, kind, _, _, start, length, link, _, _, _ in sections:
        if kind != _SYMBOL_TABLE:
            continue
        strings = sections[link][4]
        for name, _, _, _, value, extent in _SYMBOL.iter_unpack(image[start : start + length]):
            begin = strings + name
            yield image[begin : image.index(b"\0", begin)].decode(), value, extent
