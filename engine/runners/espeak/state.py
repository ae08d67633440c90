"""What the library carries from one text into the next, put back so that nothing is carried.

From call to call run on: the place in the table that lets the pitch flutter, the count of glottal
cycles, the side of the wave the last one ended on, the gain that follows an overload, and all of
the Klatt synthesiser. The library has no call to set them and they are private, so they are found
through the symbol table of its file. Where there is none (another platform, a stripped build) a
text sounds a few samples different each time, and nothing else is lost.

What is left, of every voice and variant tried on mixed scripts: the last 40 ms of a few texts in
the Klatt variant `UniRobot`.
"""

import ctypes
import struct
from collections.abc import Iterator

#: Private variables by name.
_CARRIED = ("Flutter_ix", "cycle_count", "wave_flag", "agc", "time_count", "kt_globals")
#: A function that is public too: its address tells where the file lies in memory.
_ANCHOR = "espeak_Synth"
#: The same noise for every text.
_SEED = 1

_ELF64_LITTLE = b"\x7fELF\x02\x01"
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOL_TABLE = 2


class CarriedState:
    """The carried variables of one loaded library."""

    def __init__(self, library: ctypes.CDLL, path: str) -> None:
        """Find the variables of the library loaded from `path`, which has not spoken yet."""
        self._library = library
        found = _find(path)
        self._fresh: list[tuple[int, bytes]] = []
        if found is not None:
            anchor = ctypes.cast(library.espeak_Synth, ctypes.c_void_p).value or 0
            base = anchor - found[_ANCHOR][0]
            places = [(base + found[name][0], found[name][1]) for name in _CARRIED]
            self._fresh = [(place, ctypes.string_at(place, size)) for place, size in places]
            # Two variants of voices draw their breath from the C library.
            self._libc = ctypes.CDLL(None)

    @property
    def is_known(self) -> bool:
        """Tell whether the variables were found, so that a text always sounds the same."""
        return bool(self._fresh)

    def reset(self) -> None:
        """Put everything back to what it was before the first text."""
        if not self.is_known:
            return
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        self._libc.srand(ctypes.c_uint(_SEED))
        for place, fresh in self._fresh:
            ctypes.memmove(place, fresh, len(fresh))


def _find(path: str) -> dict[str, tuple[int, int]] | None:
    """Return address and size of each variable and of the anchor in the file, None unless all."""
    with open(path, "rb") as file:  # noqa: PTH123 pathlib costs the start of the process 5 ms
        image = file.read()
    if not image.startswith(_ELF64_LITTLE):
        return None
    wanted = {_ANCHOR, *_CARRIED}
    found: dict[str, tuple[int, int]] = {}
    for name, address, size in _symbols(image):
        # The compiler numbers what is private to a function: `agc.6035`.
        bare = name.partition(".")[0]
        if bare in wanted and found.setdefault(bare, (address, size)) != (address, size):
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
