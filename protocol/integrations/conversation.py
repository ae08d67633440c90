"""The speeches of one call: how much of each was played, and so how much was heard."""

from collections.abc import Callable, Iterator

import anyio

from .playout import Playout
from .speech import Speech

#: How often the server is told what was played: many times within the half of a window after which
#: credit is granted anew.
REPORT_S = 0.1
#: Speeches that are made at once: the one that plays, and two behind it so that a short one between
#: leaves no gap. Each holds a call's place at the server.
MAX_MADE = 3
#: Speeches whose text is kept, minutes of talk; whoever has more to say waits.
MAX_SPEECHES = 64


class Conversation:
    """Speeches by their names, which play one after another through one transport."""

    def __init__(self, sample_rate_hz: int, clock: Callable[[], float]) -> None:
        """Begin without a speech; `clock` tells seconds."""
        self._sample_rate_hz = sample_rate_hz
        self._clock = clock
        self._playout = Playout(sample_rate_hz)
        self._speeches: dict[str, Speech] = {}
        self._firm: set[str] = set()
        self._fewer = anyio.Event()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the speeches that were not wholly played."""
        return iter(tuple(self._speeches))

    def get(self, name: str | None) -> Speech | None:
        """Return a speech that was not wholly played."""
        return self._speeches.get(name or "")

    def add(self, name: str, speech: Speech, *, may_be_cut: bool = True) -> None:
        """Take a speech that begins; unless it `may_be_cut`, it plays to its end."""
        self._speeches[name] = speech
        if not may_be_cut:
            self._firm.add(name)

    async def wait_room(self) -> None:
        """Wait until one more speech may be taken."""
        while len(self._speeches) >= MAX_SPEECHES:
            await self._fewer.wait()

    async def wait_turn(self, name: str) -> bool:
        """Wait until few speeches play before this one; return whether it is still to be made."""
        while name in tuple(self._speeches)[MAX_MADE:]:
            await self._fewer.wait()
        return name in self._speeches

    def push(self, name: str | None, samples: int) -> None:
        """Note that the transport was given `samples` more of a speech."""
        if name is not None and name in self._speeches:
            self._playout.push(name, samples, self._clock())

    def transport_started(self) -> None:
        """Note that the transport begins to play."""
        self._playout.started(self._clock())

    def transport_stopped(self) -> None:
        """Note that the transport plays nothing more for now."""
        self._playout.stopped(self._clock())

    def plays_at_s(self, name: str, at_s: float) -> float:
        """Return when, by the clock, `at_s` seconds of the speech being pushed will be played."""
        now_s = self._clock()
        return now_s + self._playout.delay_s(name, round(at_s * self._sample_rate_hz), now_s)

    async def follow(self, name: str, speech: Speech, lives: Callable[[], None]) -> bool:
        """Report what is played until all was, and return `True`, or `False` if it was cut.

        Call `lives` each time: there may be no audio for long, while text is written or waits.
        """
        played = 0
        while not speech.is_over or played < speech.samples:
            await anyio.sleep(REPORT_S)
            if self._speeches.get(name) is not speech:
                return False
            played = self._playout.played(name, self._clock())
            speech.report_played(played)
            lives()
        self._forget(name)
        return True

    def cut(self, name: str) -> tuple[Speech, int] | None:
        """Take a speech out whose rest nobody will hear; return it and the samples played."""
        speech = self._speeches.get(name)
        if speech is None or name in self._firm:
            return None
        played = self._playout.played(name, self._clock())
        self._forget(name)
        return speech, played

    def _forget(self, name: str) -> None:
        self._playout.forget(name)
        self._firm.discard(name)
        del self._speeches[name]
        self._fewer.set()
        self._fewer = anyio.Event()
